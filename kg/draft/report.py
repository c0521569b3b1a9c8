"""Report: what a draft proposes, for people with a terminal 80 columns wide."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from kg.draft.yarrrml import reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.draft.profile import Column
    from kg.draft.propose import Meaning, Proposal

WIDTH = 80
_NAMED = 3
_ROOM = 17


def draft_text(proposal: Proposal) -> str:
    """Show the columns as a table, then what is proposed and why."""
    lines = [*_read_lines(proposal), "", *_column_lines(proposal), ""]
    for head, text in _proposals(proposal):
        lines += _wrap(f"{head:<13}{text}", " " * 13)
    links = [meaning for meaning in proposal.meanings if meaning.kind == "link"]
    if links:
        lines += ["", "Links:"]
        for meaning in links:
            lines += _wrap(_link(meaning), "    ", "  ")
    if proposal.loaded_problem:
        lines += ["", *_wrap(proposal.loaded_problem, "  ")]
    return "\n".join(lines)


def _read_lines(proposal: Proposal) -> Iterator[str]:
    profile = proposal.profile
    yield f"{proposal.source}.{proposal.table}: {profile.rows} rows" + (
        "" if profile.is_whole else ", the first ones only: what follows is judged by them"
    )
    for bad in profile.unreadable[:_NAMED]:
        yield from _wrap(f"{bad.place}: {bad.code}: {bad.message}", "    ", "  ")
    if len(profile.unreadable) > _NAMED:
        yield f"  and {len(profile.unreadable) - _NAMED} more rows that cannot be read"


def _column_lines(proposal: Proposal) -> Iterator[str]:
    yield (
        f"{'column':<14} {'proposed':<19} {'samples':<{_ROOM}} {'distinct':>8} {'empty':>6}"
        f" {'void':>6} sure"
    )
    for column, meaning in zip(proposal.profile.columns, proposal.meanings, strict=True):
        void = sum(column.placeholders.values())
        sure = f"{meaning.confidence:.0%}" if meaning.confidence else "-"
        yield (
            f"{_cut(column.name, 14):<14} {_cut(_term(meaning), 19):<19}"
            f" {_cut(_samples(column), _ROOM):<{_ROOM}} {len(column.values):>8} {column.empty:>6}"
            f" {void:>6} {sure:>4}"
        )


def _term(meaning: Meaning) -> str:
    if meaning.kind == "changed":
        return "changed at"
    mark = "" if meaning.is_sure or not meaning.term else "? "
    return f"{mark}{meaning.term}" if meaning.term else "-"


def _samples(column: Column) -> str:
    """Show three samples; where they are too long, the first one's head and the others' tails."""
    whole = ", ".join(_cut(value, _ROOM) for value in column.samples)
    if len(whole) <= _ROOM or not column.samples:
        return whole
    first, *others = column.samples
    tails = [value if len(value) <= 4 else f"…{value[-3:]}" for value in others]
    shown = ", ".join(["", *tails])
    return _cut(first, _ROOM - len(shown)) + shown


def _proposals(proposal: Proposal) -> Iterator[tuple[str, str]]:
    guess = proposal.class_guess
    yield "class", f"tr:{guess.value} ({guess.confidence:.0%}): {guess.reason}"
    yield "key", f"{', '.join(proposal.key)}: {proposal.key_reason}"
    yield from _names(proposal)
    yield from _settings(proposal)
    for column in proposal.profile.columns:
        if column.suspect:
            yield "a dummy?", f"{column.suspect!r} stands in many rows of {column.name}"
    for meaning in proposal.meanings:
        if not meaning.is_sure and meaning.term and meaning.kind != "link":
            yield "unsure", f"{meaning.column} as {meaning.term}: {meaning.reason}"


def _names(proposal: Proposal) -> Iterator[tuple[str, str]]:
    subject = proposal.subject
    columns = "-".join(map(reference, subject.columns))
    cleaned = f", {subject.cleaning}" if not subject.cleaning.is_plain else ""
    yield "IRI", f"{subject.path}/{subject.cleaning.put}{columns}{cleaned}: {subject.reason}"
    if subject.preview.loaded:
        yield "", subject.preview.text(proposal.class_name)
    if subject.alias:
        alias = f"{subject.path}/{proposal.source}-{reference(subject.alias)}"
        yield "alias", f"{alias}: what other tables of {proposal.source} name it by"


def _settings(proposal: Proposal) -> Iterator[tuple[str, str]]:
    for meaning in proposal.meanings:
        if meaning.is_sure and (meaning.form or meaning.days):
            form = meaning.form or "a day of the calendar, put in order by the mapping"
            yield "time", f"{meaning.column}: {form}"
    if proposal.decimal == ",":
        yield "decimal", "a comma"
    if proposal.placeholders:
        yield "placeholders", f"{', '.join(map(repr, proposal.placeholders))}: they mean nothing"


def _link(meaning: Meaning) -> str:
    if not meaning.term:
        return f"{meaning.column}: no link of its own: {meaning.reason}"
    state = "" if meaning.is_sure else " (commented out)"
    said = f"{meaning.column} {meaning.term} {meaning.target[1]}/…{state}: {meaning.reason}"
    if meaning.preview is None:
        return said
    return f"{said}; {meaning.preview.text(meaning.target[0])}"


def _cut(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _wrap(text: str, rest: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
