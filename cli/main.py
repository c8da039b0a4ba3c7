"""The `tke-llm` command. Each command's work is imported when it runs, so that none pays for another."""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from catalog.engines import EngineName
from cli.language import Language, error_text, set_language, tr
from cli.usage_text import Command, Group

app = typer.Typer(
    cls=Group,
    name="tke-llm",
    help=tr("Proves, rehearses and explains a stack of large language models on Tencent Kubernetes Engine."),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
models = typer.Typer(
    cls=Group, help=tr("Models that the catalogue does not have."), no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(models, name="model")


def _stacks(incomplete: str) -> list[str]:
    """What a shell may complete STACK to."""
    from cli.stackfile import project_root  # noqa: PLC0415
    from settings.file import stacks  # noqa: PLC0415

    here = Path.cwd()
    return [name for name in stacks(project_root(here) or here) if name.startswith(incomplete)]


StackName = Annotated[
    str,
    typer.Argument(
        metavar="STACK", help=tr("A stack's name (dev), or the path of a stack file."), autocompletion=_stacks
    ),
]
Weights = Literal["bf16", "fp16", "fp32", "fp8", "int8", "awq", "gptq", "mxfp4", "nvfp4", "gguf", "bitsandbytes"]
AsJson = Annotated[bool, typer.Option("--json", help=tr("Print one JSON document."))]


def _version(asked: bool) -> None:
    if asked:
        from cli.text import line, show  # noqa: PLC0415
        from cli.version import said  # noqa: PLC0415

        show([line(said())])
        raise typer.Exit


def _speak(language: Language | None) -> Language | None:
    set_language(language)
    return language


@app.callback()
def options(
    *,
    _language: Annotated[
        Language | None,
        typer.Option(
            "--lang",
            callback=_speak,
            is_eager=True,
            metavar="en|zh",
            help=tr("English or Chinese; else as LC_ALL, LC_MESSAGES or LANG say."),
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=tr("Say the version."))
    ] = False,
) -> None:
    """What goes before a command."""


@app.command(
    cls=Command,
    help=tr("Ask at most seven questions, and write a stack file that passes `check`. Ctrl-C writes nothing."),
)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help=tr("The new stack's name."))] = "first",
    *,
    purpose: Annotated[
        str | None, typer.Option("--for", metavar="PURPOSE", help=tr("What it is for: chat, api, embed or rerank."))
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="CLUSTER", help=tr("new, the path of a kubeconfig, or a cluster's id (cls-…).")),
    ] = None,
    region: Annotated[str | None, typer.Option(help=tr("Region of Tencent Cloud."))] = None,
    model: Annotated[
        str | None, typer.Option(help=tr("A model's id, or a task: reasoning, general, code, images."))
    ] = None,
    users: Annotated[
        int | None, typer.Option(min=1, help=tr("People who wait for an answer at the same time."))
    ] = None,
    gpus: Annotated[int | None, typer.Option(min=1, help=tr("Or: the GPUs that it may cost."))] = None,
    nodes: Annotated[
        str | None, typer.Option(metavar="NODE", help=tr("What a node of an existing cluster has: cpu, or 1 x A10."))
    ] = None,
    reach: Annotated[str | None, typer.Option(help=tr("port-forward, or a host name for public HTTPS."))] = None,
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help=tr("Keep models and chats when the stack is destroyed."))
    ] = None,
    address: Annotated[
        str | None, typer.Option(help=tr("Address or range from which the API server may be reached."))
    ] = None,
    price: Annotated[
        list[str] | None, typer.Option(metavar="MACHINE=AMOUNT", help=tr("Price per hour; the cheapest come first."))
    ] = None,
    take: Annotated[
        str | None, typer.Option(metavar="N|MACHINE", help=tr("Which proposal: its number, or a machine type."))
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=tr("Ask nothing: the defaults for what is not given."))] = False,
    force: Annotated[bool, typer.Option("--force", help=tr("Write over a stack file of that name."))] = False,
    as_json: AsJson = False,
) -> None:
    from cli.new.command import NewOptions  # noqa: PLC0415
    from cli.new.command import new as run  # noqa: PLC0415

    if users is not None and gpus is not None:
        raise typer.BadParameter(tr("does not go with --gpus"), param_hint="--users")
    demand = f"{gpus} gpus" if gpus is not None else None if users is None else str(users)
    typed = {
        "purpose": purpose,
        "cluster": cluster,
        "region": region,
        "nodes": nodes,
        "model": model,
        "demand": demand,
        "reach": reach,
        "keep": None if keep is None else "yes" if keep else "no",
    }
    given = {key: text for key, text in typed.items() if text is not None}
    options = NewOptions(given, take, address, price or (), defaults=yes, force=force)
    raise typer.Exit(run(name, options, as_json=as_json))


