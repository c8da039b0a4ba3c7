"""Downloads from each source, and what another model does to the one that is served."""

from tests.components.whole_stack import DEPLOYMENT, DOWNLOAD, JOB, annotations, environment, named, pod, up

QWEN = "Qwen/Qwen2.5-7B-Instruct"


def test_from_hugging_face_with_a_token_a_revision_and_a_mirror() -> None:
    made = up(
        {
            "models.chat.source": "huggingface",
            "models.chat.revision": "v2",
            "models.chat.download": {"endpoint": "https://hf-mirror.com", "include": ["*.safetensors", "*.json"]},
        },
        secrets={"hfToken": "hf_sesame"},
    )
    variables = environment(made.one(JOB, DOWNLOAD))
    assert variables["HF_ENDPOINT"] == "https://hf-mirror.com"
    assert variables["MODEL_REVISION"] == "v2"
    assert variables["MODEL_INCLUDE"] == '["*.safetensors", "*.json"]'
    assert variables["HF_TOKEN"]["secretKeyRef"]["key"] == "token"
    assert pod(made.one(JOB, DOWNLOAD))["containers"][0]["command"][0] == "python3"


def test_another_model_is_fetched_by_another_job_into_another_folder() -> None:
    one, other = up().one(JOB, DOWNLOAD), up({"models.chat.model": QWEN}).one(JOB, DOWNLOAD)
    assert one.inputs["metadata"]["name"] != other.inputs["metadata"]["name"]
    assert environment(one)["MODEL_DIRECTORY"] != environment(other)["MODEL_DIRECTORY"]
    assert environment(one)["MODEL_MARKER"] != environment(other)["MODEL_MARKER"]


def test_the_served_model_stays_until_the_other_is_in_the_store() -> None:
    made = up({"models.chat.model": QWEN})
    server = named(made, DEPLOYMENT, "chat")
    assert made.depends(server, made.one(JOB, DOWNLOAD))
    assert server.name == named(up(), DEPLOYMENT, "chat").name
    (waiting,) = pod(server)["initContainers"]
    assert environment(made.one(JOB, DOWNLOAD))["MODEL_MARKER"] in waiting["command"]


def test_what_changes_the_server_alone_leaves_the_download_as_it_is() -> None:
    before, after = up().one(JOB, DOWNLOAD), up({"models.chat.maxModelLen": 4096}).one(JOB, DOWNLOAD)
    assert before.inputs == after.inputs


def test_on_machines_a_download_says_nothing_to_super_nodes() -> None:
    assert not [key for key in annotations(up().one(JOB, DOWNLOAD)) if key.startswith("eks.")]
