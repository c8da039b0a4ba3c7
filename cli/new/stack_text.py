"""The stack file that `tke-llm new` writes: short, with a comment wherever somebody will want to change something."""

from collections.abc import Sequence

from catalog.load import Catalog
from cli.language import tr, trn
from cli.new.answers import PURPOSES, Answers, Nodes, is_tag
from cli.new.propose import Proposal
from cli.text import wrapped
from planner.model.facts import catalogued, format_of

NOBODY = "203.0.113.10/32"
"""An address of a documentation range (RFC 5737), which reaches nobody."""
_SET_ADDRESS = "  #   pulumi config set --path 'tke-llm:cluster.endpoint.allow[0]' <IP>/32"
_WIDTH = 118


def stack_text(
    name: str, answers: Answers, proposal: Proposal | None, others: Sequence[Proposal], catalog: Catalog
) -> str:
    """The text of the file of the stack `name`. `proposal` is None for a cluster that exists, whose nodes are known."""
    blocks = [
        _head(name, answers),
        ["config:", *([f"  tencentcloud:region: {answers.region}"] if answers.region else [])],
        _place(answers, catalog),
        _pools(answers, proposal, others),
        _models(answers, proposal, catalog),
        _access(answers),
        _keep(answers),
    ]
    lines = [line for block in blocks if block for line in (*block, "")]
    # The region, or the first section, stands right below its heading.
    start = lines.index("config:")
    if not answers.region:
        del lines[start + 1]
    return "\n".join(lines).rstrip() + "\n"


def key_of(answers: Answers) -> str:
    """The key of the stack's model, which is its name in the API."""
    return "chat" if answers.purpose == "api" else answers.purpose


def _comment(text: str, indent: str = "  ") -> list[str]:
    return [f"{indent}# {line}" for line in wrapped(text, _WIDTH - len(indent) - 2)]


def _head(name: str, answers: Answers) -> list[str]:
    said = tr(
        "For {purpose}; written by `tke-llm new`. `tke-llm check {name}` proves it, `tke-llm rehearse {name}` shows "
        "all it would make; every key is in docs/configuration.md.",
        purpose=PURPOSES[answers.purpose],
        name=name,
    )
    return ["# yaml-language-server: $schema=docs/stack.schema.json", "#", *_comment(said, "")]


def _place(answers: Answers, catalog: Catalog) -> list[str]:
    zones = ", ".join(catalog.regions[answers.region].zones[-2:]) if answers.region else ""
    if answers.cluster is None:
        allow = answers.address or NOBODY
        return [
            *_comment(tr("The zones where the machine is sold to you; the first one gets it.")),
            f"  tke-llm:network: {{zones: [{zones}]}}",
            *([] if answers.address else _no_address()),
            f"  tke-llm:cluster: {{endpoint: {{access: public, allow: [{allow}]}}}}",
        ]
    if answers.by_id:
        return [
            f"  tke-llm:network: {{zones: [{zones}]}}",
            f"  tke-llm:cluster: {{existing: {{id: {answers.cluster}}}}}",
            *_comment(tr("Models go to the cluster's default StorageClass; `className` names another.")),
            "  tke-llm:storage: {kind: class}",
        ]
    return [
        *_comment(tr("The current context of the file, unless `context` names another.")),
        f"  tke-llm:cluster: {{existing: {{kubeconfigPath: {_quoted(str(answers.cluster))}}}}}",
    ]


def _no_address() -> list[str]:
    return [
        *_comment(tr("Who may reach the API server: nobody yet. Put in your own address with")),
        _SET_ADDRESS,
    ]


def _pools(answers: Answers, proposal: Proposal | None, others: Sequence[Proposal]) -> list[str]:
    if proposal is None:
        assert answers.nodes is not None  # noqa: S101  of a cluster that exists they are asked
        return _nodes(answers.nodes)
    offer = proposal.fit.offer
    lines = _comment(tr("{proposal}.", proposal=described(proposal)))
    if others:
        named = tr("; ").join(tr("{name} ({what})", name=each.name, what=_machines(each)) for each in others)
        lines += _comment(tr("Others that fit: {named}.", named=named))
    if offer.kind == "super":
        return [*lines, "  tke-llm:pools:", f"    gpu: {{kind: super, gpuType: {_quoted(offer.name)}}}"]
    kind = "" if offer.kind == "native" else f"kind: {offer.kind}, "
    nodes = f", nodes: {proposal.nodes}" if proposal.nodes > 1 else ""
    lines += ["  tke-llm:pools:", f"    gpu: {{{kind}instanceType: {offer.name}{nodes}}}"]
    prices = [f"{each.name}: {each.fit.offer.price:g}" for each in (proposal, *others) if each.fit.offer.price]
    return [*lines, *([f"  tke-llm:prices: {{{', '.join(prices)}}}"] if prices else [])]


