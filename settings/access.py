"""Who gets in: the way to the page and the API, single sign-on, and who may talk to whom inside."""

from typing import Literal

from pydantic import Field

from settings.names import CloudId, GatewayName, Hostname, NamespaceThere, ObjectName, OneLine, Scopes, Url, Word
from settings.section import Section
from settings.values import Cidr, Flag


class Tls(Section):
    """Where the certificate comes from."""

    secret: ObjectName | None = Field(default=None, description="Name of a TLS Secret in the namespace.")
    certificate_id: CloudId | None = Field(
        default=None, description="Id of a certificate in Tencent Cloud SSL (class qcloud)."
    )
    issuer: ObjectName | None = Field(
        default=None, description="cert-manager ClusterIssuer that makes the certificate."
    )


class Expose(Section):
    """How people reach the chat page and the API."""

    via: Literal["port-forward", "gateway", "ingress"] = Field(default="port-forward", description="How it is exposed.")
    host: Hostname | None = Field(default=None, description="Host name of the chat page.")
    api_host: Hostname | None = Field(default=None, description="Host name of the API; absent: under the page's.")
    tls: Tls | None = Field(
        default=None, description="Certificate; absent: plain HTTP, refused where everyone on the Internet gets in."
    )
    internal: Flag = Field(default=False, description="A load balancer inside the VPC only.")
    allow: tuple[Cidr, ...] = Field(
        default=(), max_length=1000, description="Address ranges that may reach the load balancer."
    )
    install: Literal["market", "helm", "none"] = Field(
        default="market", description="Envoy Gateway: from the TKE app market, by Helm, or there already."
    )
    gateway: GatewayName | None = Field(
        default=None, description="`namespace/name` of an existing Gateway to attach to."
    )
    ingress_class: ObjectName = Field(default="qcloud", description="Ingress class.")
    direct_access: Flag = Field(default=False, description="CLB straight to pods instead of NodePorts (class qcloud).")

    def installs_envoy(self) -> bool:
        """Whether people come by Envoy Gateway and this is not said to be there already, whatever Gateway is named."""
        return self.via == "gateway" and self.install != "none"

    def scheme(self) -> str:
        """What public addresses begin with."""
        return "http" if self.tls is None else "https"


class Oidc(Section):
    """Single sign-on; the client secret is `tke-llm:oidcClientSecret`."""

    provider_url: Url = Field(description="Address of the OpenID configuration document.")
    client_id: Word = Field(description="Client id.")
    provider_name: OneLine = Field(default="SSO", description="Name on the login button.")
    scopes: Scopes = Field(default="openid email profile", description="Scopes asked for.")
    sign_up: Flag = Field(default=True, description="Make an account at a person's first login.")


class NetworkPolicy(Section):
    """Who may talk to whom in the namespace: nobody, but for what the stack needs and what is named here."""

    enabled: Flag = Field(
        default=True, description="Close the namespace by NetworkPolicies; `networkPolicy: false` for short."
    )
    addon: Flag = Field(default=True, description="Install the TKE add-on that enforces them (a cluster of our own).")
    admit: tuple[NamespaceThere, ...] = Field(
        default=(),
        max_length=100,
        description="Further namespaces whose pods may reach the chat page and the API, such as an Ingress "
        "controller's.",
    )
    reach: tuple[Cidr, ...] = Field(
        default=(),
        max_length=100,
        description="Private address ranges that downloads may reach, such as a mirror of your own.",
    )
