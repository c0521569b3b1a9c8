"""Reads a card back from its text alone, by the grammar that `kg.answer.render` writes down.

Nothing of the renderer is used: what cannot be read from the text by the grammar is not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BARE = r"[^\s\";()\[\],]+"
_VALUE = rf'(?:"[^"]*"|{_BARE})'
_MARK = r"(?:STALE|INFERRED|CONFLICT|COMPUTED|PERSON)"
_CITES = r"(?: \[\d+\](?:\[\d+\])*)?"
_REMARK = r'(?:"[^"]*"|\((?:"[^"]*"|[^"()])*\)|[^"()])*'
_HEADER = re.compile(
    rf'# (?P<id>{_VALUE}) (?P<label>"[^"]*") \| as of (?P<time>\S+) \| '
    r"(?P<shown>\d+) of (?P<total>\d+) facts(?:, (?P<cut>\d+) cut(?: \(.*\))?)?"
)
_IDS = rf"{_VALUE}(?:, {_VALUE})*"
_READ = re.compile(
    rf"Read as (?P<focus>[a-z_]+) \((?P<why>[^()\[\]]+)\) of (?P<id>{_VALUE})"
    r" by (?P<words>\"[^\"]*\")"
    rf"(?:; also named: (?P<named>{_IDS})(?: and \d+ more)?)?"
    rf"(?:; several can be meant: (?P<unclear>{_IDS})(?: and \d+ more)?)?"
    r"(?:; (?P<remarks>[^\[\]\"]+))?"
)
_PAIR = re.compile(
    rf"(?:(?P<name>[A-Za-z]\w*)(?: of (?P<of>{_VALUE}))?: )?"
    rf"(?:(?P<state>[A-Z][A-Z_]+)(?: \({_REMARK}\))?(?=; |$)"
    rf"|(?P<value>{_VALUE})(?: (?P<label>{_VALUE}))?(?: \((?P<remark>{_REMARK})\))?"
    rf"(?P<cites>{_CITES}))(?:; |$)"
)
_CUT = re.compile(r"\d+ more cut$")
_STATE = re.compile(
    rf"- (?P<state>[A-Z][A-Z_-]+)"
    rf"(?:(?:: {_VALUE}(?:, {_VALUE})*)?(?: since (?P<since>\S+))?|; (?P<facts>.+))$"
)
_GAP = re.compile(
    rf"- (?P<state>[A-Z][A-Z_]+) (?P<name>[A-Za-z][\w-]*) of (?P<ids>{_VALUE}(?:, {_VALUE})*)"
    r"(?:: (?P<said>.*))?$"
)
_ENTRY = re.compile(
    rf"- (?:(?P<rank>\d+)\. |(?P<state>[A-Z][A-Z_]+): )(?P<id>{_VALUE})(?: (?P<label>{_VALUE}))?"
    rf" of (?P<job>{_VALUE})(?P<more>(?:, (?!due )[A-Za-z]\w* {_VALUE})*)(?P<cites>{_CITES})"
    rf"(?:, due (?P<due>{_VALUE})(?P<due_cites>{_CITES}))?$"
)
_TOLD = re.compile(
    rf"(?:  )?- (?:(?P<lead>.*?) )??(?P<name>[A-Za-z][\w-]*): (?P<said>.*?)(?P<cites>{_CITES})$"
)
_NOTE = re.compile(rf'- {_VALUE}: "[^"]*" \({_VALUE}, {_VALUE}; \w+\)$')
_WITHHELD = re.compile(r"- \d+ notes? .*$")
_SOURCE = re.compile(
    rf"\[(?P<number>\d+)\] (?P<record>{_VALUE}) (?P<first>~?)(?P<time>\S+) "
    r"(?:(?P<age>\d+(?:\.\d+)?) (?P<unit>s|min|h|d) ago|-)$"
)
_SECTION = re.compile(
    rf"## (?:(?P<run>Run) {_VALUE}(?:[:,]? .*)?|(?P<title>[A-Z][A-Za-z ]*?)(?: ?[:(,].*)?)$"
)
_SET = re.compile(
    r"- (?:and \d+ more that wait|nothing waits|nothing that is owed|it has no job to look at"
    r"|neither past .* by any record)$"
)
_SUBJECT = re.compile(rf"## (?:Run|Why it matters:) (?P<id>{_VALUE}).*$")
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Said:
    """One fact as the card says it; ``records`` are the paths that it cites."""

    about: str
    name: str
    value: str
    label: str
    marks: frozenset[str]
    remark: str
    records: tuple[str, ...]
    section: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence with what it cites: a cause, a reason, what blocks; ``entry`` is what it is of."""

    name: str
    text: str
    records: tuple[str, ...]
    section: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation that waits; ``values`` are what its line says of it by name."""

    operation: str
    job: str
    values: tuple[tuple[str, str], ...]
    records: tuple[str, ...]
    due: str = ""
    due_records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A record and how many seconds ago it was vouched for, to within ``step_seconds``."""

    record: str
    time: str
    age_seconds: float | None
    step_seconds: int


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How a question in words was read: what it asks, of what, by which words, and what is left."""

    focus: str
    why: str
    subject: str
    words: str
    named: tuple[str, ...]
    unclear: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(slots=True)
class CardText:
    """A card read back; ``forged`` are the lines that the grammar does not know."""

    entity: str = ""
    shown: int = 0
    total: int = 0
    read: ReadAs | None = None
    """How the question was read that the card answers, where it was asked in words."""
    facts: list[Said] = field(default_factory=list)
    states: list[tuple[str, str, str]] = field(default_factory=list)
    """(about, name, state) of slots that have no fact."""
    status: str = ""
    gaps: list[tuple[str, str, str]] = field(default_factory=list)
    """(about, name, state) as the section of gaps has them."""
    told: list[Told] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    sources: list[SourceLine] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)


def read_card(text: str) -> CardText:
    """Read a card; lines that are not of the grammar are kept as forged."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._card = CardText()
        self._records: dict[int, str] = {}
        self._section = ""
        self._subject = ""
        self._entry = ""

    def read(self) -> CardText:
        lines = list(self._lines)
        self._read_header(lines.pop(0) if lines else "")
        if lines and lines[0].startswith("Marks: "):
            lines.pop(0)
        if lines and lines[0].startswith("Read as "):
            self._read_question(lines.pop(0))
        at = max((n for n, line in enumerate(lines) if line.startswith("## Sources")), default=None)
        for line in lines[at + 1 :] if at is not None else ():
            self._read_source(line)
        for line in lines[:at]:
            if line.startswith("## "):
                self._open_section(line)
            else:
                self._read_line(line)
        return self._card

    def _read_header(self, line: str) -> None:
        found = _HEADER.fullmatch(line)
        if found is None:
            self._card.forged.append(line)
            return
        self._card.entity = plain(found["id"])
        self._card.shown, self._card.total = int(found["shown"]), int(found["total"])

    def _read_question(self, line: str) -> None:
        found = _READ.fullmatch(line)
        if found is None or plain(found["id"]) != self._card.entity:
            self._card.forged.append(line)
            return
        self._card.read = ReadAs(
            found["focus"],
            found["why"],
            self._card.entity,
            plain(found["words"]),
            _listed(found["named"]),
            _listed(found["unclear"]),
            tuple(filter(None, (found["remarks"] or "").split("; "))),
        )

    def _read_source(self, line: str) -> None:
        found = _SOURCE.fullmatch(line)
        if found is None:
            if line != "none":
                self._card.forged.append(line)
            return
        record = plain(found["record"]).removeprefix("record/")
        self._records[int(found["number"])] = record
        step = _SECONDS[found["unit"] or "s"]
        age = None if found["age"] is None else float(found["age"]) * step
        self._card.sources.append(SourceLine(record, found["time"], age, step))

    def _open_section(self, line: str) -> None:
        found = _SECTION.fullmatch(line)
        if found is None:
            self._card.forged.append(line)
        self._section = found["run"] or found["title"] if found else line
        self._entry = ""
        of = _SUBJECT.fullmatch(line)
        self._subject = plain(of["id"].removesuffix(":")) if of else self._card.entity

    def _read_line(self, line: str) -> None:
        """Read a line as what its section can hold."""
        title = self._section
        readers = [self._read_state, self._read_facts]
        if title.startswith("Missing"):
            readers = [self._read_gap, self._read_withheld]
        elif title.startswith("Notes"):
            readers = [self._read_note]
        elif title.startswith(("Next", "Why it is late")):
            readers = [self._read_entry, self._read_told]
        if not any(read(line) for read in readers):
            self._card.forged.append(line)

    def _read_state(self, line: str) -> bool:
        found = _STATE.fullmatch(line)
        if found is None:
            return False
        self._card.status = found["state"]
        return found["facts"] is None or self._read_facts(f"- {found['facts']}")

    def _read_facts(self, line: str) -> bool:
        if not line.startswith("- "):
            return False
        rest, name, about = line[2:], "", self._subject
        facts: list[Said] = []
        states: list[tuple[str, str, str]] = []
        while rest and not _CUT.fullmatch(rest):
            found = _PAIR.match(rest)
            if found is None or not (found["name"] or name):
                return False
            name, about = found["name"] or name, plain(found["of"] or "") or about
            if found["state"]:
                states.append((about, name, found["state"]))
            else:
                facts.append(self._said(found, name, about))
            rest = rest[found.end() :]
        self._card.facts += facts
        self._card.states += states
        return True

    def _said(self, found: re.Match[str], name: str, about: str) -> Said:
        remark = found["remark"] or ""
        marks = re.match(rf"{_MARK}(?:, {_MARK})*(?=:|$)", remark)
        listed = frozenset(marks[0].split(", ")) if marks else frozenset()
        text = remark[marks.end() :].removeprefix(": ") if marks else remark
        value, label = plain(found["value"]), plain(found["label"] or "")
        records = self._cited(found["cites"])
        return Said(about, name, value, label, listed, text, records, self._section)

    def _cited(self, cites: str | None) -> tuple[str, ...]:
        """Give the records of some citations; one that no source line has is an empty path."""
        return tuple(self._records.get(int(n), "") for n in re.findall(r"\d+", cites or ""))

    def _read_gap(self, line: str) -> bool:
        found = _GAP.fullmatch(line)
        if found is not None:
            for one in re.findall(_VALUE, found["ids"]):
                self._card.gaps.append((plain(one), found["name"], found["state"]))
        return found is not None or _SET.fullmatch(line) is not None

    def _read_withheld(self, line: str) -> bool:
        return _WITHHELD.fullmatch(line) is not None

    def _read_note(self, line: str) -> bool:
        return _NOTE.fullmatch(line) is not None or not line.startswith(("- ", "#", "["))

    def _read_entry(self, line: str) -> bool:
        found = _ENTRY.fullmatch(line)
        if found is None:
            return False
        more = re.findall(rf", ([A-Za-z]\w*) ({_VALUE})", found["more"])
        values = tuple((name, plain(value)) for name, value in more)
        operation, job = plain(found["id"]), plain(found["job"])
        self._entry = operation
        cited, due_cited = self._cited(found["cites"]), self._cited(found["due_cites"])
        due = plain(found["due"] or "")
        self._card.entries.append(Entry(operation, job, values, cited, due, due_cited))
        return True

    def _read_told(self, line: str) -> bool:
        found = _TOLD.fullmatch(line)
        if found is not None:
            entry = self._entry if line.startswith("  ") else ""
            cited = self._cited(found["cites"])
            told = Told(found["name"], found["said"], cited, self._section, entry)
            self._card.told.append(told)
        return found is not None or _SET.fullmatch(line) is not None


def _listed(ids: str | None) -> tuple[str, ...]:
    return tuple(map(plain, re.findall(_VALUE, ids or "")))


def plain(text: str) -> str:
    """Give a value without its quotes."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
