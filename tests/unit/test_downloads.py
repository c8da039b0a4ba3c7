"""Downloads: where from, where to, how long, and what is said about it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.downloads import Files, deadline, directory_of
from tests.unit.stacks import codes, found, planned

R1 = {
    "models.chat.model": "deepseek-ai/DeepSeek-R1",
    "pools.gpu": {"instanceType": "PNV6.96XLARGE2304", "kind": "ordinary"},
}


def _files(repository: str = "org/name", **chosen: Any) -> Files:
    return Files("modelscope", repository, chosen.pop("revision", None), 0, **chosen)


def test_a_download_comes_from_modelscope_and_lies_under_model_and_revision():
    download = planned({"models.chat.revision": "v1.2"}).models["chat"].download
    assert download.source == "modelscope"
    assert download.directory == "deepseek-ai--DeepSeek-R1-Distill-Qwen-7B@v1.2"
    assert download.marker.startswith(download.directory + "/")


def test_another_revision_or_choice_of_files_lies_elsewhere():
    chosen = [
        _files(),
        _files(revision="v2"),
        _files(revision="refs/pr/1"),
        _files(revision="refs-pr-1"),
        _files(include=("*.json",)),
        _files(exclude=("*.json",)),
    ]
    places = [directory_of(files) for files in chosen]
    assert len(set(places)) == len(places)
    assert directory_of(_files("org/other")) not in places


@given(st.text(min_size=1, max_size=40), st.from_regex(r"\A[A-Za-z0-9_]([A-Za-z0-9_+-]|[./][A-Za-z0-9_+-]){0,40}\Z"))
def test_a_directory_is_one_safe_component_whatever_the_names(repository: str, revision: str):
    directory = directory_of(_files(repository, revision=revision))
    assert "/" not in directory
    assert directory not in {".", ".."}
    assert all(letter.isascii() and (letter.isalnum() or letter in "._@-") for letter in directory)


def test_a_wider_gateway_makes_a_shorter_download_until_the_store_is_the_limit():
    seconds = [planned({"network.nat": {"bandwidth": mbps}}).models["chat"].download.seconds for mbps in (100, 200)]
    assert seconds[0] == pytest.approx(2 * seconds[1])
    widest = planned({"network.nat": {"bandwidth": 5000}})
    download = widest.models["chat"].download
    assert download.seconds == pytest.approx(download.bytes / 1e6 / widest.storage.write_mbps)


def test_two_downloads_share_the_gateway():
    alone = planned().models["chat"].download
    second = {"models.more": {"model": "Qwen/Qwen2.5-0.5B-Instruct", "pool": "gpu"}, "pools.gpu.nodes": 2}
    shared = planned({**second, "models.chat.pool": "gpu"}).models["chat"].download
    assert shared.seconds == pytest.approx(2 * alone.seconds)


def test_642_gb_at_100_mbps_take_half_a_day_and_the_fix_brings_them_under_four_hours():
    plan = planned(R1)
    finding = found(plan, "DOWNLOAD_SLOW")
    assert 12 * 3600 < plan.models["chat"].download.seconds < 20 * 3600
    assert finding.path == "network.nat"
    faster = planned({**R1, **dict(finding.fix)})
    assert "DOWNLOAD_SLOW" not in codes(faster)
    assert faster.models["chat"].download.seconds < 4 * 3600


def test_a_job_is_given_more_time_than_the_estimate_and_more_with_each_retry():
    assert deadline(1000, 0) > 1000
    assert deadline(1000, 6) > deadline(1000, 0)


def test_a_token_is_used_for_hugging_face_only():
    hub = {"models.chat.source": "huggingface"}
    assert planned(hub, secrets=("hfToken",)).models["chat"].download.needs_token
    assert not planned(hub).models["chat"].download.needs_token
    assert not planned(secrets=("hfToken",)).models["chat"].download.needs_token


def test_a_gated_model_needs_a_token():
    gated = {"models.chat.model": "meta-llama/Llama-3.1-8B-Instruct", "models.chat.source": "huggingface"}
    assert found(planned(gated), "GATED_WITHOUT_TOKEN").severity == "error"
    assert "GATED_WITHOUT_TOKEN" not in codes(planned(gated, secrets=("hfToken",)))


def test_hugging_face_is_doubted_on_the_mainland_only_and_not_through_a_mirror():
    hub: dict[str, object] = {"models.chat.source": "huggingface"}
    assert "HUGGINGFACE_FROM_MAINLAND" in codes(planned(hub))
    abroad = planned({**hub, "network.zones": ["ap-singapore-2"]}, region="ap-singapore")
    assert "HUGGINGFACE_FROM_MAINLAND" not in codes(abroad)
    mirrored = planned({**hub, "models.chat.download": {"endpoint": "https://hf.example.com"}})
    assert "HUGGINGFACE_FROM_MAINLAND" not in codes(mirrored)
    assert mirrored.models["chat"].download.endpoint == "https://hf.example.com"


def test_a_floating_revision_is_noted_and_a_pinned_one_is_not():
    assert found(planned(), "REVISION_FLOATING").severity == "note"
    assert "REVISION_FLOATING" not in codes(planned({"models.chat.revision": "4dd0a2f"}))


def test_an_ollama_model_comes_from_its_own_registry():
    plan = planned({"models.chat": {"model": "deepseek-r1:7b", "engine": "ollama"}})
    download = plan.models["chat"].download
    assert (download.source, download.repository) == ("ollama", "deepseek-r1:7b")
    assert "REVISION_FLOATING" not in codes(plan)
