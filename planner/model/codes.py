"""What can be wrong with a model's id and number format, and with what names other parts of the stack file."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import joined, tr


@error(
    meaning=tr("The catalogue has no such model, so its memory and context cannot be computed."),
    example="models: {chat: {model: deepseek-ai/DeepSeek-R1-Distil-Qwen-7B}}",
    fix=tr("Use the id that is suggested, or describe the model under `architecture`."),
    source="catalog/data/models",
    forceable=False,
)
def unknown_model(*, model: str, near: str | None, architecture_path: str) -> Text:
    return Text(
        message=tr("The catalogue has no model {model!r}, so its memory and context cannot be computed.", model=model),
        remedy=tr(
            "Use {near}, or describe it under {architecture_path} (`tke-llm model add` reads a config.json).",
            near=near,
            architecture_path=architecture_path,
        )
        if near
        else tr(
            "Describe it under {architecture_path} (`tke-llm model add` reads a config.json).",
            architecture_path=architecture_path,
        ),
        given=model,
        allowed=tr("a model of the catalogue (`tke-llm fit --all` lists them), or any model with its `architecture`"),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr(
        "The model makes embeddings or ranks documents, and is asked to chat. It would never answer on the page."
    ),
    example="models: {chat: {model: BAAI/bge-m3, task: chat}}",
    fix=tr("Leave task out, or use a chat model."),
    source='catalog/data/models (kind); vLLM documentation, "pooling models"',
    forceable=False,
)
def model_not_chat(*, model: str, kind: str, task: str) -> Text:
    """`kind`: what it is, with its article; `task`: what it is for."""
    return Text(
        message=tr(
            "{model} is {kind}, which does not chat: it would never answer on the page.", model=model, kind=kind
        ),
        remedy=tr("Leave task out, which is {task} then, or use a chat model.", task=task),
        given="chat",
        allowed=task,
        fix=(("", None),),
    )


@warning(
    meaning=tr("The model's id in Ollama's library names no tag, or `latest`, which goes over to other files."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\n"
    'models: {chat: {engine: ollama, model: "qwen3:latest"}}',
    fix=tr("Name the tag."),
    source="catalog/data/ollama.yaml (latest); docs.ollama.com/api (a name without a tag means latest)",
)
def tag_moves(*, model: str, pinned: str) -> Text:
    """`pinned`: what it stood for when somebody looked."""
    return Text(
        message=tr(
            "{model} goes over to other files in time; it was {pinned}, whose size was reckoned with.",
            model=model,
            pinned=pinned,
        ),
        remedy=tr("Name the tag: {pinned}.", pinned=pinned),
        given=model,
        allowed=pinned,
        fix=(("", pinned),),
    )


@error(
    meaning=tr("The engine cannot serve this model for the requested `task`."),
    example="models: {reranker: {model: Qwen/Qwen3-8B, task: rerank}}",
    fix=tr("Leave task out, or use a model that was trained for it."),
    source="vllm 0.29.0, config/model.py (a generative model is converted to embed; to classify it takes a head that "
    "only its files have); SGLang documentation, embedding and rerank models; Ollama's API",
)
def task_not_for_model(*, model: str, kind: str, task: str, title: str, able: Iterable[str]) -> Text:
    """`kind`: what the model is, with its article; `able`: the tasks that the engine serves it for."""
    return Text(
        message=tr(
            "{model} is {kind}, and {title} does not serve it for {task}.",
            model=model,
            kind=kind,
            title=title,
            task=task,
        ),
        remedy=tr("Leave task out, or use a model that was trained for it."),
        given=task,
        allowed=", ".join(able),
        fix=(("", None),),
    )


@warning(
    meaning=tr("`task` is something else than the model was trained for; the engine serves it so nevertheless."),
    example="models: {vectors: {model: Qwen/Qwen3-8B, task: embed}}",
    fix=tr("Use a model that was trained for it, unless you know how this one does."),
    source="vllm 0.29.0, model_executor/models/adapters.py (as_embedding_model); its scoring API compares the vectors "
    "of an embedding model",
)
def task_untrained(*, model: str, kind: str, task: str, title: str) -> Text:
    """`kind`: what the model is, with its article."""
    return Text(
        message=tr(
            "{model} is {kind}: {title} makes it answer {task} requests, but it was not trained for them.",
            model=model,
            kind=kind,
            title=title,
            task=task,
        ),
        remedy=tr("Use a model that was trained for it, unless you know how this one does."),
        given=task,
    )


@warning(
    meaning=tr(
        "The catalogue does not know the size of this tag; it is estimated from the usual build of the "
        "model and the bits that the tag names."
    ),
    example='models: {chat: {engine: ollama, model: "qwen3:8b-q8_0"}}',
    fix=tr("Look the size up in Ollama's library, and describe the model under `architecture` where it differs."),
    source="catalog/data/ollama.yaml; llama.cpp, examples/quantize/README.md (bits a weight)",
)
def size_estimated(*, model: str, gib: float) -> Text:
    return Text(
        message=tr(
            "The size of {model} is not known; by the usual build of the model it is about {gib:.1f} GiB.",
            model=model,
            gib=gib,
        ),
        remedy=tr("Look it up at ollama.com/library before you rely on it."),
        given=model,
    )


@error(
    meaning=tr("Ollama is to serve a model under an id that its registry does not use."),
    example="models: {chat: {engine: ollama, model: deepseek-ai/DeepSeek-R1-Distill-Qwen-7B}}",
    fix=tr("Give the model's `name:tag`, such as deepseek-r1:7b."),
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
        message=tr(
            "{title} serves models of its own registry, called `name:tag`; {model!r} is not one of them.",
            title=title,
            model=model,
        ),
        remedy=tr("Use {known}.", known=known)
        if known
        else tr("Use {other_title}, or give the model's `name:tag` with its `architecture`.", other_title=other_title),
        given=model,
        allowed=tr("a `name:tag` of {library}", library=library),
        fix=(("", known),) if known else ((engine_path, name),),
    )


@error(
    meaning=tr("vLLM or SGLang is to serve a `name:tag` of Ollama's registry."),
    example='models: {chat: {model: "deepseek-r1:7b"}}',
    fix=tr("Give the Hugging Face or ModelScope id, or set engine to ollama."),
    source="vLLM and SGLang read repositories of safetensors files.",
    forceable=False,
)
def ollama_id_on_another_engine(*, model: str, engine: str, own: str, other: tuple[str, str], engine_path: str) -> Text:
    """`own` is the model's id outside the registry of `other`, the name and title of the engine that reads it."""
    name, title = other
    return Text(
        message=tr(
            "{model!r} is an id of {title}'s registry, which {engine} does not read.",
            model=model,
            title=title,
            engine=engine,
        ),
        remedy=tr("Use {own}, or set {engine_path} to {name}.", own=own, engine_path=engine_path, name=name),
        given=model,
        allowed=tr("a Hugging Face or ModelScope id"),
        fix=(("", own),),
    )


