"""The gate of a served plant: knows who asks by what he brings, and how often he may."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from kg import assets
from kg.access.audit import Audit
from kg.access.buckets import Buckets
from kg.access.flow import Flow
from kg.access.hiding import NOTHING, compile_hiding
from kg.access.keys import MARK, Keys
from kg.access.principal import OWNER, Principal
from kg.access.tokens import Tokens
from kg.errors import AccessError, ConfigError
from kg.reason.rules import load_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kg.access.keys import Key, Session
    from kg.access.tokens import Claimed
    from kg.reason.rules import RuleSet
    from kg.roles import AccessSettings
    from kg.settings import Plant

OWNER_MARK = "tvo_"
LOOPBACK_NAMES = ("localhost",)


class Gate:
    """Admits whoever brings a key, a token or a session of one plant; any thread may ask.

    ``clock`` is the wall clock, by which keys and tokens end whatever a plant's own clock says;
    ``ticks`` gives seconds that never go back, for limits.
    """

    def __init__(
        self,
        plant: Plant,
        access: AccessSettings,
        rules: RuleSet,
        ontology: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        """Open keys and audit log.

        Raises:
            ConfigError: one of them cannot be used, a role hides what there is not, or PyJWT lacks.
        """
        self.access = access
        self.clock = clock
        self.ticks = ticks
        self._roles = plant.every_role
        hides = any(role.hides for role in self._roles.values())
        terms = load_graph(ontology) if hides else None
        self._hidings = {
            name: compile_hiding(role, rules, terms) if terms is not None else NOTHING
            for name, role in self._roles.items()
        }
        self.tokens = Tokens(access.oidc, clock, ticks) if access.oidc else None
        self.flow = None
        if access.oidc and access.oidc.client_id and self.tokens:
            self.flow = Flow(access.oidc, self.tokens, ticks)
        self.keys = Keys(keys_path(plant, access))
        self._known: dict[str, tuple[Key, Principal]] = {}
        folder = plant.folder / access.audit
        self.audit = Audit(folder, access.audit_megabytes, access.audit_files, clock)
        self.limits = Buckets(access.requests_per_minute, access.burst, ticks)
        self._limits_of = {
            role.name: Buckets(
                role.requests_per_minute or access.requests_per_minute,
                role.burst or access.burst,
                ticks,
            )
            for role in self._roles.values()
            if role.requests_per_minute or role.burst
        }
        self.owner_token = OWNER_MARK + secrets.token_urlsafe(32)

    def close(self) -> None:
        """Let go of the files."""
        self.keys.close()
        self.audit.close()

    # ---- who asks

    def by_bearer(self, given: str) -> Principal:
        """Tell who brings a key or a token; may ask the identity provider for its keys.

        Raises:
            AccessError: it opens nothing.
        """
        if given.startswith(OWNER_MARK):
            if hmac.compare_digest(given.encode("utf-8", "replace"), self.owner_token.encode()):
                return OWNER
            raise AccessError("this server was started anew", hint="run the command again")
        if given.startswith(MARK):
            return self.by_key(given)
        if self.tokens is None:
            raise AccessError("this is no key", hint=f"keys begin with {MARK}")
        return self.of_claimed(self.tokens.read(given))

    def of_claimed(self, claimed: Claimed) -> Principal:
        """Give whom the identity provider named."""
        until = datetime.fromtimestamp(claimed.expires_at, UTC)
        return self._of_role(
            claimed.role, claimed.name, f"token:{claimed.subject}", until=until, means="token"
        )

    def by_key(self, given: str) -> Principal:
        """Tell who brings a key.

        Raises:
            AccessError: it opens nothing.
        """
        key = self.keys.find(given, self.clock())
        if key is None:
            raise AccessError(
                "the key opens nothing: it is unknown, revoked or expired",
                hint="traveler keys list names those that do",
            )
        known = self._known.get(key.prefix)
        if known is None or known[0] is not key:
            principal = self._of_role(
                key.role, key.name, f"key:{key.prefix}", until=key.expires_at, key=key
            )
            known = self._known[key.prefix] = key, principal
        return known[1]

    def is_slow(self, given: str) -> bool:
        """Tell whether to know who brings this can take long: the identity provider is asked."""
        return self.tokens is not None and not given.startswith((MARK, OWNER_MARK))

    def by_session(self, secret: str) -> Principal:
        """Tell whose browser it is.

        Raises:
            AccessError: the session is over.
        """
        found = self.keys.find_session(secret, self.clock())
        if found is None:
            raise AccessError("the session is over", hint="sign in again at /signin")
        session, key = found
        return self._of_session(session, key)

    def limits_of(self, principal: Principal) -> Buckets:
        """Give the limits that hold for somebody: those of the role, where it has its own."""
        return self._limits_of.get(principal.role, self.limits)

    def is_still(self, principal: Principal) -> bool:
        """Tell whether somebody who was admitted still would be."""
        now = self.clock()
        if principal.until is not None and now >= principal.until:
            return False
        if principal.key is None:
            return True
        return any(key.prefix == principal.key and key.is_good(now) for key in self.keys.all())

    def _of_session(self, session: Session, key: Key | None) -> Principal:
        identity = f"key:{key.prefix}" if key else f"person:{session.name}"
        return self._of_role(
            session.role, session.name, identity, until=session.expires_at, key=key, means="session"
        )

    def _of_role(
        self,
        role: str,
        name: str,
        identity: str,
        *,
        until: datetime | None,
        key: Key | None = None,
        means: str = "key",
    ) -> Principal:
        settings = self._roles.get(role)
        if settings is None:
            raise AccessError(
                f"the role {role} of {name} is none of this plant's", hint="see [[role]]"
            )
        scopes = frozenset(settings.scopes)
        if key is not None and key.scopes:
            scopes &= frozenset(key.scopes)
        prefix = key.prefix if key else None
        hiding = self._hidings[role]
        return Principal(name, role, scopes, means, identity, hiding, prefix, until)  # type: ignore[arg-type]

    # ---- browsers

    def open_session(self, principal: Principal) -> tuple[str, datetime]:
        """Sign a browser in for somebody who brought a key or token; gives its secret, and the end.

        It lasts as long as the role's sessions do, and no longer than the key.
        """
        now = self.clock()
        end = now + timedelta(minutes=self._roles[principal.role].session_minutes)
        if principal.key is not None and principal.until is not None:
            end = min(end, principal.until)
        secret = self.keys.open_session(principal.name, principal.role, principal.key, now, end)
        return secret, end


@contextmanager
def open_gate(plant: Plant, rules: RuleSet) -> Iterator[Gate | None]:
    """Open the gate of a plant that says who may ask; None for one that does not.

    Raises:
        ConfigError: see ``Gate``.
    """
    if plant.access is None:
        yield None
        return
    gate = Gate(plant, plant.access, rules, assets.ontology_folder())
    with closing(gate):
        yield gate


def keys_path(plant: Plant, access: AccessSettings) -> Path:
    """Give where a plant's keys are."""
    return plant.folder / access.keys


def require_access(plant: Plant, host: str) -> None:
    """Let nobody beyond this machine ask a plant that does not say who may.

    Raises:
        ConfigError: the address is not of this machine alone, and there is no [access].
    """
    if plant.access is None and not is_loopback(host):
        raise ConfigError(
            f"will not serve on {host}: plant.toml does not say who may ask",
            hint="write [access] into plant.toml, make a key by traveler keys add NAME --role"
            " reader, and serve again; or serve on 127.0.0.1",
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address; a name may lead anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES
