"""What can be wrong with a model's download."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import listed, tr


@warning(
    meaning=tr("`download` chooses other files of a repository in GGUF than those whose size is known."),
    example="models: {chat: {engine: llamacpp, model: Qwen/Qwen3-8B-GGUF, download: {include: ['*Q8_0*']}}}",
    fix=tr("See that one model matches, and that its size fits."),
    source="planner/engines/serve_llamacpp.sh (it serves one file and refuses several)",
)
def other_files_chosen(*, model: str, gib: float, usual: str, given: str) -> Text:
    """`usual` are the files that weigh `gib`."""
    return Text(
        message=tr(
            "Memory is counted for {usual} of {model} ({gib:.1f} GiB); how large other files are, nobody knows.",
            usual=usual,
            model=model,
            gib=gib,
        ),
        remedy=tr("See that one model matches and fits, or leave download.include and exclude out."),
        given=given,
    )


@error(
    meaning=tr("The engine cannot read what comes from this source."),
    example="models: {chat: {engine: vllm, source: ollama}}",
    fix=tr("Use a source of the list."),
    source="Ollama serves models of its own registry; vLLM and SGLang serve repositories",
    forceable=False,
)
def source_not_for_engine(*, engine: str, source: str, readable: Sequence[str]) -> Text:
    return Text(
        message=tr("{engine} cannot read what comes from {source}.", engine=engine, source=source),
        remedy=tr("Use {readable}.", readable=listed(readable, "or")),
        given=source,
        allowed=", ".join(readable),
        fix=(("", readable[0]),),
    )


@error(
    meaning=tr("The catalogue knows no repository of this model at this source."),
    example="models: {chat: {source: modelscope}}   # with a model that is on Hugging Face only",
    fix=tr("Use the other source."),
    source="catalog/data/models",
)
def not_at_source(*, model: str, source: str, path: str, others: Sequence[str], near: str | None) -> Text:
    return Text(
        message=tr("The catalogue knows no repository of {model} at {source}.", model=model, source=source),
        remedy=tr("Set {path} to {near}.", path=path, near=near) if near else tr("Name a model that this source has."),
        given=source,
        allowed=", ".join(others),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The repository is open to accounts only that accepted its licence, and no token is set."),
    example="models: {chat: {model: meta-llama/Llama-3.3-70B-Instruct, source: huggingface}}",
    fix=tr("`pulumi config set --secret tke-llm:hfToken`, or use source: modelscope."),
    source="Hugging Face documentation, gated models",
)
def gated_without_token(*, model: str, elsewhere: bool) -> Text:
    """`elsewhere`: ModelScope has the model too."""
    return Text(
        message=tr("{model} is given to accounts that accepted its licence only, and no token is set.", model=model),
        remedy=tr("Run `pulumi config set --secret tke-llm:hfToken`, or use source: modelscope.")
        if elsewhere
        else tr("Run `pulumi config set --secret tke-llm:hfToken`."),
        given="huggingface",
        fix=(("", "modelscope"),) if elsewhere else (),
    )


@warning(
    meaning=tr("Hugging Face is not reached from mainland regions as a rule."),
    example="models: {chat: {source: huggingface}}   # in ap-guangzhou",
    fix=tr("Use ModelScope, or set download.endpoint to a mirror."),
    source="The guide, step 5 (ModelScope for networks in China); HF_ENDPOINT of huggingface_hub",
)
def huggingface_from_mainland(
    *, host: str, region: str | None, endpoint_path: str, mirror: str, elsewhere: bool
) -> Text:
    """`elsewhere`: ModelScope has the model too."""
    return Text(
        message=tr("{host} is not reached from {region} as a rule.", host=host, region=region),
        remedy=tr(
            "Use source: modelscope, or set {endpoint_path} to a mirror, such as {mirror}.",
            endpoint_path=endpoint_path,
            mirror=mirror,
        )
        if elsewhere
        else tr("Set {endpoint_path} to a mirror, such as {mirror}.", endpoint_path=endpoint_path, mirror=mirror),
        given="huggingface",
        allowed=tr("modelscope, or a mirror") if elsewhere else tr("a mirror"),
        fix=(("", "modelscope"),) if elsewhere else ((endpoint_path, mirror),),
    )


@warning(
    meaning=tr("A Hugging Face mirror is given for a model that comes from elsewhere."),
    example="models: {chat: {source: modelscope, download: {endpoint: https://hf-mirror.com}}}",
    fix=tr("Remove it, or use source huggingface."),
    source="huggingface_hub, HF_ENDPOINT",
)
def endpoint_without_effect(*, endpoint: str, source: str, source_path: str) -> Text:
    return Text(
        message=tr("The endpoint is a mirror of Hugging Face; this model comes from {source}.", source=source),
        remedy=tr("Remove it, or set {source_path} to huggingface.", source_path=source_path),
        given=endpoint,
        fix=(("", None),),
    )


@note(
    meaning=tr("No revision is pinned, so a new store may get newer files."),
    example="models: {chat: {model: Qwen/Qwen3-8B}}",
    fix=tr("Set the model's revision to the commit that you have tried."),
    source="planner/serving/downloads.py",
    when="asked",
)
def revision_floating() -> Text:
    return Text(
        message=tr("No revision is named: a new store may get newer files than this one has."),
        remedy=tr("Pin the commit that you have tried."),
    )


@warning(
    meaning=tr("The download takes hours at the bandwidth of the NAT gateway."),
    example="network: {nat: {bandwidth: 100}}   # with DeepSeek-R1, 642 GB",
    fix=tr("Use the bandwidth that is suggested, for the first deployment at least."),
    source="imroc/tke-guide (more than 16 hours for 642 GB at 100 Mbps)",
)
def download_slow(
    *, model: str, gigabytes: float, hours: float, mbps: int, near: int | None, steps: Iterable[int]
) -> Text:
    """`near`: the bandwidth of the NAT gateway, of the `steps` that there are, that is enough, or the most."""
    return Text(
        message=tr(
            "Fetching {gigabytes:.0f} GB for model {model} takes about {hours:.0f} hours at {mbps} Mbps.",
            gigabytes=gigabytes,
            model=model,
            hours=hours,
            mbps=mbps,
        ),
        remedy=tr("Set network.nat.bandwidth to {near} Mbps.", near=near)
        if near
        else tr("Keep the store (retain) once it is filled."),
        given=tr("{mbps} Mbps", mbps=mbps),
        allowed=", ".join(map(str, steps)),
        fix=(("", {"bandwidth": near}),) if near else (),
    )
