"""What can be wrong with a model's id and number format, and with what names other parts of the stack file."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, note, warning


@error(
    meaning="The catalogue has no such model, so its memory and context cannot be computed.",
    example="models: {chat: {model: deepseek-ai/DeepSeek-R1-Distil-Qwen-7B}}",
    fix="Use the id that is suggested, or describe the model under `architecture`.",
    source="catalog/data/models",
    forceable=False,
)
def unknown_model(*, model: str, near: str | None, architecture_path: str) -> Text:
    describe = f"describe it under {architecture_path} (`tke-llm model add` reads a config.json)"
    return Text(
        message=f"The catalogue has no model {model!r}, so its memory and context cannot be computed.",
        remedy=f"Use {near}, or {describe}." if near else f"{describe[0].upper()}{describe[1:]}.",
        given=model,
        allowed="a model of the catalogue (`tke-llm fit --all` lists them), or any model with its `architecture`",
        fix=(("", near),) if near else (),
    )


@error(
    meaning="The model makes embeddings or ranks documents, and is asked to chat. It would never answer on the page.",
    example="models: {chat: {model: BAAI/bge-m3, task: chat}}",
    fix="Leave task out, or use a chat model.",
    source='catalog/data/models (kind); vLLM documentation, "pooling models"',
    forceable=False,
)
def model_not_chat(*, model: str, kind: str, task: str) -> Text:
    """`kind`: what it is, with its article; `task`: what it is for."""
    return Text(
        message=f"{model} is {kind}, which does not chat: it would never answer on the page.",
        remedy=f"Leave task out, which is {task} then, or use a chat model.",
        given="chat",
        allowed=task,
        fix=(("", None),),
    )


@warning(
    meaning="The model's id in Ollama's library names no tag, or `latest`, which goes over to other files.",
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\n"
    'models: {chat: {engine: ollama, model: "qwen3:latest"}}',
    fix="Name the tag.",
    source="catalog/data/ollama.yaml (latest); docs.ollama.com/api (a name without a tag means latest)",
)
def tag_moves(*, model: str, pinned: str) -> Text:
    """`pinned`: what it stood for when somebody looked."""
    return Text(
        message=f"{model} goes over to other files in time; it was {pinned}, whose size was reckoned with.",
        remedy=f"Name the tag: {pinned}.",
        given=model,
        allowed=pinned,
        fix=(("", pinned),),
    )


@error(
    meaning="The engine cannot serve this model for the requested `task`.",
    example="models: {reranker: {model: Qwen/Qwen3-8B, task: rerank}}",
    fix="Leave task out, or use a model that was trained for it.",
    source="vllm 0.29.0, config/model.py (a generative model is converted to embed; to classify it takes a head that "
    "only its files have); SGLang documentation, embedding and rerank models; Ollama's API",
)
def task_not_for_model(*, model: str, kind: str, task: str, title: str, able: Iterable[str]) -> Text:
    """`kind`: what the model is, with its article; `able`: the tasks that the engine serves it for."""
    return Text(
        message=f"{model} is {kind}, and {title} does not serve it for {task}.",
        remedy="Leave task out, or use a model that was trained for it.",
        given=task,
        allowed=", ".join(able),
        fix=(("", None),),
    )


@warning(
    meaning="`task` is something else than the model was trained for; the engine serves it so nevertheless.",
    example="models: {vectors: {model: Qwen/Qwen3-8B, task: embed}}",
    fix="Use a model that was trained for it, unless you know how this one does.",
    source="vllm 0.29.0, model_executor/models/adapters.py (as_embedding_model); its scoring API compares the vectors "
    "of an embedding model",
)
def task_untrained(*, model: str, kind: str, task: str, title: str) -> Text:
    """`kind`: what the model is, with its article."""
    return Text(
        message=f"{model} is {kind}: {title} makes it answer {task} requests, but it was not trained for them.",
        remedy="Use a model that was trained for it, unless you know how this one does.",
        given=task,
    )


@warning(
    meaning="The catalogue does not know the size of this tag; it is estimated from the usual build of the model and "
    "the bits that the tag names.",
    example='models: {chat: {engine: ollama, model: "qwen3:8b-q8_0"}}',
    fix="Look the size up in Ollama's library, and describe the model under `architecture` where it differs.",
    source="catalog/data/ollama.yaml; llama.cpp, examples/quantize/README.md (bits a weight)",
)
def size_estimated(*, model: str, gib: float) -> Text:
    return Text(
        message=f"The size of {model} is not known; by the usual build of the model it is about {gib:.1f} GiB.",
        remedy="Look it up at ollama.com/library before you rely on it.",
        given=model,
    )


@error(
    meaning="Ollama is to serve a model under an id that its registry does not use.",
    example="models: {chat: {engine: ollama, model: deepseek-ai/DeepSeek-R1-Distill-Qwen-7B}}",
    fix="Give the model's `name:tag`, such as deepseek-r1:7b.",
    source="ollama.com/library",
    forceable=False,
)
def ollama_needs_its_own_id(
    *, model: str, title: str, library: str | None, known: str | None, other: tuple[str, str], engine_path: str
) -> Text:
    """`title` is the engine's name in a sentence, `known` the id of the same model in its registry, `other` the name
    and title of another engine."""
    name, other_title = other
    return Text(
        message=f"{title} serves models of its own registry, called `name:tag`; {model!r} is not one of them.",
        remedy=f"Use {known}."
        if known
        else f"Use {other_title}, or give the model's `name:tag` with its `architecture`.",
        given=model,
        allowed=f"a `name:tag` of {library}",
        fix=(("", known),) if known else ((engine_path, name),),
    )


@error(
    meaning="vLLM or SGLang is to serve a `name:tag` of Ollama's registry.",
    example='models: {chat: {model: "deepseek-r1:7b"}}',
    fix="Give the Hugging Face or ModelScope id, or set engine to ollama.",
    source="vLLM and SGLang read repositories of safetensors files.",
    forceable=False,
)
def ollama_id_on_another_engine(*, model: str, engine: str, own: str, other: tuple[str, str], engine_path: str) -> Text:
    """`own` is the model's id outside the registry of `other`, the name and title of the engine that reads it."""
    name, title = other
    return Text(
        message=f"{model!r} is an id of {title}'s registry, which {engine} does not read.",
        remedy=f"Use {own}, or set {engine_path} to {name}.",
        given=model,
        allowed="a Hugging Face or ModelScope id",
        fix=(("", own),),
    )


