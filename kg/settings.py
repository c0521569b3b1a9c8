"""What a plant and its sources are told by their files: plant.toml and source.toml."""

from __future__ import annotations

import hmac
import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator

from kg import assets
from kg.adapters import (
    CursorSettings,
    HttpSettings,
    MtconnectSettings,
    OpcuaSettings,
    ReconcileSettings,
    Share,
)
from kg.adapters import Section as _Section
from kg.environment import SECRETS, expand_secrets, read_toml
from kg.errors import ConfigError
from kg.roles import BUILT_IN, AccessSettings, McpSettings, RoleSettings, check_roles

_T = TypeVar("_T", bound="_Section")
OWN_SOURCE = "traveler"
"""The source of what people decided: every plant has it, and its records are written here only."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"no time zone {name!r}; use an IANA name such as Europe/Stockholm or UTC"
        ) from error
    return name


def _check_address(name: str, address: str) -> None:
    if not re.fullmatch(r"https?://[^\s/@]+(/[^\s]*)?", address):
        shown = re.sub(r"//[^/]*@", "//…@", address)
        raise ValueError(
            f"{name}: {shown!r} must be an http(s) address without a user or password in it"
        )


class FoldSettings(_Section):
    """How a table's events become present state (``open-close`` makes runs)."""

    kind: Literal["open-close", "latest"]
    pair: tuple[str, ...] = ()
    sum: tuple[str, ...] = ()
    subject: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.kind == "open-close" and not self.pair:
            raise ValueError("an open-close fold needs pair = [properties that must agree]")
        if self.kind == "latest" and not self.subject:
            raise ValueError("a latest fold needs subject = the property that leads to its subject")
        return self


class TableSettings(_Section):
    """One table, file or topic of a source."""

    name: Name
    mapping: str
    key: tuple[str, ...] = Field(min_length=1)
    query: str = ""
    table: str = ""
    file: str = ""
    done: str = ""
    settle_seconds: float = Field(default=2.0, ge=0, le=600)
    cursor: CursorSettings | None = None
    reconcile: ReconcileSettings | None = None
    allow_empty: bool = False
    allow_drop: Share = 0.2
    where: dict[str, str | list[str]] = {}
    arrives: Literal["snapshot", "changes", "events"] = "snapshot"
    row: Literal["state", "event", "interval"] = "state"
    changed: tuple[str, ...] = ()
    event_time: str = ""
    version: str = ""
    times: dict[str, str] = {}
    decimal: Literal[".", ","] = "."
    required: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    free_text: tuple[str, ...] = ()
    topic: str = ""
    push: bool = False
    nodes: tuple[str, ...] = ()
    fold: FoldSettings | None = None

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        parts = topic.split("/")
        names = [part[1:-1] for part in parts if part.startswith("{")]
        is_whole = all(
            re.fullmatch(r"\{\w+\}|\+|[^+#{}\0]*", part) or (part == "#" and number == len(parts))
            for number, part in enumerate(parts, 1)
        )
        if not is_whole or len(set(names)) < len(names):
            raise ValueError(
                f"topic {topic!r} must be levels such as factory/{{machine}}/state, where {{name}}"
                " becomes a column, + is any one level, and # at the end is any more of them"
            )
        return topic

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.row == "event" and not self.event_time:
            raise ValueError(f"table {self.name}: events need event_time = their time column")
        if self.fold is not None and self.row != "event":
            raise ValueError(f"table {self.name}: a fold needs row = 'event'")
        if self.cursor is not None and self.arrives == "snapshot":
            raise ValueError(
                f"table {self.name}: with a cursor a reading gives only what is new:"
                " say arrives = 'changes' or 'events'"
            )
        if self.reconcile is not None and (self.cursor is None or self.arrives != "changes"):
            raise ValueError(
                f"table {self.name}: reconcile is for arrives = 'changes' with a [table.cursor];"
                " a snapshot is compared whenever it is read"
            )
        needed = {*self.key, *self.changed, *self.where, self.event_time, self.version}
        if erasable := needed.intersection((*self.personal, *self.free_text)):
            raise ValueError(
                f"table {self.name}: {min(erasable)} tells rows or their times apart,"
                " so it cannot be personal or free_text, which may be erased"
            )
        if self.done and self.arrives != "snapshot":
            raise ValueError(f"table {self.name}: done marks a whole snapshot, not {self.arrives}")
        return self

    def time_form(self, column: str) -> str:
        """Give how a column writes its times; ``iso`` where nothing is said."""
        return self.times.get(column, "iso")