@app.command(
    cls=Command, help=tr("Prove a stack file: what is decided, what is wrong, and the nearest fix. Touches nothing.")
)
def check(
    stack: StackName,
    *,
    every: Annotated[
        bool, typer.Option("--all", help=tr("Show what nobody can act on before `pulumi up`, too."))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.check import check as run  # noqa: PLC0415

    raise typer.Exit(run(stack, every=every, as_json=as_json))


@app.command(cls=Command, help=tr("Run the program against a simulated cloud and show what `pulumi up` would make."))
def rehearse(
    stack: StackName,
    *,
    why: Annotated[bool, typer.Option("--why", help=tr("Say why each number is what it is."))] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help=tr("Show when each resource is made."))] = False,
    every: Annotated[
        bool, typer.Option("--all", help=tr("Show all of that, each resource, and everything there is to say."))
    ] = False,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help=tr("Folder for the results."), show_default="out/<stack>")] = None,
    control_plane: Annotated[
        bool,
        typer.Option(
            "--control-plane",
            help=tr("Then run it under the real engine on a real control plane, with real controllers."),
        ),
    ] = False,
    engine: Annotated[
        bool,
        typer.Option("--engine", help=tr("Preview, up, refresh and destroy under the real engine, cluster in memory.")),
    ] = False,
    then: Annotated[
        str | None,
        typer.Option(
            metavar="STACK", help=tr("There, update to this stack file and tear down (with either of these).")
        ),
    ] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="RESOURCE[:N]", help=tr("There, refuse the first N attempts to make it (1).")),
    ] = None,
    hang: Annotated[
        list[str] | None, typer.Option(metavar="RESOURCE[:N]", help=tr("There, make it, and never have it ready."))
    ] = None,
    lose: Annotated[
        list[str] | None, typer.Option(metavar="RESOURCE[:N]", help=tr("There, make it, and lose the answer."))
    ] = None,
) -> None:
    if control_plane and engine:
        raise typer.BadParameter(tr("does not go with --control-plane"), param_hint="--engine")
    if then is not None and not (control_plane or engine):
        raise typer.BadParameter(tr("needs --control-plane or --engine"), param_hint="--then")
    if engine and (why or timeline or every):
        raise typer.BadParameter(tr("do not go with --engine"), param_hint="--why, --timeline and --all")
    if (fail or hang or lose) and not (control_plane or engine):
        raise typer.BadParameter(tr("need --control-plane or --engine"), param_hint="--fail, --hang and --lose")
    if engine or control_plane:
        from cli.faults import parse_all  # noqa: PLC0415

        try:
            faults = parse_all(fail or (), hang or (), lose or ())
        except ValueError as error:
            raise typer.BadParameter(error_text(error), param_hint="--fail, --hang and --lose") from None
        if control_plane:
            from cli.control_plane import rehearse as run_there  # noqa: PLC0415
            from cli.rehearse import Wanted  # noqa: PLC0415

            wanted = Wanted(why=why, timeline=timeline, every=every)
            raise typer.Exit(run_there(stack, wanted, as_json=as_json, out=out, then=then, faults=faults))
        from cli.engine import rehearse as run_under_it  # noqa: PLC0415

        raise typer.Exit(run_under_it(stack, as_json=as_json, then=then, faults=faults))
    from cli.rehearse import Wanted  # noqa: PLC0415
    from cli.rehearse import rehearse as run  # noqa: PLC0415

    raise typer.Exit(run(stack, Wanted(why=why, timeline=timeline, every=every), as_json=as_json, out=out))


@app.command(
    cls=Command, help=tr("Who asked the API of a deployed stack: requests and tokens of each client and model.")
)
def usage(
    stack: StackName,
    *,
    as_json: AsJson = False,
    since: Annotated[str, typer.Option(metavar="TIME", help=tr("How far back: 90m, 24h."))] = "24h",
    access_log: Annotated[
        Path | None, typer.Option(metavar="FILE", help=tr("Read this access log, whole, instead of the proxies' own."))
    ] = None,
    source: Annotated[
        Literal["prometheus", "log"] | None,
        typer.Option("--from", help=tr("Who is asked; else Prometheus where monitoring is on.")),
    ] = None,
) -> None:
    from cli.usage import usage as run  # noqa: PLC0415

    if access_log is not None and source == "prometheus":
        raise typer.BadParameter("does not go with --from prometheus", param_hint="--access-log")
    raise typer.Exit(run(stack, since=since, access_log=access_log, source=source, as_json=as_json))