@error(
    meaning="bfloat16 is requested on a GPU that has none (compute capability below 8.0).",
    example="pools: {gpu: {instanceType: GN7.10XLARGE160}}    # T4\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, dtype: bfloat16}}",
    fix="Set dtype to half, or leave it out.",
    source='vLLM issues 946 and 1157; the guide\'s FAQ ("Bfloat16 is only supported on GPUs …")',
)
def bf16_unsupported(*, dtype: str, gpu: str, capability: float) -> Text:
    return Text(
        message=f"bfloat16 needs compute capability 8.0; {gpu} has {capability}.",
        remedy="Set dtype to half, or leave it out.",
        given=dtype,
        allowed="auto, half, float16, float32",
        fix=(("", "half"),),
    )


@error(
    meaning="Half precision is all the GPU has, or what is requested, and the model's numbers overflow in it.",
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\nmodels: {chat: {model: google/gemma-3-4b-it}}",
    fix="Use a GPU with bfloat16, or float32, which takes twice the memory.",
    source="vLLM refuses float16 for these model types; catalog/data/models (float16)",
)
def float16_unsupported(*, model: str, dtype: str, gpu: str, bf16: bool) -> Text:
    """`bf16`: the GPU computes in bfloat16."""
    return Text(
        message=f"{model} overflows in half precision, so the engines refuse it; {gpu} "
        + ("has bfloat16." if bf16 else "has no bfloat16 either."),
        remedy="Set dtype to bfloat16." if bf16 else "Set dtype to float32 (twice the memory).",
        given=dtype,
        allowed="bfloat16, float32" if bf16 else "float32",
        fix=(("", "bfloat16" if bf16 else "float32"),),
    )


@error(
    meaning="The engine has no kernels for the model's kind of attention on the GPU.",
    example="pools: {gpu: {instanceType: GT4.41XLARGE948}}    # 8 x A100\n"
    "models: {chat: {model: deepseek-ai/DeepSeek-V3.2}}",
    fix="Use a newer GPU, or another model.",
    source="catalog/data/attention.yaml",
)
def attention_unsupported(
    *, model: str, what: str, engine: str, gpu: str, capability: float, least: float, verified: bool
) -> Text:
    """`what` names the kind of attention."""
    return Text(
        message=f"{model} uses {what}; {engine} has kernels for it from compute capability {least} on, and {gpu} has "
        f"{capability}.",
        remedy="Use a newer GPU, or another model.",
        given=model,
        allowed=f"compute capability {least} or newer",
        severity=None if verified else "warning",
    )