class SourceSettings(_Section):
    """One connected system: how to reach it, how it writes, who owns it, how far to trust it."""

    name: Name
    title: str = ""
    system: str = ""
    owner: str = ""
    authority: int = 50
    adapter: Literal["sql", "files", "http", "mtconnect", "opcua", "push", "mqtt", "sparkplug"]
    url: str = Field(default="", repr=False)
    path: str = ""
    user: str = Field(default="", repr=False)
    user_file: str = ""
    password: str = Field(default="", repr=False)
    password_file: str = ""
    token: str = Field(default="", repr=False)
    token_file: str = ""
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str = ""
    host_id: str = ""
    groups: tuple[str, ...] = ()
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    zone: str = ""
    placeholders: tuple[str, ...] = ()
    every_seconds: float | None = Field(default=None, gt=0)
    stale_after_seconds: float = 86_400.0
    covers: tuple[str, ...] | None = None
    http: HttpSettings = HttpSettings()
    mtconnect: MtconnectSettings = MtconnectSettings()
    opcua: OpcuaSettings = OpcuaSettings()
    lookup: dict[str, dict[str, str]] = {}
    tables: tuple[TableSettings, ...] = ()
    folder: Path = Path()

    _zone = field_validator("zone")(lambda zone: _check_zone(zone) if zone else zone)

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        for table in self.tables:
            if bool(table.topic) != (self.adapter == "mqtt"):
                needs = "needs a" if self.adapter == "mqtt" else "of this adapter has no"
                raise ValueError(f"table {table.name} {needs} topic")
            if bool(table.nodes) != (self.adapter == "opcua"):
                needs = "needs" if self.adapter == "opcua" else "of this adapter has no"
                raise ValueError(f"table {table.name} {needs} nodes")
            self._check_cursor(table)
        if self.password and not self.user:
            raise ValueError("a password needs a user")
        if self.adapter in {"http", "mtconnect"}:
            _check_address("url", self.url)
        return self

    def _check_cursor(self, table: TableSettings) -> None:
        if self.adapter not in {"sql", "http"} and table.cursor is not None:
            raise ValueError(f"table {table.name}: only adapters sql and http have a cursor")
        if self.adapter != "sql" and table.reconcile is not None:
            raise ValueError(f"table {table.name}: reconcile is for adapter sql")
        if self.adapter == "mtconnect" and table.arrives == "snapshot":
            raise ValueError(
                f"table {table.name}: an agent gives observations one by one:"
                " say arrives = 'events' or 'changes'"
            )
        has_parameter = self.http.paging == "odata" or (table.cursor and table.cursor.parameter)
        if self.adapter == "http" and table.cursor is not None and not has_parameter:
            raise ValueError(
                f"table {table.name}: its cursor needs parameter = the one that takes a time"
            )

    def is_token(self, given: str) -> bool:
        """Tell whether this is its token, in the same time whatever was given."""
        token = given.encode("latin-1", "replace")  # headers are bytes, read as Latin-1
        return bool(self.token) and hmac.compare_digest(token, self.token.encode())

    def is_pushed(self, table: TableSettings) -> bool:
        """Tell whether records of a table may be sent to us by whoever has them."""
        return self.adapter == "push" or table.push

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """The zone of times that carry no offset."""
        return ZoneInfo(self.zone or "UTC")

    def table(self, name: str) -> TableSettings:
        """Find a table by name.

        Raises:
            ConfigError: source.toml has no such table.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise ConfigError(
            f"source {self.name} has no table {name!r}",
            hint=f"its tables are {', '.join(table.name for table in self.tables)}",
        )


class StoreSettings(_Section):
    """Where the graph and the journal live, below the plant's folder or in a SPARQL server.

    They are apart: the graph can be deleted and rebuilt, the journal is the memory.
    """

    path: Path = Path("store")
    journal: Path = Path("journal.sqlite")
    endpoint: str = ""
    update: str = ""
    graph_store: str = ""
    user: str = Field(default="", repr=False)
    user_file: str = ""
    password: str = Field(default="", repr=False)
    password_file: str = ""
    timeout_seconds: float = Field(default=60.0, gt=0)
    free_mb_stop: float = Field(default=200.0, ge=0)
    ballast_mb: float = Field(default=64.0, ge=0)

    @field_validator("endpoint", "update", "graph_store")
    @classmethod
    def _is_address(cls, address: str) -> str:
        if address:
            _check_address("it", address)
        return address

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if bool(self.endpoint) != bool(self.update):
            raise ValueError("a SPARQL server needs endpoint, to ask, and update, to write")
        if not self.endpoint and (self.graph_store or self.user or self.password):
            raise ValueError("graph_store, user and password need an endpoint")
        if bool(self.user) != bool(self.password):
            raise ValueError("user and password belong together")
        return self

    @property
    def account(self) -> tuple[str, str] | None:
        """The user and password at the SPARQL server; None where it asks for none."""
        return (self.user, self.password) if self.user else None


class Plant(_Section):
    """A plant: its name, base IRI, zone, store and connected sources."""

    name: str
    base: str
    zone: str = "UTC"
    horizon_days: float | None = Field(None, gt=0)
    store: StoreSettings = StoreSettings()
    sources: tuple[SourceSettings, ...] = ()
    access: AccessSettings | None = None
    roles: tuple[RoleSettings, ...] = ()
    mcp: McpSettings = McpSettings()
    path: Path = Path("plant.toml")

    _zone = field_validator("zone")(_check_zone)

    @field_validator("base")
    @classmethod
    def _is_base(cls, base: str) -> str:
        if not re.fullmatch(r"https?://[^\s<>\"{}|\\^`#?]+/", base):
            raise ValueError(f"base {base!r} must be an http(s) IRI that ends with /")
        return base

    @model_validator(mode="after")
    def _roles_agree(self) -> Self:
        check_roles(self.access, self.roles, [source.name for source in self.sources])
        return self

    @property
    def folder(self) -> Path:
        """Where the file that describes it is."""
        return self.path.parent

    @property
    def store_path(self) -> Path:
        """The folder that holds the graph's generations."""
        return self.folder / self.store.path

    @property
    def journal_path(self) -> Path:
        """The journal's SQLite file."""
        return self.folder / self.store.journal

    @property
    def every_source(self) -> tuple[SourceSettings, ...]:
        """The connected sources, and that of what people decided: all that records can be of."""
        return (*self.sources, _own_source(assets.mappings_folder() / OWN_SOURCE))

    @property
    def every_role(self) -> dict[str, RoleSettings]:
        """The roles that keys and people can have, by name."""
        return {role.name: role for role in (*BUILT_IN, *self.roles)}

    def source(self, name: str) -> SourceSettings:
        """Find a connected source by name.

        Raises:
            ConfigError: the plant has no such source.
        """
        for source in self.sources:
            if source.name == name:
                return source
        raise ConfigError(f"the plant has no source {name!r}", hint="see plant.toml")


