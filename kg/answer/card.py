"""Card: what an answer tells as sections, lines and parts, and which of them there is room for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.answer.priority import KEPT, rank_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.bundle import Citation, Fact, Focus
    from kg.answer.tokens import Tokenizer


@dataclass(slots=True, eq=False)
class Part:
    """What is told or cut as a whole: a fact, a state, a sentence with what it rests on.

    ``name`` and ``about`` are those of a pair (none: of a sentence); ``link`` stands before it
    where it is not the first of its line; ``cited`` are paths of records, ``marks`` what the card
    must explain.
    """

    text: str
    rank: int
    name: str = ""
    about: str = ""
    link: str = "; "
    cited: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    fact: Fact | None = None


@dataclass(slots=True, eq=False)
class Line:
    """A line of parts; ``is_list`` where those that are cut are counted in the line itself."""

    lead: str
    parts: list[Part]
    is_list: bool = False


@dataclass(slots=True, eq=False)
class Section:
    """Lines under a heading; ``about`` is the subject of pairs that name none.

    One that is kept stands even where all its lines are cut.
    """

    heading: str
    about: str = ""
    lines: list[Line] = field(default_factory=list)
    is_kept: bool = False


class Card:
    """A card under way: its sections in their order."""

    def __init__(self, focus: Focus) -> None:
        self.focus = focus
        self.sections: list[Section] = []
        self._told: set[str] = set()

    def section(self, heading: str, about: str = "", *, is_kept: bool = False) -> Section:
        """Begin a section."""
        made = Section(heading, about, is_kept=is_kept)
        self.sections.append(made)
        return made

    def rank(self, topic: str) -> int:
        """Give the rank of a topic."""
        return rank_of(topic, self.focus)

    def is_new(self, *told: str) -> bool:
        """Tell, once only, that something has not been told: a fact, an empty slot."""
        key = "\0".join(told)
        if key in self._told:
            return False
        self._told.add(key)
        return True

    def keep(self, section: Section, text: str, marks: tuple[str, ...] = ()) -> None:
        """Add a line that is never cut."""
        section.lines.append(Line("- ", [Part(text, KEPT, marks=marks)]))

    def tell(
        self,
        section: Section,
        topic: str,
        text: str,
        via: Iterable[Citation] = (),
        lead: str = "- ",
    ) -> None:
        """Add a sentence with the records that it rests on."""
        cited = tuple(dict.fromkeys(one.record for one in via))
        section.lines.append(Line(lead, [Part(text, self.rank(topic), cited=cited)]))

    def parts(self) -> Iterator[Part]:
        """Give every part in the order of the card."""
        for section in self.sections:
            for line in section.lines:
                yield from line.parts


def prefix_of(part: Part, before: Part | None, section: Section) -> str:
    """Write the name of a pair, and its subject, as far as the line has not said them."""
    if not part.name:
        return ""
    subject = before.about if before else section.about
    if part.about != subject:
        return f"{part.name} of {part.about}: "
    return "" if before and before.name == part.name else f"{part.name}: "


class Budget:
    """Chooses the parts that there is room for, by adding up what each brings onto the card.

    A part brings its own text and, where it is the first, its line and its section; sources and
    marks that nothing else needed. ``sources`` are the lines of records without their numbers.
    """

    def __init__(self, card: Card, sources: dict[str, str], marks: dict[str, str]) -> None:
        self._card = card
        self._sources = sources
        self._marks = marks

    def costs(self, count: Tokenizer) -> list[tuple[Part, int]]:
        """Give every part, what is kept longest first, with the tokens that it brings."""
        places = [
            (part, line, section)
            for section in self._card.sections
            for line in section.lines
            for part in line.parts
        ]
        places.sort(key=lambda place: place[0].rank)  # stable: then in the order of the card
        last: dict[int, Part] = {}
        shown: set[int] = set()
        named: set[str] = set()
        found = []
        for part, line, section in places:
            pieces = [part.text, *("[999]" for _ in part.cited), " "]
            before = last.get(id(line))
            pieces.append(prefix_of(part, before, section))
            pieces += [part.link] if before else [line.lead, "\n"]
            if before is None and line.is_list and len(line.parts) > 1:
                pieces.append("; 999 more cut")
            if id(section) not in shown and not section.is_kept:
                pieces += [section.heading, "\n"]
            pieces += [f"[999] {self._sources[one]}\n" for one in part.cited if one not in named]
            unsaid = self._marks.keys() - named
            pieces += [f", {self._marks[one]}" for one in part.marks if one in unsaid]
            last[id(line)] = part
            shown.add(id(section))
            named.update(part.cited, part.marks)
            found.append((part, count("\t".join(pieces))))  # a blank parts tokens, and is none
        return found