@error(
    meaning="The weights are fp8, or are to be quantised to fp8, and the GPU has no kernels for it.",
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, quantization: fp8}}",
    fix="Use 16-bit weights, or a newer GPU.",
    source="vLLM documentation, quantisation, supported hardware",
)
def fp8_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    """`at_load`: the engine was to quantise as it loads; so for the formats below."""
    return _unreadable(model, stored, gpu, f"it has no fp8 kernels for compute capability {capability}", at_load)


@error(
    meaning="The weights are AWQ, and the GPU is older than compute capability 7.5.",
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\nmodels: {chat: {model: Qwen/Qwen3-8B-AWQ}}",
    fix="Use 16-bit weights or GPTQ, or a newer GPU.",
    source="vLLM documentation, quantisation, supported hardware",
)
def awq_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(model, stored, gpu, f"the AWQ kernels need 7.5, it has compute capability {capability}", at_load)


@error(
    meaning="The weights are GPTQ, and the GPU has no kernels for it.",
    example="models: {chat: {model: Qwen/Qwen3.5-122B-A10B-GPTQ-Int4}}    # on a GPU of compute capability 6.1",
    fix="Use another format, or another GPU.",
    source="vLLM documentation, quantisation, supported hardware",
)
def gptq_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(model, stored, gpu, f"it has no GPTQ kernels for compute capability {capability}", at_load)


@error(
    meaning="The weights are int8, and the GPU is older than compute capability 7.5.",
    example="models: {chat: {model: someone/int8-model, architecture: {format: int8, …}}}    # on a V100",
    fix="Use 16-bit weights, or a newer GPU.",
    source="vLLM documentation, quantisation, supported hardware (INT8 W8A8 from Turing on)",
)
def int8_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(model, stored, gpu, f"int8 kernels need 7.5, it has compute capability {capability}", at_load)


@error(
    meaning="The weights are mxfp4 on a GPU below compute capability 8.0, or nvfp4 on one without Marlin kernels.",
    example="pools: {gpu: {instanceType: GN7.10XLARGE160}}    # T4\nmodels: {chat: {model: openai/gpt-oss-20b}}",
    fix="Use a GPU of compute capability 8.0 or newer, or Ollama.",
    source="catalog/data/gpus.yaml (mxfp4, marlin); vLLM issue 23203",
)
def fp4_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    least = "8.0" if stored == "mxfp4" else "7.5"
    why = f"the kernels of {stored} need {least}, it has compute capability {capability}"
    return _unreadable(model, stored, gpu, why, at_load)


def _unreadable(model: str, stored: str, gpu: str, why: str, at_load: bool) -> Text:
    return Text(
        message=f"{model} in {stored} does not run on {gpu}: {why}.",
        remedy="Leave quantization out." if at_load else "Use another format of the model, or another GPU.",
        given=stored if at_load else model,
        allowed="formats that the GPU reads",
        fix=(("", None),) if at_load else (),
    )


@error(
    meaning="The model's attention has a cache of one type only in this engine, and another is requested.",
    example="models: {chat: {model: deepseek-ai/DeepSeek-V4-Flash, kvCacheDtype: bfloat16}}",
    fix="Use that type, or leave kvCacheDtype out.",
    source="catalog/data/model_arguments.yaml",
)
def kv_cache_of_model(*, model: str, dtype: str, needed: str) -> Text:
    return Text(
        message=f"{model} has a cache in {needed} only, and its server would end at {dtype}.",
        remedy=f"Set kvCacheDtype to {needed}, or leave it out.",
        given=dtype,
        allowed=needed,
        fix=(("", needed),),
    )


@error(
    meaning="The KV cache cannot have the type that is requested: the GPU has no kernels for it, or the model's "
    "attention or weights rule it out. A warning where no source says.",
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\n"
    "models: {chat: {model: Qwen/Qwen2.5-1.5B-Instruct, kvCacheDtype: fp8}}",
    fix="Leave kvCacheDtype out: the cache then has the type of the computation.",
    source="vLLM 0.29.0, v1/attention/backends; vLLM PR 24577, issue 26431; SGLang's documentation, quantized KV cache",
)
def kv_cache_unsupported(*, model: str, dtype: str, title: str, gpu: str, capability: float, sure: bool) -> Text:
    """`sure`: it is known not to run."""
    where = f"a cache in {dtype} for {model} on {gpu} (compute capability {capability})"
    return Text(
        message=f"{title} has no kernel that keeps {where}."
        if sure
        else f"No source says that {title}'s release keeps {where}.",
        remedy="Leave kvCacheDtype out: the cache then has the type of the computation.",
        given=dtype,
        fix=(("", None),),
    )