def _nodes(nodes: Nodes) -> list[str]:
    said = tr("What one node offers to pods: see `kubectl describe node`, Allocatable.")
    if nodes.gpu is None:
        return [
            *_comment(said),
            "  tke-llm:pools:",
            f"    cpu: {{kind: existing, cpu: {nodes.cores}, memory: {nodes.memory}Gi}}",
        ]
    return [
        *_comment(said),
        *_comment(tr("`nodeSelector` names a label of these nodes, where not all GPU nodes are alike.")),
        "  tke-llm:pools:",
        "    gpu:",
        "      kind: existing",
        f"      gpu: {nodes.gpu}",
        f"      gpusPerNode: {nodes.gpus}",
        f"      cpu: {nodes.cores}",
        f"      memory: {nodes.memory}Gi",
    ]


def _models(answers: Answers, proposal: Proposal | None, catalog: Catalog) -> list[str]:
    model = answers.model if proposal is None else proposal.fit.model
    lines = _comment(tr("The key is the name in the API. Context length, precision, memory and probes are worked out."))
    lines += ["  tke-llm:models:", f"    {key_of(answers)}:", f"      model: {model}"]
    lines += [f"      engine: {answers.engine}"] if answers.engine_is_named else []
    lines += ["      source: huggingface"] if _on_hugging_face_alone(model, catalog) else []
    if proposal is not None and proposal.machines > 1:
        said = tr("One server over {number} machines (LeaderWorkerSet).", number=proposal.machines)
        lines += [*_comment(said, "      "), f"      gpus: {proposal.fit.gpus}"]
    if proposal is not None and proposal.replicas > 1:
        lines.append(f"      replicas: {proposal.replicas}")
    return lines


def _on_hugging_face_alone(model: str, catalog: Catalog) -> bool:
    entry = catalog.find_model(model)
    assert entry is not None  # noqa: S101  the answer was looked up
    facts = catalogued(entry, format_of(entry, model))
    return not is_tag(model) and facts.modelscope is None and facts.huggingface is not None


def _access(answers: Answers) -> list[str]:
    lines: list[str] = []
    if answers.host is not None:
        secret = answers.host.replace(".", "-")
        install = "" if answers.cluster is None else ", install: helm"
        lines += _comment(
            tr(
                "People come by HTTPS. Make the Secret `{secret}` with the certificate in the stack's namespace, and "
                "lead the host to the address that the output `dns` tells.",
                secret=secret,
            )
        )
        lines.append(f"  tke-llm:expose: {{via: gateway, host: {answers.host}{install}, tls: {{secret: {secret}}}}}")
    if answers.purpose != "chat":
        return [*lines, "  tke-llm:webui: false"]
    return [
        *lines,
        *_comment(tr("The address that the administrator logs in with: put your own. The password is generated.")),
        "  tke-llm:webui: {adminEmail: admin@example.com}",
    ]


def _keep(answers: Answers) -> list[str]:
    if not answers.keep:
        return []
    return [*_comment(tr("`pulumi destroy` leaves models and chats in the account, billed.")), "  tke-llm:retain: true"]


def described(found: Proposal) -> str:
    """A proposal in words: machines, what they cost as far as it is known, and what there is room for."""
    offer = found.fit.offer
    parts = [_machines(found), tr("{hours:,} GPU-hours a day", hours=24 * found.gpus)]
    parts += [] if found.price is None else [tr("{price:,.2f} per hour", price=found.price)]
    parts += [_room(found)]
    parts += [] if offer.availability != "invite" else [tr("sold by invitation")]
    parts += [] if offer.sold else [tr("unknown whether the region has it")]
    return tr("; ").join(parts)


def _machines(found: Proposal) -> str:
    offer, values = found.fit.offer, {"gpus": f"{found.fit.offer.gpus:g}", "gpu": found.fit.offer.gpu}
    if offer.kind == "super":
        values["gpus"] = str(found.fit.gpus)
        return trn(
            "{number} pod with {gpus} x {gpu}, billed per pod",
            "{number} pods with {gpus} x {gpu} each, billed per pod",
            found.replicas,
            **values,
        )
    if found.machines > 1:
        return trn(
            "{number} server over {machines} machines with {gpus} x {gpu} each",
            "{number} servers, each over {machines} machines with {gpus} x {gpu} each",
            found.replicas,
            machines=found.machines,
            **values,
        )
    return trn(
        "{number} machine with {gpus} x {gpu}", "{number} machines with {gpus} x {gpu} each", found.nodes, **values
    )


def _room(found: Proposal) -> str:
    at_once = trn(
        "{number} request of {length:,} tokens at a time",
        "{number} requests of {length:,} tokens at a time",
        found.users,
        length=found.fit.context,
    )
    if found.context is None:
        return at_once
    return tr("{requests}, context up to {context:,} tokens", requests=at_once, context=found.context)


def _quoted(text: str) -> str:
    """A YAML scalar inside braces."""
    plain = text and all(each.isalnum() or each in "~/._-" for each in text) and text[0] in "~/."
    return text if plain else "'" + text.replace("'", "''") + "'"