@error(
    meaning=tr("bfloat16 is requested on a GPU that has none (compute capability below 8.0)."),
    example="pools: {gpu: {instanceType: GN7.10XLARGE160}}    # T4\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, dtype: bfloat16}}",
    fix=tr("Set dtype to half, or leave it out."),
    source='vLLM issues 946 and 1157; the guide\'s FAQ ("Bfloat16 is only supported on GPUs …")',
)
def bf16_unsupported(*, dtype: str, gpu: str, capability: float) -> Text:
    return Text(
        message=tr("bfloat16 needs compute capability 8.0; {gpu} has {capability}.", gpu=gpu, capability=capability),
        remedy=tr("Set dtype to half, or leave it out."),
        given=dtype,
        allowed="auto, half, float16, float32",
        fix=(("", "half"),),
    )


@error(
    meaning=tr("Half precision is all the GPU has, or what is requested, and the model's numbers overflow in it."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\nmodels: {chat: {model: google/gemma-3-4b-it}}",
    fix=tr("Use a GPU with bfloat16, or float32, which takes twice the memory."),
    source="vLLM refuses float16 for these model types; catalog/data/models (float16)",
)
def float16_unsupported(*, model: str, dtype: str, gpu: str, bf16: bool) -> Text:
    """`bf16`: the GPU computes in bfloat16."""
    return Text(
        message=tr(
            "{model} overflows in half precision, so the engines refuse it; {gpu} has bfloat16.", model=model, gpu=gpu
        )
        if bf16
        else tr(
            "{model} overflows in half precision, so the engines refuse it; {gpu} has no bfloat16 either.",
            model=model,
            gpu=gpu,
        ),
        remedy=tr("Set dtype to bfloat16.") if bf16 else tr("Set dtype to float32 (twice the memory)."),
        given=dtype,
        allowed="bfloat16, float32" if bf16 else "float32",
        fix=(("", "bfloat16" if bf16 else "float32"),),
    )


@error(
    meaning=tr("The engine has no kernels for the model's kind of attention on the GPU."),
    example="pools: {gpu: {instanceType: GT4.41XLARGE948}}    # 8 x A100\n"
    "models: {chat: {model: deepseek-ai/DeepSeek-V3.2}}",
    fix=tr("Use a newer GPU, or another model."),
    source="catalog/data/attention.yaml",
)
def attention_unsupported(
    *, model: str, what: str, engine: str, gpu: str, capability: float, least: float, verified: bool
) -> Text:
    """`what` names the kind of attention."""
    return Text(
        message=tr(
            "{model} uses {what}; {engine} has kernels for it from compute capability {least} on, and {gpu} "
            "has {capability}.",
            model=model,
            what=what,
            engine=engine,
            least=least,
            gpu=gpu,
            capability=capability,
        ),
        remedy=tr("Use a newer GPU, or another model."),
        given=model,
        allowed=tr("compute capability {least} or newer", least=least),
        severity=None if verified else "warning",
    )


@error(
    meaning=tr("The weights are fp8, or are to be quantised to fp8, and the GPU has no kernels for it."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, quantization: fp8}}",
    fix=tr("Use 16-bit weights, or a newer GPU."),
    source="vLLM documentation, quantisation, supported hardware",
)
def fp8_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    """`at_load`: the engine was to quantise as it loads; so for the formats below."""
    return _unreadable(
        model,
        stored,
        gpu,
        tr("it has no fp8 kernels for compute capability {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are AWQ, and the GPU is older than compute capability 7.5."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\nmodels: {chat: {model: Qwen/Qwen3-8B-AWQ}}",
    fix=tr("Use 16-bit weights or GPTQ, or a newer GPU."),
    source="vLLM documentation, quantisation, supported hardware",
)
def awq_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(
        model,
        stored,
        gpu,
        tr("the AWQ kernels need 7.5, it has compute capability {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are GPTQ, and the GPU has no kernels for it."),
    example="models: {chat: {model: Qwen/Qwen3.5-122B-A10B-GPTQ-Int4}}    # on a GPU of compute capability 6.1",
    fix=tr("Use another format, or another GPU."),
    source="vLLM documentation, quantisation, supported hardware",
)
def gptq_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(
        model,
        stored,
        gpu,
        tr("it has no GPTQ kernels for compute capability {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are int8, and the GPU is older than compute capability 7.5."),
    example="models: {chat: {model: someone/int8-model, architecture: {format: int8, …}}}    # on a V100",
    fix=tr("Use 16-bit weights, or a newer GPU."),
    source="vLLM documentation, quantisation, supported hardware (INT8 W8A8 from Turing on)",
)
def int8_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(
        model,
        stored,
        gpu,
        tr("int8 kernels need 7.5, it has compute capability {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are mxfp4 on a GPU below compute capability 8.0, or nvfp4 on one without Marlin kernels."),
    example="pools: {gpu: {instanceType: GN7.10XLARGE160}}    # T4\nmodels: {chat: {model: openai/gpt-oss-20b}}",
    fix=tr("Use a GPU of compute capability 8.0 or newer, or Ollama."),
    source="catalog/data/gpus.yaml (mxfp4, marlin); vLLM issue 23203",
)
def fp4_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    least = "8.0" if stored == "mxfp4" else "7.5"
    why = tr(
        "the kernels of {stored} need {least}, it has compute capability {capability}",
        stored=stored,
        least=least,
        capability=capability,
    )
    return _unreadable(model, stored, gpu, why, at_load)


def _unreadable(model: str, stored: str, gpu: str, why: str, at_load: bool) -> Text:
    return Text(
        message=tr("{model} in {stored} does not run on {gpu}: {why}.", model=model, stored=stored, gpu=gpu, why=why),
        remedy=tr("Leave quantization out.") if at_load else tr("Use another format of the model, or another GPU."),
        given=stored if at_load else model,
        allowed=tr("formats that the GPU reads"),
        fix=(("", None),) if at_load else (),
    )


@error(
    meaning=tr("The model's attention has a cache of one type only in this engine, and another is requested."),
    example="models: {chat: {model: deepseek-ai/DeepSeek-V4-Flash, kvCacheDtype: bfloat16}}",
    fix=tr("Use that type, or leave kvCacheDtype out."),
    source="catalog/data/model_arguments.yaml",
)
def kv_cache_of_model(*, model: str, dtype: str, needed: str) -> Text:
    return Text(
        message=tr(
            "{model} has a cache in {needed} only, and its server would end at {dtype}.",
            model=model,
            needed=needed,
            dtype=dtype,
        ),
        remedy=tr("Set kvCacheDtype to {needed}, or leave it out.", needed=needed),
        given=dtype,
        allowed=needed,
        fix=(("", needed),),
    )


@error(
    meaning=tr(
        "The KV cache cannot have the type that is requested: the GPU has no kernels for it, or the "
        "model's attention or weights rule it out. A warning where no source says."
    ),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\n"
    "models: {chat: {model: Qwen/Qwen2.5-1.5B-Instruct, kvCacheDtype: fp8}}",
    fix=tr("Leave kvCacheDtype out: the cache then has the type of the computation."),
    source="vLLM 0.29.0, v1/attention/backends; vLLM PR 24577, issue 26431; SGLang's documentation, quantized KV cache",
)
def kv_cache_unsupported(*, model: str, dtype: str, title: str, gpu: str, capability: float, sure: bool) -> Text:
    """`sure`: it is known not to run."""
    where = tr(
        "a cache in {dtype} for {model} on {gpu} (compute capability {capability})",
        dtype=dtype,
        model=model,
        gpu=gpu,
        capability=capability,
    )
    return Text(
        message=tr("{title} has no kernel that keeps {where}.", title=title, where=where)
        if sure
        else tr("No source says that {title}'s release keeps {where}.", title=title, where=where),
        remedy=tr("Leave kvCacheDtype out: the cache then has the type of the computation."),
        given=dtype,
        fix=(("", None),),
    )


@note(
    meaning=tr("The GPU stores the small format but computes in 16 bits, so memory is saved and time is not."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116}}    # A10\nmodels: {chat: {model: Qwen/Qwen3-8B-FP8}}",
    fix=tr("Nothing to do; an L20 or newer has fp8 arithmetic."),
    source="vLLM documentation, quantisation, supported hardware (W8A16 by Marlin)",
    when="asked",
)
def weight_only_quantization(*, stored: str, gpu: str) -> Text:
    return Text(
        message=tr(
            "{gpu} has no {stored} arithmetic: the weights stay small, but it computes in 16 bits.",
            gpu=gpu,
            stored=stored,
        ),
        remedy=tr("Expect the memory of the small format at the speed of 16 bits."),
        given=stored,
    )