@note(
    meaning="The GPU stores the small format but computes in 16 bits, so memory is saved and time is not.",
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116}}    # A10\nmodels: {chat: {model: Qwen/Qwen3-8B-FP8}}",
    fix="Nothing to do; an L20 or newer has fp8 arithmetic.",
    source="vLLM documentation, quantisation, supported hardware (W8A16 by Marlin)",
    when="asked",
)
def weight_only_quantization(*, stored: str, gpu: str) -> Text:
    return Text(
        message=f"{gpu} has no {stored} arithmetic: the weights stay small, but it computes in 16 bits.",
        remedy="Expect the memory of the small format at the speed of 16 bits.",
        given=stored,
    )


@warning(
    meaning="GPTQ weights run by slow kernels on GPUs older than compute capability 7.5.",
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4}}",
    fix="Use 16-bit weights where memory allows.",
    source="vLLM PR 29901 (Marlin for 7.5); catalog/data/gpus.yaml (marlin)",
)
def slow_quantization(*, stored: str, gpu: str) -> Text:
    return Text(
        message=f"{gpu} is too old for the fast (Marlin) kernels of {stored}; the slow ones serve.",
        remedy="Use 16-bit weights where memory allows.",
        given=stored,
    )


@error(
    meaning="`quantization` names another format than the weights have.",
    example="models: {chat: {model: Qwen/Qwen3-8B, quantization: awq}}",
    fix="Leave quantization out, or name a repository with such weights.",
    source="Engines read awq and gptq from files only; fp8 and bitsandbytes also quantise plain weights at load.",
)
def quantization_mismatch(*, model: str, stored: str, asked: str, readable: Sequence[str]) -> Text:
    """`readable`: what the engine could make of weights that are `stored` so."""
    return Text(
        message=f"The weights of {model} are {stored}; the engine cannot read them as {asked}.",
        remedy="Leave quantization out, or name a repository that holds such weights.",
        given=asked,
        allowed=", ".join(readable),
        fix=(("", None),),
    )


@error(
    meaning="The model's files, or its `architecture.format`, are in a format that the engine does not read.",
    example="models: {chat: {model: Qwen/Qwen3-8B-GGUF}}    # on vLLM",
    fix="Use another engine, or another format of the model.",
    source="planner/engines (the formats of each engine, with their sources)",
    forceable=False,
)
def format_not_read(*, model: str, format_: str, engine: str, readable: Sequence[str], own: str | None = None) -> Text:
    """`own`: where the same model lies in a format that the engine reads."""
    formats = ", ".join(readable)
    return Text(
        message=f"{engine} does not read {format_} files, and those of {model} are such.",
        remedy=f"Use {own}, or another engine." if own else f"Use a repository in {formats}, or another engine.",
        given=format_,
        allowed=formats,
        fix=(("", own),) if own else (),
    )


@error(
    meaning="The image's release cannot quantise by this method as it loads weights, nor read weights in it.",
    example="models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, quantization: bitsandbytes}}    # vLLM 0.28.0 and later",
    fix="Leave quantization out, use fp8, or name an older image.",
    source="vllm PR 43529 (bitsandbytes became a plugin, which images from 0.28.0 on lack); catalog/data/images.yaml",
)
def quantization_not_in_image(*, method: str, engine: str, at_load: bool, readable: Sequence[str]) -> Text:
    """`readable`: the methods by which the release quantises; `at_load`: it was to, else the files are in it."""
    if not at_load:
        return Text(
            message=f"This release of {engine} no longer reads weights in {method}.",
            remedy="Use another format of the model, or name an older image.",
            given=method,
        )
    return Text(
        message=f"This release of {engine} no longer quantises by {method} as it loads weights.",
        remedy=f"Use {readable[0]}, or leave quantization out." if readable else "Leave quantization out.",
        given=method,
        allowed=", ".join(readable),
        fix=(("", None),),
    )


@error(
    meaning="A model names a pool that is not defined.",
    example="models: {chat: {pool: gpus}}",
    fix="Use the name that is suggested, or define the pool.",
    source="planner/model/check.py",
    forceable=False,
)
def unknown_pool(*, pool: str, near: str | None, pools: Iterable[str]) -> Text:
    return Text(
        message=f"There is no pool called {pool}.",
        remedy=f"Use {near}, or define pools.{pool}." if near else f"Use one of the list, or define pools.{pool}.",
        given=pool,
        allowed=", ".join(pools),
        fix=(("", near),) if near else (),
    )