@app.command(
    cls=Command,
    help=tr("Rehearse a stack, and take it up and down under the real Pulumi engine where that is built. Says which."),
)
def demo(
    stack: StackName = "dev",
    *,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help=tr("Folder for the results."), show_default="out/<stack>")] = None,
) -> None:
    from cli.demo import demo as run  # noqa: PLC0415

    raise typer.Exit(run(stack, as_json=as_json, out=out))


@app.command(
    cls=Command,
    help=tr("Look whether this machine has all that `pulumi up` needs, and say what mends the rest. Changes nothing."),
)
def doctor(
    stack: Annotated[
        str | None,
        typer.Argument(metavar="STACK", help=tr("Look at this stack, too."), autocompletion=_stacks),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    from cli.doctor.command import doctor as run  # noqa: PLC0415

    raise typer.Exit(run(stack, as_json=as_json))


@app.command(
    cls=Command,
    help=tr(
        "Ask a deployed stack what its users will ask: each model, the chat page as an ordinary user, and the API of "
        "all models as one of its clients."
    ),
)
def smoke(
    stack: StackName,
    *,
    last: Annotated[
        bool, typer.Option("--last", help=tr("Ask nothing; show what the Jobs of the last rollout found."))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.smoke import smoke as run  # noqa: PLC0415

    raise typer.Exit(run(stack, last=last, as_json=as_json))


@app.command(
    cls=Command,
    help=tr(
        "Say what of a deployed stack runs now: models, replicas, GPUs, downloads, the last smoke test, where to chat."
    ),
)
def status(stack: StackName, *, as_json: AsJson = False) -> None:
    from cli.status import status as run  # noqa: PLC0415

    raise typer.Exit(run(stack, as_json=as_json))


@app.command(cls=Command, help=tr("Show what a deployed model, its download or the chat page writes."))
def logs(
    stack: StackName,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help=tr("A model of the stack (default: its first), or webui."))
    ] = None,
    *,
    download: Annotated[bool, typer.Option("--download", help=tr("What fetches the model's files."))] = False,
    follow: Annotated[bool, typer.Option("--follow", help=tr("Go on until Ctrl-C."))] = False,
    previous: Annotated[
        bool, typer.Option("--previous", help=tr("Of containers that ended and were restarted."))
    ] = False,
    tail: Annotated[int, typer.Option(min=1, help=tr("Lines of each container."))] = 100,
    as_json: AsJson = False,
) -> None:
    from cli.logs import logs as run  # noqa: PLC0415

    if follow and as_json:
        raise typer.BadParameter(tr("does not go with --json"), param_hint="--follow")
    raise typer.Exit(run(stack, model, download=download, follow=follow, previous=previous, tail=tail, as_json=as_json))


@app.command(
    cls=Command, help=tr("Talk with a deployed model in the terminal. Ctrl-C ends an answer, /quit the conversation.")
)
def chat(
    stack: StackName,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help=tr("A model of the stack (default: its first that chats)."))
    ] = None,
    *,
    message: Annotated[str | None, typer.Option(help=tr("Ask this alone, and end."))] = None,
    forwarded: Annotated[
        bool, typer.Option("--forward", help=tr("Through a forwarded port, though there is a public address."))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.chat.command import chat as run  # noqa: PLC0415

    raise typer.Exit(run(stack, model, message=message, forwarded=forwarded, as_json=as_json))


@app.command(cls=Command, help=tr("Say what a diagnostic means and what to do about it."))
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help=tr("A diagnostic's code."))], *, as_json: AsJson = False
) -> None:
    from cli.explain import explain as run  # noqa: PLC0415

    raise typer.Exit(run(code, as_json=as_json))


@app.command(cls=Command, help=tr("Print the JSON Schema of the stack file, for an editor."))
def schema(
    *, _: Annotated[bool, typer.Option("--json", help=tr("As everywhere; the schema is JSON without it, too."))] = False
) -> None:
    from cli.explain import schema as run  # noqa: PLC0415

    raise typer.Exit(run())