@warning(
    meaning=tr("GPTQ weights run by slow kernels on GPUs older than compute capability 7.5."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4}}",
    fix=tr("Use 16-bit weights where memory allows."),
    source="vLLM PR 29901 (Marlin for 7.5); catalog/data/gpus.yaml (marlin)",
)
def slow_quantization(*, stored: str, gpu: str) -> Text:
    return Text(
        message=tr(
            "{gpu} is too old for the fast (Marlin) kernels of {stored}; the slow ones serve.", gpu=gpu, stored=stored
        ),
        remedy=tr("Use 16-bit weights where memory allows."),
        given=stored,
    )


@error(
    meaning=tr("`quantization` names another format than the weights have."),
    example="models: {chat: {model: Qwen/Qwen3-8B, quantization: awq}}",
    fix=tr("Leave quantization out, or name a repository with such weights."),
    source="Engines read awq and gptq from files only; fp8 and bitsandbytes also quantise plain weights at load.",
)
def quantization_mismatch(*, model: str, stored: str, asked: str, readable: Sequence[str]) -> Text:
    """`readable`: what the engine could make of weights that are `stored` so."""
    return Text(
        message=tr(
            "The weights of {model} are {stored}; the engine cannot read them as {asked}.",
            model=model,
            stored=stored,
            asked=asked,
        ),
        remedy=tr("Leave quantization out, or name a repository that holds such weights."),
        given=asked,
        allowed=", ".join(readable),
        fix=(("", None),),
    )