@error(
    meaning="There are several pools, and a model does not say which it runs on.",
    example="models: {chat: {model: Qwen/Qwen3-8B}}   # with two pools",
    fix="Set the model's pool.",
    source="planner/model/check.py",
    forceable=False,
)
def pool_not_named(*, model: str, path: str, pools: Sequence[str]) -> Text:
    return Text(
        message=f"There are {len(pools)} pools, and model {model} does not say which it runs on.",
        remedy=f"Set {path} to one of {', '.join(pools)}.",
        allowed=", ".join(pools),
    )


@error(
    meaning="There is an API key for a model that is not defined, so the key would protect nothing.",
    example="pulumi config set --secret --path tke-llm:apiKeys.chta …",
    fix="Name it after a model, or remove it.",
    source="planner/model/check.py",
)
def api_key_without_model(*, model: str, near: str | None, models: Iterable[str]) -> Text:
    return Text(
        message=f"There is an API key for {model}, but no model of that name.",
        remedy=f"Name it {near}." if near else "Remove the key, or name it after a model.",
        given=model,
        allowed=", ".join(models),
    )


@warning(
    meaning="A secret is set that nothing uses.",
    example="pulumi config set --secret tke-llm:kubeconfig …   # without cluster.existing",
    fix="Set what it belongs to, or remove it.",
    source="planner/model/check.py",
)
def secret_unused(*, secret: str, why: str, where: str) -> Text:
    """`where`: the setting that would make use of it."""
    return Text(
        message=f"The secret {secret} is set, but {why}.",
        remedy=f"Set {where}, or run `pulumi config rm tke-llm:{secret}`.",
    )


@error(
    meaning="An environment variable that carries a secret is set in clear.",
    example="models: {chat: {env: {HF_TOKEN: hf_…}}}",
    fix="Use the top-level secret that is named.",
    source="docs/security.md (no secret is written anywhere in clear)",
    forceable=False,
    rules=("SECRET_IN_CLEAR",),
)
def secret_in_env(*, variable: str, secret: str) -> Text:
    """`secret`: the top-level key that it belongs in, "" where it is generated."""
    return Text(
        message=f"{variable} carries a secret, and env is kept in clear.",
        remedy=f"Remove it and run `pulumi config set --secret tke-llm:{secret}`."
        if secret
        else "Remove it: one is generated and kept sealed.",
        allowed=f"the secret tke-llm:{secret}" if secret else "",
        fix=(("", None),),
    )


@error(
    meaning="Single sign-on is set up without its client secret.",
    example="webui: {oidc: {providerUrl: https://id.example.com, clientId: chat}}",
    fix="`pulumi config set --secret tke-llm:oidcClientSecret`",
    source="Open WebUI documentation, OAUTH_CLIENT_SECRET",
)
def oidc_without_secret() -> Text:
    return Text(
        message="Single sign-on needs the client secret, which is not set.",
        remedy="Run `pulumi config set --secret tke-llm:oidcClientSecret`.",
    )


@warning(
    meaning="A price is given of a machine that no pool uses and the catalogue does not know.",
    example="prices: {PNV4.7XLARGE117: 12}",
    fix="Use the name that is suggested, or remove it.",
    source="catalog/data/machines.yaml",
)
def price_of_unknown_machine(*, machine: str, price: float, near: str | None, near_path: str) -> Text:
    """`near`, whose price would stand at `near_path`, has none yet."""
    return Text(
        message=f"There is a price of {machine}, which no pool uses and the catalogue does not know.",
        remedy=f"Use {near}." if near else "Remove it.",
        given=machine,
        fix=(("", None), *(((near_path, price),) if near else ())),
    )


@error(
    meaning="Tencent Cloud does not take this tag.",
    example="tags: {project: chat}",
    fix="Use another key, or a shorter key or value.",
    source="Tencent Cloud document 651/13354",
)
def tag_not_allowed(*, key: str, value: str, reserved: Sequence[str], longest_key: int, longest_value: int) -> Text:
    """`reserved`: beginnings of keys that Tencent Cloud keeps for itself."""
    kept = key.lower().startswith(tuple(reserved))
    return Text(
        message="Tencent Cloud keeps keys that begin so for itself." if kept else "The tag is too long.",
        remedy="Use another key, or remove it." if kept else "Shorten it, or remove it.",
        given=f"{key}: {value}" if kept else f"{len(key)} and {len(value)} characters",
        allowed=f"at most {longest_key} characters in the key, {longest_value} in the value; not {tuple(reserved)}",
        fix=(("", None),),
    )
