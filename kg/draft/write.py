"""Write: a drafted table as source.toml, YARRRML and an entry of plant.toml."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.draft.meanings import codes_of
from kg.draft.yarrrml import mapping_text
from kg.errors import ConfigError, printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kg.draft.locate import Place
    from kg.draft.propose import Meaning, Proposal

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Written:
    """The files that were written, in the order to look at them."""

    mapping: Path
    source: Path
    plant: Path


@dataclass(frozen=True, slots=True)
class NewPlant:
    """What plant.toml of a new plant says."""

    name: str
    base: str
    zone: str


def write_draft(
    place: Place, proposal: Proposal, folder: Path, plant_file: Path, new: NewPlant | None
) -> Written:
    """Write the mapping, its table into source.toml, and its source into plant.toml.

    ``folder`` is the mapping's; ``new`` is given where there is no plant.toml yet.

    Raises:
        ConfigError: a file to be written is there already, or would not be TOML any more.
    """
    place.check_free()
    mapping, source = folder / f"{place.table}.yml", folder / "source.toml"
    if mapping.exists():
        raise ConfigError(
            f"{mapping} is there already",
            hint="remove it and its [[table]], or give this draft another --name",
        )
    settings = _appended(source, table_text(place, proposal), source_text(place))
    plant = plant_text(new) if new is not None else plant_file.read_text(encoding="utf-8")
    if place.is_new:
        plant = f"{plant.rstrip()}\n\n{entry_text(place, folder, plant_file)}"
    _check_toml(settings, source)
    _check_toml(plant, plant_file)
    folder.mkdir(parents=True, exist_ok=True)
    mapping.write_text(mapping_text(proposal), encoding="utf-8")
    source.write_text(settings, encoding="utf-8")
    plant_file.write_text(plant, encoding="utf-8")
    return Written(mapping, source, plant_file)


def plant_text(new: NewPlant) -> str:
    """Write the head of a new plant.toml."""
    return (
        f"[plant]\nname = {_quote(new.name)}\n"
        f"base = {_quote(new.base)}  # what every IRI begins with: settle it before loading\n"
        f"zone = {_quote(new.zone)}  # of times that carry no offset\n\n"
        '[store]\npath = "store"\n'
    )


def entry_text(place: Place, folder: Path, plant_file: Path) -> str:
    """Write the [[source]] that connects a drafted mapping."""
    mapping = folder.resolve().relative_to(plant_file.resolve().parent).as_posix()
    where = "url" if place.adapter == "sql" else "path"
    return (
        f"[[source]]\nname = {_quote(place.name)}\nmapping = {_quote(mapping)}\n"
        f"{where} = {_quote(place.written)}\n"
    )


def source_text(place: Place) -> str:
    """Write the head of a new source.toml."""
    where = "url" if place.adapter == "sql" else "path"
    return (
        "# Drafted by `traveler init`. Say here what the records cannot: who owns the system, how\n"
        "# far to trust it, how often it speaks. Where it is ("
        + where
        + ") stands in plant.toml.\n"
        f"\n[source]\nname = {_quote(place.name)}\nadapter = {_quote(place.adapter)}\n"
        '# system = "ERP"\n# owner = "who answers for it"\n'
        "# authority = 50               # whose word counts where two systems differ\n"
        "# stale_after_seconds = 86400  # how long it may stay silent\n"
        '# zone = "Europe/Stockholm"    # of its times without an offset; else the plant\'s\n'
    )


def table_text(place: Place, proposal: Proposal) -> str:
    """Write the [[table]] of a drafted mapping, and its code lists."""
    lines = ["[[table]]", f"name = {_quote(place.table)}", f'mapping = "{place.table}.yml"']
    if place.adapter == "files":
        lines.append(f"file = {_quote(place.original)}")
    elif place.original != place.table:
        lines.append(f"table = {_quote(place.original)}")
    lines.append(f"key = {_array(proposal.key)}  # {printable(proposal.key_reason)}")
    lines += [*_event_lines(proposal), *_time_lines(proposal)]
    lines += [*_writing_lines(proposal), *_personal_lines(proposal)]
    for meaning in proposal.meanings:
        if meaning.scheme:
            lines += ["", *_lookup_lines(meaning)]
    return "\n".join(lines) + "\n"


def _writing_lines(proposal: Proposal) -> list[str]:
    lines = ['decimal = ","'] if proposal.decimal == "," else []
    if proposal.placeholders:
        lines.append(f"placeholders = {_array(proposal.placeholders)}")
    for column in proposal.profile.columns:
        if column.suspect:
            dummy, name = _quote(column.suspect), _quote(column.name)
            lines.append(f"# {dummy} stands in many rows of {name}: a placeholder as well?")
    return lines


def _personal_lines(proposal: Proposal) -> list[str]:
    if proposal.class_name != "Person":
        return []
    names = [
        m.column for m in proposal.meanings if m.kind == "label" and m.column not in proposal.key
    ]
    return [f"personal = {_array(names)}  # kept apart, and erasable"] if names else []


def _time_lines(proposal: Proposal) -> list[str]:
    lines = []
    changed = [meaning.column for meaning in proposal.meanings if meaning.kind == "changed"]
    if changed:
        lines.append(f"changed = {_array(changed)}")
    times = {m.column: m.form for m in proposal.meanings if m.form and m.is_sure}
    if times:
        pairs = ", ".join(f"{_key(name)} = {_quote(form)}" for name, form in times.items())
        lines.append(f"times = {{ {pairs} }}")
    return lines


def _event_lines(proposal: Proposal) -> list[str]:
    if proposal.class_name != "Event" or not proposal.event_time:
        return []
    return ['arrives = "events"', 'row = "event"', f"event_time = {_quote(proposal.event_time)}"]


def _lookup_lines(meaning: Meaning) -> list[str]:
    start = "" if meaning.is_sure else "# "
    known = ", ".join(codes_of(meaning.scheme))
    lines = [f"{start}[lookup.{meaning.lookup}]  # {known}"]
    for value, code in meaning.codes.items():
        lines.append(f"{start}{_quote(value)} = {_quote(f'trc:{meaning.scheme}/{code}')}")
    return lines


def _appended(path: Path, table: str, head: str) -> str:
    before = path.read_text(encoding="utf-8") if path.exists() else head
    return f"{before.rstrip()}\n\n{table}"


def _check_toml(text: str, path: Path) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} cannot take this table in: {error}",
            hint="its tables or sources must be written as [[table]] and [[source]]",
        ) from error


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _quote(text)


def _array(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_quote, values))}]"