@app.command(cls=Command, help=tr("Show every machine and super-node type that can serve a model."))
def fit(
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help=tr("A model's id; see --all."))] = None,
    *,
    gpu: Annotated[str | None, typer.Option(help=tr("Only machines with this GPU, such as A10 or A100-40."))] = None,
    context: Annotated[int | None, typer.Option(min=1, help=tr("Tokens of context that must fit."))] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help=tr("Requests of that length (8,192 tokens) that must have room at once."))
    ] = None,
    weights: Annotated[
        Weights | None,
        typer.Option("--format", help=tr("Format of the weights; fp8 and bitsandbytes are made at load.")),
    ] = None,
    region: Annotated[str | None, typer.Option(help=tr("Only machines sold in this region."))] = None,
    engine: Annotated[
        EngineName | None, typer.Option(help=tr("Served by this engine, where it reads the format."))
    ] = None,
    price: Annotated[
        list[str] | None, typer.Option(metavar="MACHINE=AMOUNT", help=tr("Price per hour; the cheapest come first."))
    ] = None,
    stack: Annotated[
        str | None, typer.Option(metavar="STACK", help=tr("Take prices and region of this stack."))
    ] = None,
    explain: Annotated[
        str | None, typer.Option(metavar="MACHINE", help=tr("The arithmetic on this machine type, line by line."))
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=tr("Every model of the catalogue, one row each."))] = False,
    as_json: AsJson = False,
) -> None:
    from cli.fit import FitOptions  # noqa: PLC0415
    from cli.fit import fit as run  # noqa: PLC0415

    options = FitOptions(gpu, context, concurrency, weights, region, engine, price or (), stack)
    raise typer.Exit(run(model, options, every=every, explain=explain, as_json=as_json))


@app.command(
    cls=Command,
    help=tr("Measure a deployed API under rising load, beside what the plan lets one expect.")
    + "\n\n"
    + tr(
        "Writes bench.csv, bench.json and bench.png. The load generator, aiperf, is brought by uv once (about 0.8 GB)."
    ),
)
def bench(
    stack: Annotated[
        str | None, typer.Argument(metavar="STACK", help=tr("The deployed stack, unless --base-url."))
    ] = None,
    *,
    base_url: Annotated[str | None, typer.Option(help=tr("Any OpenAI-compatible API instead, ending in /v1."))] = None,
    api_key_env: Annotated[
        str | None, typer.Option(help=tr("The environment variable with the key of --base-url."))
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help=tr("A model of the stack (default: its first that chats), or the name at --base-url.")),
    ] = None,
    concurrency: Annotated[
        str | None,
        typer.Option(metavar="N,N,…", help=tr("Requests at once."), show_default=tr("1 to 16, as the plan has room")),
    ] = None,
    input_tokens: Annotated[int, typer.Option(min=1, help=tr("Length of each prompt, about, in tokens."))] = 512,
    output_tokens: Annotated[int, typer.Option(min=2, help=tr("Length of each answer in tokens."))] = 128,
    out: Annotated[
        Path | None, typer.Option(help=tr("Folder for the results."), show_default="out/<stack>-bench")
    ] = None,
    as_json: AsJson = False,
) -> None:
    from cli.bench import BenchRequest  # noqa: PLC0415
    from cli.bench import bench as run  # noqa: PLC0415

    try:
        levels = tuple(int(each) for each in concurrency.split(",")) if concurrency is not None else None
    except ValueError:
        levels = ()
    if levels is not None and (not levels or min(levels) < 1):
        raise typer.BadParameter(tr("takes whole numbers from 1 on, such as 1,2,4"), param_hint="--concurrency")
    wish = BenchRequest(stack, base_url, api_key_env, model, levels, input_tokens, output_tokens, out)
    raise typer.Exit(run(wish, as_json=as_json))


@models.command(cls=Command, help=tr("Print the `architecture` block of a model from its config.json."))
def add(
    path: Annotated[Path, typer.Argument(help=tr("A config.json, or the folder that holds it."))],
    *,
    weights_gib: Annotated[
        float | None, typer.Option(min=0.0001, max=1_000_000, help=tr("Size of the weight files in GiB."))
    ] = None,
    as_json: AsJson = False,
) -> None:
    from cli.model import add as run  # noqa: PLC0415

    raise typer.Exit(run(path, weights_gib, as_json=as_json))


def run() -> None:
    """Entry point of the command."""
    # A command ends before memory matters: docs/decisions/start-of-check.md has what this saves.
    gc.disable()
    from cli.text import OutputError, complain, settle_streams  # noqa: PLC0415  after the above

    settle_streams()
    try:
        app()
    except OutputError as error:
        complain(tr("the output cannot be written: {error}", error=str(error)))
        # What is left in the buffer would fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
