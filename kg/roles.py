"""Roles: who may ask a plant for what, and what of its answers a role does not see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from kg.adapters import Section

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ScopeName = Literal[
    "context:read", "sparql:read", "records:write", "notes:write", "quarantine:admin", "plant:admin"
]
SCOPES: tuple[ScopeName, ...] = (
    "context:read",
    "sparql:read",
    "records:write",
    "notes:write",
    "quarantine:admin",
    "plant:admin",
)
"""What may be done: read answers, ask SPARQL, send records, send notes, settle what waits in
quarantine, and what concerns the whole plant: accept candidates and make backups."""
WHOLE: frozenset[str] = frozenset({"sparql:read", "quarantine:admin", "plant:admin"})
"""Scopes that show records as they are, and so go with roles that see everything."""
SOURCE = "source:"
SHIFT_MINUTES = 480.0
YEAR_MINUTES = 525_600.0
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Signatures by a key pair (RFC 7518, section 3.1; RFC 8037): who can check one can make none."""
_HIDES = re.compile(r"source:[A-Za-z][\w-]*|[a-z][a-z0-9]*:[A-Za-z]\w*|https?://[^\s<>\"{}|\\^`]+")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class RoleSettings(Section):
    """A role: what it may do, what is withheld from it, and how long a browser stays signed in.

    ``requests_per_minute`` and ``burst`` are of each key or person that has it; where one is left
    out, that of ``[access]`` holds.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    scopes: Annotated[tuple[ScopeName, ...], Field(min_length=1)]
    hides: tuple[str, ...] = ()
    session_minutes: float = Field(default=SHIFT_MINUTES, gt=0, le=YEAR_MINUTES)
    requests_per_minute: float | None = Field(default=None, gt=0)
    burst: int | None = Field(default=None, ge=1)

    @field_validator("hides")
    @classmethod
    def _is_named(cls, hides: tuple[str, ...]) -> tuple[str, ...]:
        for name in hides:
            if not _HIDES.fullmatch(name):
                raise ValueError(
                    f"hides: {name!r} must be source:NAME, or a property or class: tr:unitPrice"
                )
        return hides

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.hides and (open_ := WHOLE.intersection(self.scopes)):
            raise ValueError(
                f"role {self.name} hides something, and {min(open_)} shows everything:"
                " give it one of the two"
            )
        return self


BUILT_IN = (
    RoleSettings(name="reader", scopes=("context:read",)),
    RoleSettings(name="analyst", scopes=("context:read", "sparql:read")),
    RoleSettings(name="sender", scopes=("records:write",)),
    RoleSettings(
        name="kiosk", scopes=("context:read", "notes:write"), session_minutes=YEAR_MINUTES
    ),
    RoleSettings(name="admin", scopes=SCOPES),
)
"""Roles that every plant has; a ``[[role]]`` of the same name takes the place of one."""


class OidcSettings(Section):
    """An identity provider (OpenID Connect Core 1.0), whose tokens are believed.

    ``roles`` says which values of ``role_claim`` mean which role; the first that fits counts.
    With ``client_id``, ``authorize_url`` and ``token_url`` people sign in there by browser.
    """

    issuer: str
    audience: str = Field(min_length=1)
    jwks_url: str
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256",)
    role_claim: str = Field(default="roles", min_length=1)
    roles: Annotated[dict[str, str], Field(min_length=1)]
    leeway_seconds: float = Field(default=30.0, ge=0, le=300)
    jwks_timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    client_id: str = ""
    client_secret: str = Field(default="", repr=False)
    client_secret_file: str = ""
    authorize_url: str = ""
    token_url: str = ""

    @field_validator("issuer", "jwks_url", "authorize_url", "token_url")
    @classmethod
    def _is_safe(cls, address: str) -> str:
        parts = urlsplit(address)
        is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if address and (parts.username or not (parts.scheme == "https" or is_local)):
            shown = re.sub(r"//[^/]*@", "//…@", address)
            raise ValueError(f"{shown!r} must be an https address without a user in it")
        return address

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        flow = (self.client_id, self.authorize_url, self.token_url)
        if any(flow) and not all(flow):
            raise ValueError("signing in by browser needs client_id, authorize_url and token_url")
        return self


class AccessSettings(Section):
    """How access is given: where keys and the audit log lie, how often one may ask.

    ``url`` is the address by which browsers know this server, ``hosts`` other names it goes by.
    """

    keys: Path = Path("keys.sqlite")
    audit: Path = Path("audit")
    audit_megabytes: float = Field(default=64.0, gt=0)
    audit_files: int = Field(default=100, ge=1)
    requests_per_minute: float = Field(default=600.0, gt=0)
    burst: int = Field(default=100, ge=1)
    url: str = ""
    hosts: tuple[str, ...] = ()
    oidc: OidcSettings | None = None

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", url):
            raise ValueError(f"{url!r} must be an address such as https://traveler.example")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.oidc is not None and self.oidc.client_id and not self.url:
            raise ValueError("signing in by browser needs url, to which the provider leads back")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The host names that requests may be meant for, beside the one it listens on."""
        own = urlsplit(self.url).hostname
        return (*self.hosts, *([own] if own else []))

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers come by TLS."""
        return self.url.startswith("https://")


class McpSettings(Section):
    """What models may ask beside the answers; ``run_sparql`` gives them queries of their own."""

    run_sparql: bool = False


def check_roles(
    access: AccessSettings | None, roles: Sequence[RoleSettings], sources: Collection[str]
) -> None:
    """See that roles are told apart, and name what there is.

    Raises:
        ValueError: two share a name, or a role or a source is named that the plant has not.
    """
    names = [role.name for role in roles]
    if twice := sorted(name for name in set(names) if names.count(name) > 1):
        raise ValueError(f"two roles are called {twice[0]}")
    known = {role.name for role in BUILT_IN}.union(names)
    if access is not None and access.oidc is not None:
        for role in access.oidc.roles.values():
            if role not in known:
                raise ValueError(f"access.oidc.roles: there is no role {role!r}")
    for role_ in roles:
        for hidden in role_.hides:
            if hidden.startswith(SOURCE) and hidden.removeprefix(SOURCE) not in sources:
                raise ValueError(f"role {role_.name} hides {hidden}, and the plant has none")