def load_plant(path: Path) -> Plant:
    """Read plant.toml and the source.toml of each of its sources.

    Raises:
        ConfigError: a file is missing, is no TOML, or holds an impossible setting.
    """
    if path.is_dir():
        path = path / "plant.toml"
    document = read_toml(path, {"plant", "store", "source", "access", "role", "mcp"})
    folder = path.resolve().parent
    head = dict(document.get("plant", {}))
    zone = str(head.get("zone", "UTC"))
    sources = [_load_source(entry, folder, zone, path) for entry in document.get("source", [])]
    store = expand_secrets(dict(document.get("store", {})), folder, path, "[store]")
    head |= {"store": store, "sources": sources, "path": path.resolve()}
    head["mcp"] = document.get("mcp", {})
    head |= {"access": _access(document, folder, path), "roles": document.get("role", [])}
    plant = _validate(Plant, head, path)
    names = [OWN_SOURCE, *(source.name for source in plant.sources)]
    if len(set(names)) != len(names):
        hint = f"give each a name of its own; {OWN_SOURCE} is that of what people decide here"
        raise ConfigError(f"{path}: two sources share one name", hint=hint)
    return plant


def load_source(folder: Path, overrides: dict[str, Any] | None = None) -> SourceSettings:
    """Read one mapping folder's source.toml; ``overrides`` win over what it says.

    Raises:
        ConfigError: it is missing, no TOML, or holds an impossible setting.
    """
    path = folder / "source.toml"
    document = read_toml(path, {"source", "table", "lookup"})
    if secret := set(SECRETS).intersection(document.get("source", {})):
        raise ConfigError(
            f"{path}: {min(secret)} stands in the open",
            hint="it belongs into the plant's own file: see README, Settings",
        )
    head = dict(document.get("source", {})) | (overrides or {})
    head |= {
        "tables": document.get("table", []),
        "lookup": document.get("lookup", {}),
        "folder": folder,
    }
    return _validate(SourceSettings, head, path)


_own_source = lru_cache(maxsize=1)(load_source)


def _load_source(entry: dict[str, Any], folder: Path, zone: str, path: Path) -> SourceSettings:
    given = {key: value for key, value in entry.items() if key != "mapping"}
    overrides = expand_secrets(given, folder, path, "[[source]]")
    if "mapping" not in entry:
        raise ConfigError(f"{path}: a [[source]] has no mapping", hint='mapping = "mappings/erp"')
    mapping = assets.find_mapping(str(entry["mapping"]), folder)
    source = load_source(mapping, overrides)
    updates: dict[str, Any] = {"zone": source.zone or zone}
    for name in ("path", "ca_file", "cert_file", "key_file"):
        if given_path := getattr(source, name):
            updates[name] = str((folder / given_path).resolve())
    if source.url.startswith("sqlite:///") and not source.url.startswith("sqlite:////"):
        updates["url"] = f"sqlite:///{(folder / source.url.removeprefix('sqlite:///')).resolve()}"
    return source.model_copy(update=updates)


def _access(document: dict[str, Any], folder: Path, path: Path) -> dict[str, Any] | None:
    if "access" not in document and "role" in document:
        raise ConfigError(f"{path}: a [[role]] without [access]", hint="write [access] too")
    if "access" not in document:
        return None
    access = dict(document["access"])
    if "oidc" in access:
        names = ("client_secret",)
        access["oidc"] = expand_secrets(access["oidc"], folder, path, "[access.oidc]", names)
    return access


def _validate(model: type[_T], values: dict[str, Any], path: Path) -> _T:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path}: {where}: {message}", hint="see README, plant.toml") from error
