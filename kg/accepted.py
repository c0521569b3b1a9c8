"""Accepted: which ids people said to be one thing, when a gap offered them.

A decision is a record like any other, of the source that every plant has (`mappings/traveler`):
durable when it is made, known by the alias that it leads away, taken back by a tombstone. What it
means is made of it by the steps that every crosswalk goes through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import ConfigError, UnknownEntity
from kg.records import Record
from kg.settings import OWN_SOURCE
from kg.times import format_time
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kg.answer.bundle import SlotGap
    from kg.journal import Journal
    from kg.records import Term
    from kg.settings import Plant
    from kg.store import Store

TABLE = "accepted"
LONGEST = 1_000
"""Characters that a name or a reason may have."""
NO_REASON = "accepted without a reason"


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody accepts: of a gap, by its id, the candidate that is the gap's entity."""

    gap: str
    candidate: str
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Two ids that are one thing by somebody's word: ``alias`` leads to ``canonical`` since ``at``.

    Both are paths below the plant's base, ``record`` is that of the decision.
    """

    gap: str
    candidate: str
    canonical: str
    alias: str
    by: str
    why: str
    at: str
    record: str
    is_new: bool = False


class Acceptances:
    """The decisions of one plant, and the making and taking back of them, by one thread at once."""

    def __init__(self, plant: Plant, journal: Journal, store: Store) -> None:
        self._base = plant.base
        self._authority = {source.name: source.authority for source in plant.sources}
        self._journal = journal
        self._store = store

    def standing(self) -> list[Acceptance]:
        """Give what was accepted and not taken back, the oldest first."""
        return [
            _read(record)
            for record in self._journal.live_records(OWN_SOURCE)
            if record.kind == TABLE
        ]

    def accept(self, gaps: Iterable[SlotGap], choice: Choice, now: datetime) -> Acceptance:
        """Write down that a gap's entity and one of its candidates are one thing.

        Accepting the same again changes nothing.

        Raises:
            ConfigError: the gap is closed, or never offered the candidate (``not-offered``), or
                one of both is another thing by what was accepted before (``accepted-otherwise``).
            UnknownEntity: there never was such a gap.
            JournalError: nothing was written, as the journal cannot be.
        """
        by, why = _checked("by", choice.by.removeprefix("person/")), _checked("why", choice.why)
        if not by:
            raise ConfigError(
                "nobody is named who accepts it", hint="by = the person's code: P12", code="body"
            )
        # Most often the gap is closed by then: what closed it is the better answer.
        if (earlier := self._standing_for(choice.gap)) is not None:
            if choice.candidate not in {earlier.canonical, earlier.alias}:
                raise _disagrees(earlier, choice)
            return earlier
        canonical, alias = self._ordered(self._offered(gaps, choice), choice.candidate)
        for earlier in self.standing():
            if earlier.alias == alias:
                raise _disagrees(earlier, choice)
        row = {"alias": alias, "canonical": canonical, "gap": choice.gap, "at": format_time(now)}
        row |= {"candidate": choice.candidate, "by": by, "why": why or NO_REASON}
        record = Record(
            OWN_SOURCE, TABLE, alias, row, f"accept:{choice.gap}", None, row["at"], "changed"
        )
        self._journal.append([record], now)
        return _read(record, is_new=True)

    def undo(self, gap: str, by: str, why: str, now: datetime) -> Acceptance:
        """Take back what was accepted for a gap; what each id said is its own again.

        Raises:
            UnknownEntity: nothing stands that was accepted for it.
            JournalError: nothing was written, as the journal cannot be.
        """
        found = self._standing_for(gap)
        if found is None:
            raise UnknownEntity(
                f"nothing stands that was accepted for the gap {gap!r}",
                hint="GET /v1/accepted, or traveler accept --list, tells what does",
            )
        row = {"gap": gap, "at": format_time(now)}
        row |= {"by": _checked("by", by.removeprefix("person/")), "why": _checked("why", why)}
        tombstone = Record(
            OWN_SOURCE, TABLE, found.alias, row, f"undo:{gap}", None, row["at"], "changed", True
        )
        self._journal.append([tombstone], now)
        return found

    def _standing_for(self, gap: str) -> Acceptance | None:
        """Find what was accepted for a gap, or for another one of the same alias."""
        alias = gap.rsplit("~", 2)[0]
        return next((one for one in self.standing() if gap == one.gap or alias == one.alias), None)

    def _offered(self, gaps: Iterable[SlotGap], choice: Choice) -> str:
        """Give the entity of the gap that is meant."""
        found = next((gap for gap in gaps if gap.id == choice.gap), None)
        if found is None:
            raise self._no_gap(choice.gap)
        offered = [candidate.entity for candidate in found.candidates]
        if choice.candidate not in offered:
            raise ConfigError(
                f"the gap {choice.gap} does not offer {choice.candidate!r}",
                hint=f"it offers {', '.join(offered)}" if offered else "it offers nothing",
                code="not-offered",
            )
        return found.entity

    def _no_gap(self, gap: str) -> ConfigError | UnknownEntity:
        entity, *names = gap.rsplit("~", 2)
        hint = "GET /v1/gaps, or traveler check --format json, tells those that are open"
        if len(names) == 2 and _is_path(entity) and self._is_known(f"<{self._base}{entity}>"):
            return ConfigError(f"the gap {gap} is closed", hint=hint, code="gap-closed")
        return UnknownEntity(f"there is no gap {gap!r}", hint=hint)

    def _is_known(self, entity: Term) -> bool:
        quads = (*self._store.match(s=entity), *self._store.match(o=entity))
        return bool(quads)

    def _ordered(self, entity: str, candidate: str) -> tuple[str, str]:
        """Give first what is described with more authority; as much: the candidate."""
        if self._rank(entity) > self._rank(candidate):
            return entity, candidate
        return candidate, entity

    def _rank(self, entity: str) -> int:
        prefix = f"<{self._base}record/"
        claims = self._store.claims(f"<{self._base}{entity}>", RDF_TYPE)
        sources = {g.removeprefix(prefix).split("/", 1)[0] for _, g in claims}
        return max((self._authority.get(source, -1) for source in sources), default=-1)


def _read(record: Record, *, is_new: bool = False) -> Acceptance:
    row = {name: str(value) for name, value in record.row.items()}
    return Acceptance(
        gap=row.get("gap", ""),
        candidate=row.get("candidate", ""),
        canonical=row.get("canonical", ""),
        alias=row.get("alias", ""),
        by=row.get("by", ""),
        why=row.get("why", ""),
        at=row.get("at", ""),
        record=record.path(),
        is_new=is_new,
    )


def _disagrees(earlier: Acceptance, choice: Choice) -> ConfigError:
    return ConfigError(
        f"{choice.candidate} cannot be accepted for {choice.gap}: {earlier.alias} is"
        f" {earlier.canonical} already, as {earlier.by} accepted at {earlier.at}",
        hint=f"take that back first: traveler accept --undo {earlier.gap}",
        code="accepted-otherwise",
    )


def _checked(name: str, text: str) -> str:
    """Refuse what no person writes: it will stand in the journal for good."""
    text = text.strip()
    is_plain = all(c.isprintable() or c == "\n" for c in text)
    if len(text) > LONGEST or not is_plain:
        raise ConfigError(
            f"{name} is longer than {LONGEST} characters, or has some that cannot be shown",
            hint="write one or two plain sentences",
            code="body",
        )
    return text


def _is_path(text: str) -> bool:
    return bool(text) and text.isascii() and not set(text) & set('<>"{}|\\^` \t\r\n')