@error(
    meaning=tr("The model's files, or its `architecture.format`, are in a format that the engine does not read."),
    example="models: {chat: {model: Qwen/Qwen3-8B-GGUF}}    # on vLLM",
    fix=tr("Use another engine, or another format of the model."),
    source="planner/engines (the formats of each engine, with their sources)",
    forceable=False,
)
def format_not_read(*, model: str, format_: str, engine: str, readable: Sequence[str], own: str | None = None) -> Text:
    """`own`: where the same model lies in a format that the engine reads."""
    formats = ", ".join(readable)
    return Text(
        message=tr(
            "{engine} does not read {format} files, and those of {model} are such.",
            engine=engine,
            format=format_,
            model=model,
        ),
        remedy=tr("Use {own}, or another engine.", own=own)
        if own
        else tr("Use a repository in {formats}, or another engine.", formats=formats),
        given=format_,
        allowed=formats,
        fix=(("", own),) if own else (),
    )


@error(
    meaning=tr("The image's release cannot quantise by this method as it loads weights, nor read weights in it."),
    example="models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, quantization: bitsandbytes}}    # vLLM 0.28.0 and later",
    fix=tr("Leave quantization out, use fp8, or name an older image."),
    source="vllm PR 43529 (bitsandbytes became a plugin, which images from 0.28.0 on lack); catalog/data/images.yaml",
)
def quantization_not_in_image(*, method: str, engine: str, at_load: bool, readable: Sequence[str]) -> Text:
    """`readable`: the methods by which the release quantises; `at_load`: it was to, else the files are in it."""
    if not at_load:
        return Text(
            message=tr("This release of {engine} no longer reads weights in {method}.", engine=engine, method=method),
            remedy=tr("Use another format of the model, or name an older image."),
            given=method,
        )
    return Text(
        message=tr(
            "This release of {engine} no longer quantises by {method} as it loads weights.",
            engine=engine,
            method=method,
        ),
        remedy=tr("Use {readable}, or leave quantization out.", readable=readable[0])
        if readable
        else tr("Leave quantization out."),
        given=method,
        allowed=", ".join(readable),
        fix=(("", None),),
    )


