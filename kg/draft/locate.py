"""Locate: which table, query or file ``traveler init --from`` means, and how to read it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from kg.draft.words import setting_name
from kg.errors import ConfigError
from kg.settings import SourceSettings
from kg.sources import peek_key, peek_rows, table_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from kg.settings import Plant
    from kg.sources.reading import Row, Unreadable

ENDINGS = (".csv", ".tsv", ".json", ".jsonl")
_ENVIRONMENT = re.compile(r"\$\{(\w+)\}")
_PASSWORD = re.compile(r"(?P<before>://[^:/@]*:).*(?P<after>@)|(?P<named>[?&]password=)[^&]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A table: the source it belongs to, and where that is.

    ``name`` and ``table`` are the names that settings allow, ``original`` the table's or file's
    own; ``written`` is the URL or folder as plant.toml says it; ``is_new`` that it does not yet.
    """

    adapter: Literal["sql", "files"]
    name: str
    table: str
    original: str
    settings: SourceSettings
    written: str
    is_new: bool = True

    def check_free(self) -> None:
        """Refuse to draft a table a second time.

        Raises:
            ConfigError: its source has a table of this name.
        """
        if not self.is_new and self.table in {table.name for table in self.settings.tables}:
            raise ConfigError(
                f"source {self.name} has a table {self.table!r} already",
                hint="--dry-run shows what would be proposed now; --name drafts it anew",
            )

    def rows(self) -> Iterator[Row | Unreadable]:
        """Read its rows as they stand.

        Raises:
            SourceError: it is not there, or cannot be read.
        """
        return peek_rows(self.settings, self.original)

    @property
    def secret(self) -> str:
        """Name the environment variable that plant.toml asks for and nobody has set; "" if none."""
        names = [match[1] for match in _ENVIRONMENT.finditer(self.written)]
        return next((name for name in names if name not in os.environ), "")

    def primary_key(self) -> tuple[str, ...]:
        """Give the columns that its database calls its primary key; () for a file."""
        return peek_key(self.settings, self.original) if self.adapter == "sql" else ()


def check_there(given: str) -> None:
    """Refuse a file that is not there.

    Raises:
        ConfigError: names the ones that are.
    """
    path = Path(given)
    if "://" in given or path.is_file():
        return
    others = [str(other) for other in path.parent.glob("*") if other.suffix in ENDINGS]
    near = get_close_matches(given, others, 3, 0.5) or sorted(others)[:5]
    hint = f"there is {', '.join(near)}" if near else "its path is taken from here"
    raise ConfigError(f"there is no file {given}", hint=hint)


def locate(given: str, name: str, plant: Plant | None, folder: Path) -> Place:
    """Find what ``--from`` names; ``folder`` is where plant.toml is, or will be.

    Raises:
        ConfigError: it names no table, an unknown kind of file, or a source that is there already.
    """
    place = _database(given, name, folder) if "://" in given else _file(given, name, folder)
    known = {source.name: source for source in plant.sources} if plant is not None else {}
    if place.name not in known:
        return place
    there = known[place.name]
    if not _is_same(there, place.settings) or not _is_below(there.folder, folder):
        raise ConfigError(
            f"the plant has another source {place.name!r} already",
            hint="give this one a name of its own with --name",
        )
    return Place(
        *(place.adapter, place.name, place.table, place.original),
        settings=there,
        written=place.written,
        is_new=False,
    )


def _database(given: str, name: str, folder: Path) -> Place:
    url, _, table = given.partition("#")
    written, real = url, _ENVIRONMENT.sub(_from_environment, url)
    if url.startswith("sqlite:///"):
        path = Path(real.removeprefix("sqlite:///"))
        real, written = f"sqlite:///{path.resolve()}", f"sqlite:///{_written(path, folder)}"
    stem = Path(re.split(r"[?]", real)[0]).stem
    source = setting_name(name or stem or "database")
    if "${" not in url:
        written = _PASSWORD.sub(lambda found: _hidden(found, source), written)
    settings = SourceSettings(name=source, adapter="sql", url=real)
    if not table:
        table = _only_table(settings, given)
    return Place("sql", source, setting_name(table), table, settings, written)


def _hidden(found: re.Match[str], source: str) -> str:
    """Put the name of a secret in its place: plant.toml is read by many."""
    name = f"${{{source.upper().replace('-', '_')}_PASSWORD}}"
    if found["named"]:
        return f"{found['named']}{name}"
    return f"{found['before']}{name}{found['after']}"


def _from_environment(match: re.Match[str]) -> str:
    if match[1] not in os.environ:
        raise ConfigError(f"${{{match[1]}}} is not set", hint=f"export {match[1]}=…")
    return os.environ[match[1]]


def _only_table(settings: SourceSettings, given: str) -> str:
    names = table_names(settings)
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names[:40]) + (", …" if len(names) > 40 else "")
    raise ConfigError(
        f"{given.rsplit('@', 1)[-1]} has {len(names)} tables: say which",
        hint=f"--from '…#TABLE', one of {listed}" if names else "it is empty",
    )


def _file(given: str, name: str, folder: Path) -> Place:
    path = Path(given)
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"cannot tell what {given} is",
            hint=f"a file that ends in {', '.join(ENDINGS)}, or a URL: sqlite:///erp.sqlite#job",
        )
    source = setting_name(name or path.stem)
    settings = SourceSettings(name=source, adapter="files", path=str(path.resolve().parent))
    written = _written(path.parent, folder)
    return Place("files", source, setting_name(path.stem), path.name, settings, written)


def _written(path: Path, folder: Path) -> str:
    """Write a path from plant.toml's folder if it is near, so that both can move together."""
    whole, start = path.resolve(), folder.resolve()
    is_near = whole.is_relative_to(start.parent) and start.parent != Path(start.anchor)
    return Path(os.path.relpath(whole, start)).as_posix() if is_near else whole.as_posix()


def _is_same(one: SourceSettings, other: SourceSettings) -> bool:
    return (one.adapter, one.url, one.path) == (other.adapter, other.url, other.path)


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
