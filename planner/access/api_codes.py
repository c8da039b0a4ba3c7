"""What can be wrong with one API for all models, and with its clients."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Fix, Text, error, warning
from settings.translation import joined, tr

_SOURCE = "planner/access/check_api.py"


@error(
    meaning=tr("The router of production-stack is asked for; it knows neither keys of clients nor limits."),
    example="api: {via: router}",
    fix=tr("Use via: gateway."),
    source="production-stack, router (routes by the `model` of a request; one key for all); docs/decisions/"
    "api-gateway.md",
    forceable=False,
)
def api_by_router() -> Text:
    return Text(
        message=tr("The router of production-stack knows neither keys of clients nor limits, so it is not built in."),
        remedy=tr("Use via: gateway, which has both, or none where each model may have an address of its own."),
        given="router",
        allowed="gateway, none",
        fix=(("", "gateway"),),
    )


@error(
    meaning=tr("An Ingress cannot lead to one API of all models: it reads no request's body."),
    example="api: {via: gateway} with expose: {via: ingress, host: chat.example.com}",
    fix=tr("Use expose.via: gateway, or api.via: none."),
    source="Kubernetes documentation, Ingress (rules know host and path)",
    forceable=False,
)
def api_not_by_ingress(*, fix: Fix) -> Text:
    return Text(
        message=tr(
            "The API reads the model out of a request, which an Ingress cannot, and Envoy Gateway's routes "
            "hang at a Gateway."
        ),
        remedy=tr("Use expose.via: gateway with install: helm, or api.via: none."),
        given="ingress",
        allowed="gateway, port-forward",
        fix=fix,
    )


@error(
    meaning=tr("The API needs an Envoy Gateway that the stack installs by Helm, for it has settings of its own there."),
    example="api: {via: gateway} with expose: {via: gateway, host: chat.example.com, install: market}",
    fix=tr("Use expose.install: helm without expose.gateway, or api.via: none."),
    source="Envoy Gateway v1.9.1, api/v1alpha1/envoygateway_types.go (extensionApis.enableLua, rateLimit.backend); "
    "which release the app market installs is not published",
    forceable=False,
)
def api_needs_own_gateway(*, given: str) -> Text:
    return Text(
        message=tr(
            "The API needs Lua filters and a rate limit service, which are set up where Envoy Gateway is "
            "installed; the stack can do that by Helm only."
        ),
        remedy=tr("Use expose.install: helm without expose.gateway, or api.via: none."),
        given=given,
        allowed="helm",
        fix=(("expose.install", "helm"), ("expose.gateway", None)),
    )


@error(
    meaning=tr("On this version of Kubernetes the newest Envoy Gateway that is tested is too old for the API."),
    example="api: {via: gateway} with cluster: {version: 1.32.2}",
    fix=tr("Use a newer version of Kubernetes."),
    source="gateway.envoyproxy.io, compatibility matrix; the API's objects were run on Envoy Gateway 1.9.1",
    forceable=False,
)
def api_gateway_too_old(*, kubernetes: str, release: str | None, oldest: str, near: str | None) -> Text:
    return Text(
        message=tr(
            "On Kubernetes {kubernetes} Envoy Gateway {release} is the newest that is tested, and the API "
            "needs {oldest} or later.",
            kubernetes=kubernetes,
            release=release,
            oldest=oldest,
        ),
        remedy=tr("Use {near}.", near=near or tr("a newer version of Kubernetes")),
        given=kubernetes,
        allowed=tr("a version on which Envoy Gateway {oldest} is tested", oldest=oldest),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The API has no host name of its own; all of the page's host is the page's."),
    example="api: {via: gateway} with expose: {via: gateway, host: chat.example.com, install: helm}",
    fix=tr("Set expose.apiHost to another name than expose.host."),
    source=_SOURCE,
    forceable=False,
)
def api_host_missing(*, host: str, given: str | None, near: str) -> Text:
    return Text(
        message=tr("{host} is the chat page's, and the API needs a host name of its own.", host=host),
        remedy=tr("Set expose.apiHost, to {near} for example, and let DNS and certificate have it too.", near=near),
        given=given or "",
        allowed=tr("a host name other than {host}", host=host),
        fix=(("expose.apiHost", near),),
    )


@error(
    meaning=tr("Two models, or an adapter and a model, have one name at the API."),
    example="api: {via: gateway} with models: {a: {servedName: chat, …}, chat: {…}}",
    fix=tr("Give one of them another servedName."),
    source=_SOURCE,
    forceable=False,
)
def api_name_twice(*, name: str, models: Sequence[str], near: str | None) -> Text:
    return Text(
        message=tr(
            "Models {models} are both {name} at the API, which knows them by name only.",
            models=joined(models, " and "),
            name=name,
        ),
        remedy=tr("Call one of them {near}.", near=near) if near else tr("Give one of them another name."),
        given=name,
        allowed=tr("a name that no other model has"),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("There are clients, but no API that would ask for their keys."),
    example="clients: {app: {models: [chat]}}   # without api",
    fix=tr("Set api.via: gateway, or take the clients out."),
    source=_SOURCE,
    forceable=False,
)
def clients_without_api() -> Text:
    return Text(
        message=tr("There are clients, but without an API of all models nobody asks for their keys."),
        remedy=tr("Set api.via: gateway, or take clients out."),
        fix=(("api.via", "gateway"),),
    )


@warning(
    meaning=tr("The API has no client, so that nobody can ask it but the chat page."),
    example="api: {via: gateway}   # without clients",
    fix=tr("Name the clients."),
    source=_SOURCE,
)
def api_without_clients(*, page: bool) -> Text:
    return Text(
        message=tr(
            "The API has no client: nobody can ask it{exception}.", exception=tr(" but the chat page") if page else ""
        ),
        remedy=tr("Name whoever is to ask it in clients."),
    )


@error(
    meaning=tr("A client may ask for a model that is not served under that name."),
    example="clients: {app: {models: [chta]}}",
    fix=tr("Use the name that is suggested, or take it out."),
    source=_SOURCE,
    forceable=False,
)
def unknown_api_model(*, name: str, near: str | None, known: Iterable[str]) -> Text:
    return Text(
        message=tr("Nothing is served under the name {name}.", name=name),
        remedy=tr("Use {near}.", near=near) if near else tr("Take it out, or use the name of a model or adapter."),
        given=name,
        allowed=", ".join(known),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("A client has a name by which the stack itself asks the API."),
    example="clients: {webui: {models: [chat]}}",
    fix=tr("Give it another name."),
    source=_SOURCE,
    forceable=False,
)
def client_name_taken(*, name: str, free: str, kept: object) -> Text:
    return Text(
        message=tr("{name} is a name by which the stack itself asks the API.", name=name),
        remedy=tr("Call it {free}.", free=free),
        given=name,
        allowed=tr("any other name"),
        fix=(("", None), (f"clients.{free}", kept)),
    )


@error(
    meaning=tr("There is a key for a client that is not defined."),
    example="pulumi config set --secret --path tke-llm:clientKeys.ap …",
    fix=tr("Name it after a client, or remove it."),
    source=_SOURCE,
)
def client_key_without_client(*, client: str, near: str | None, clients: Iterable[str]) -> Text:
    return Text(
        message=tr("There is a key for {client}, but no client of that name.", client=client),
        remedy=tr("Name it {near}.", near=near) if near else tr("Remove the key, or name it after a client."),
        given=client,
        allowed=", ".join(clients),
    )


@warning(
    meaning=tr("A setting is about the key before, and there is none: the key is the first one, or is given."),
    example="clients: {app: {models: [chat], previousUntil: '2027-06-30'}}   # with keyVersion 1",
    fix=tr("Raise keyVersion, or take the setting out."),
    source=_SOURCE,
)
def no_previous_key(*, client: str, key: str, given: bool) -> Text:
    """`given`: the key is a secret of the stack file, which the stack cannot make anew."""
    why = (
        tr("the key of {client} is given as tke-llm:clientKeys.{client}", client=client)
        if given
        else tr("{client} has its first key", client=client)
    )
    remedy = (
        tr("Take it out; another key is set by `pulumi config set`.")
        if given
        else tr("Raise keyVersion, or take it out.")
    )
    return Text(message=tr("{key} means nothing: {why}.", key=key, why=why), remedy=remedy, fix=(("", None),))