@error(
    meaning=tr("A model names a pool that is not defined."),
    example="models: {chat: {pool: gpus}}",
    fix=tr("Use the name that is suggested, or define the pool."),
    source="planner/model/check.py",
    forceable=False,
)
def unknown_pool(*, pool: str, near: str | None, pools: Iterable[str]) -> Text:
    return Text(
        message=tr("There is no pool called {pool}.", pool=pool),
        remedy=tr("Use {near}, or define pools.{pool}.", near=near, pool=pool)
        if near
        else tr("Use one of the list, or define pools.{pool}.", pool=pool),
        given=pool,
        allowed=", ".join(pools),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("There are several pools, and a model does not say which it runs on."),
    example="models: {chat: {model: Qwen/Qwen3-8B}}   # with two pools",
    fix=tr("Set the model's pool."),
    source="planner/model/check.py",
    forceable=False,
)
def pool_not_named(*, model: str, path: str, pools: Sequence[str]) -> Text:
    return Text(
        message=tr(
            "There are {count} pools, and model {model} does not say which it runs on.", count=len(pools), model=model
        ),
        remedy=tr("Set {path} to one of {pools}.", path=path, pools=joined(pools)),
        allowed=", ".join(pools),
    )


@error(
    meaning=tr("There is an API key for a model that is not defined, so the key would protect nothing."),
    example="pulumi config set --secret --path tke-llm:apiKeys.chta …",
    fix=tr("Name it after a model, or remove it."),
    source="planner/model/check.py",
)
def api_key_without_model(*, model: str, near: str | None, models: Iterable[str]) -> Text:
    return Text(
        message=tr("There is an API key for {model}, but no model of that name.", model=model),
        remedy=tr("Name it {near}.", near=near) if near else tr("Remove the key, or name it after a model."),
        given=model,
        allowed=", ".join(models),
    )


@warning(
    meaning=tr("A secret is set that nothing uses."),
    example="pulumi config set --secret tke-llm:kubeconfig …   # without cluster.existing",
    fix=tr("Set what it belongs to, or remove it."),
    source="planner/model/check.py",
)
def secret_unused(*, secret: str, why: str, where: str) -> Text:
    """`where`: the setting that would make use of it."""
    return Text(
        message=tr("The secret {secret} is set, but {why}.", secret=secret, why=why),
        remedy=tr("Set {where}, or run `pulumi config rm tke-llm:{secret}`.", where=where, secret=secret),
    )


@error(
    meaning=tr("An environment variable that carries a secret is set in clear."),
    example="models: {chat: {env: {HF_TOKEN: hf_…}}}",
    fix=tr("Use the top-level secret that is named."),
    source="docs/security.md (no secret is written anywhere in clear)",
    forceable=False,
    rules=("SECRET_IN_CLEAR",),
)
def secret_in_env(*, variable: str, secret: str) -> Text:
    """`secret`: the top-level key that it belongs in, "" where it is generated."""
    return Text(
        message=tr("{variable} carries a secret, and env is kept in clear.", variable=variable),
        remedy=tr("Remove it and run `pulumi config set --secret tke-llm:{secret}`.", secret=secret)
        if secret
        else tr("Remove it: one is generated and kept sealed."),
        allowed=tr("the secret tke-llm:{secret}", secret=secret) if secret else "",
        fix=(("", None),),
    )


@error(
    meaning=tr("Single sign-on is set up without its client secret."),
    example="webui: {oidc: {providerUrl: https://id.example.com, clientId: chat}}",
    fix=tr("`pulumi config set --secret tke-llm:oidcClientSecret`"),
    source="Open WebUI documentation, OAUTH_CLIENT_SECRET",
)
def oidc_without_secret() -> Text:
    return Text(
        message=tr("Single sign-on needs the client secret, which is not set."),
        remedy=tr("Run `pulumi config set --secret tke-llm:oidcClientSecret`."),
    )


@warning(
    meaning=tr("A price is given of a machine that no pool uses and the catalogue does not know."),
    example="prices: {PNV4.7XLARGE117: 12}",
    fix=tr("Use the name that is suggested, or remove it."),
    source="catalog/data/machines.yaml",
)
def price_of_unknown_machine(*, machine: str, price: float, near: str | None, near_path: str) -> Text:
    """`near`, whose price would stand at `near_path`, has none yet."""
    return Text(
        message=tr(
            "There is a price of {machine}, which no pool uses and the catalogue does not know.", machine=machine
        ),
        remedy=tr("Use {near}.", near=near) if near else tr("Remove it."),
        given=machine,
        fix=(("", None), *(((near_path, price),) if near else ())),
    )


@error(
    meaning=tr("Tencent Cloud does not take this tag."),
    example="tags: {project: chat}",
    fix=tr("Use another key, or a shorter key or value."),
    source="Tencent Cloud document 651/13354",
)
def tag_not_allowed(*, key: str, value: str, reserved: Sequence[str], longest_key: int, longest_value: int) -> Text:
    """`reserved`: beginnings of keys that Tencent Cloud keeps for itself."""
    kept = key.lower().startswith(tuple(reserved))
    return Text(
        message=tr("Tencent Cloud keeps keys that begin so for itself.") if kept else tr("The tag is too long."),
        remedy=tr("Use another key, or remove it.") if kept else tr("Shorten it, or remove it."),
        given=f"{key}: {value}" if kept else tr("{key} and {value} characters", key=len(key), value=len(value)),
        allowed=tr(
            "at most {longest_key} characters in the key, {longest_value} in the value; not {tuple}",
            longest_key=longest_key,
            longest_value=longest_value,
            tuple=tuple(reserved),
        ),
        fix=(("", None),),
    )
