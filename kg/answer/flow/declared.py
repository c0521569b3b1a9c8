"""Declared steps: what flows.yml, beside plant.toml, says of how information is passed on.

It is a description and no source: nothing of it stands in the journal, and to change it folds
nothing anew. A step is a table of a system, a sheet of paper, a message, somebody's word. What a
table is said to record is measured elsewhere; here only what people say is read, and checked as far
as it can be without the graph.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from kg import vocab
from kg.answer.slots import LINKS
from kg.lift.mapping import mapping_error
from kg.lift.yamlnodes import Nodes, compose, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ruamel.yaml.nodes import Node

    from kg.records import Term
    from kg.settings import Plant

FLOWS_FILE = "flows.yml"
MACHINE_NOW = "machine-now"
LINK_NAMES = (*(f"job-{slot}" for slot in LINKS), MACHINE_NOW)
"""The five links, by the codes that ``tr:carries`` leads to."""
MEDIA = ("system", "spreadsheet", "paper", "message", "speech")
HANDOVERS = ("hand", "wire")
DESCRIBES = frozenset(
    {
        *(vocab.FLOW_STEP, vocab.CARRIES, vocab.MEDIUM, vocab.HANDOVER, vocab.PROCESS),
        *(vocab.DONE_BY, vocab.RECORDED_IN, vocab.PASSES_TO),
        *(vocab.TIMES_PER_DAY, vocab.LATENCY_MINUTES),
    }
)
"""What flows.yml can say, in the ontology's terms."""
LATE_AFTER_MINUTES = Fraction(60)
"""From how late on a record is late, where flows.yml does not say."""
MOST_BYTES = 262_144
MOST_STEPS = 1_000
_HEAD = ("late_after_minutes", "steps")
_KEYS = (
    "label", "process", "medium", "by", "who", "times_per_day", "latency_minutes", "carries",
    "recorded_in", "passes_to",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,79}", re.ASCII)
_LONGEST_TEXT = 200
_DEEPEST = 64
_MOST_DIGITS = 20
_MOST_OF_A_NUMBER = Fraction(10**9)


class Place(NamedTuple):
    """A table of a source, and the line that names it."""

    source: str
    table: str
    line: int


@dataclass(frozen=True, slots=True)
class DeclaredStep:
    """One step as flows.yml describes it, and its line there; what it leaves out is empty.

    ``carries`` are links by their codes, ``people`` are codes, ``passes_to`` names of other steps.
    """

    name: str
    line: int
    label: str = ""
    process: str = ""
    medium: str = ""
    handover: str = ""
    people: tuple[str, ...] = ()
    times_per_day: Fraction | None = None
    latency_minutes: Fraction | None = None
    carries: tuple[str, ...] = ()
    recorded_in: tuple[Place, ...] = ()
    passes_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """All that flows.yml says; ``file`` is None where there is none."""

    file: Path | None
    late_after_minutes: Fraction
    steps: Mapping[str, DeclaredStep]

    def rows(self, base: str) -> Iterator[dict[str, Term]]:
        """Give the steps as ``where-the-facts-arise`` gives those that stand in the graph."""
        for step in self.steps.values():
            told = _told(step)
            for link in step.carries:
                head = {"link": vocab.code("link", link), "step": step_term(base, step.name)} | told
                yield head
                for person in step.people:
                    yield head | {"person": f"<{base}person/{quote(person, safe='')}>"}
                for place in step.recorded_in:
                    yield head | {"kind": kind_term(base, place.source, place.table)}
                for name in step.passes_to:
                    if link in self.steps[name].carries:
                        yield head | {"next": step_term(base, name)}


def step_term(base: str, name: str) -> Term:
    """Name a declared step's resource."""
    return f"<{base}flow-step/{quote(name, safe='')}>"


def kind_term(base: str, source: str, table: str) -> Term:
    """Name a table's resource, as the graph of records does."""
    return f"<{base}kind/{quote(source, safe='')}/{quote(table, safe='')}>"


def _told(step: DeclaredStep) -> dict[str, Term]:
    told = {name: f'"{_escaped(text)}"' for name, text in _texts(step) if text}
    for name in ("medium", "handover"):
        if code := getattr(step, name):
            told[name] = vocab.code(name, code)
    numbers = (("times", step.times_per_day), ("latency", step.latency_minutes))
    for name, number in numbers:
        if number is not None:
            exact = Decimal(number.numerator) / Decimal(number.denominator)
            told[name] = f'"{exact:f}"^^<{vocab.XSD}decimal>'
    return told


def _texts(step: DeclaredStep) -> tuple[tuple[str, str], ...]:
    return (("label", step.label), ("process", step.process))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def load_declared(plant: Plant) -> Declared:
    """Read the plant's flows.yml; a plant without one declares nothing.

    Raises:
        MappingError: it cannot be read, is too large, or says what cannot be; with file and line.
    """
    file = plant.folder / FLOWS_FILE
    try:
        stamp = file.stat()
    except OSError:
        return Declared(None, LATE_AFTER_MINUTES, {})
    tables = tuple((s.name, tuple(t.name for t in s.tables)) for s in plant.every_source)
    return _load(file, (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino), tables)


@lru_cache(maxsize=8)
def _load(
    file: Path, stamp: tuple[int, int, int], tables: tuple[tuple[str, tuple[str, ...]], ...]
) -> Declared:
    """Read a file once for each of its states."""
    if stamp[1] > MOST_BYTES:
        hint = f"at most {MOST_BYTES // 1024} kB: describe steps of a kind as one"
        raise mapping_error(file, 1, f"is too large: {stamp[1]} bytes", hint)
    too_deep = mapping_error(file, 1, "is nested too deep", "a step is a map of plain keys")
    if _is_too_deep(file):
        raise too_deep
    try:
        return _Reader(file, dict(tables)).read()
    except RecursionError as error:
        raise too_deep from error


def _is_too_deep(file: Path) -> bool:
    """Tell whether brackets stand in more brackets than any description needs.

    The parser looks at all that are open for each one more: a file of nothing else takes it hours.
    """
    depth = 0
    for byte in file.read_bytes():
        depth += (byte in b"[{") - (byte in b"]}")
        if depth > _DEEPEST:
            return True
    return False


class _Reader:
    """Takes one file apart; whatever is not as it must be is an error with its line."""

    def __init__(self, file: Path, tables: Mapping[str, tuple[str, ...]]) -> None:
        self._nodes = Nodes(file)
        self._tables = tables

    def read(self) -> Declared:
        root = compose(self._nodes.file)
        head = self._nodes.entries(root, {name: name for name in _HEAD})
        if "steps" not in head:
            raise self._nodes.error(root, "says no steps", "write steps: and each by its name")
        late = LATE_AFTER_MINUTES
        if "late_after_minutes" in head:
            late = self._number(head["late_after_minutes"])
        described = self._nodes.entries(head["steps"])
        if len(described) > MOST_STEPS:
            raise self._nodes.error(
                head["steps"], f"{len(described)} steps are too many", f"at most {MOST_STEPS}"
            )
        steps = {name: self._step(name, node) for name, node in described.items()}
        for name, node in described.items():
            self._check_onward(steps, steps[name], node)
        return Declared(self._nodes.file, late, steps)

    def _step(self, name: str, node: Node) -> DeclaredStep:
        if not _NAME.fullmatch(name):
            raise self._nodes.error(
                node, f"step {name!r} is no name", "letters, digits, dots and dashes: issue-slip"
            )
        said = self._nodes.entries(node, {key: key for key in _KEYS})
        if "carries" not in said:
            hint = f"some of {', '.join(LINK_NAMES)}"
            raise self._nodes.error(node, f"step {name} does not say what it carries", hint)
        return DeclaredStep(
            name,
            line_of(node),
            self._text(said.get("label")),
            self._text(said.get("process")),
            self._one_of(said.get("medium"), "medium", MEDIA),
            self._one_of(said.get("by"), "way of handing on", HANDOVERS),
            tuple(self._people(said.get("who"))),
            self._number_or_none(said.get("times_per_day")),
            self._number_or_none(said.get("latency_minutes")),
            tuple(dict.fromkeys(self._links(said["carries"]))),
            tuple(dict.fromkeys(self._places(said.get("recorded_in")))),
            tuple(dict.fromkeys(map(self._nodes.scalar, self._nodes.items(said.get("passes_to"))))),
        )

    def _links(self, node: Node) -> Iterator[str]:
        items = self._nodes.items(node)
        if not items:
            raise self._nodes.error(node, "carries nothing", f"some of {', '.join(LINK_NAMES)}")
        for item in items:
            yield self._one_of(item, "link", LINK_NAMES)

    def _people(self, node: Node | None) -> Iterator[str]:
        for item in self._nodes.items(node):
            person = self._nodes.scalar(item)
            if not _NAME.fullmatch(person):
                raise self._nodes.error(
                    item, f"{person!r} is no person's code", "a code such as P12, never a name"
                )
            yield person

    def _places(self, node: Node | None) -> Iterator[Place]:
        for item in self._nodes.items(node):
            named = self._nodes.scalar(item)
            source, _, table = named.partition(".")
            if not (_NAME.fullmatch(source) and _NAME.fullmatch(table)):
                raise self._nodes.error(item, f"{named!r} is no table", "source.table: erp.order")
            known = self._tables.get(source)
            if known is not None and table not in known:
                near = get_close_matches(table, known, 1)
                hint = f"did you mean {source}.{near[0]}?" if near else f"it has {', '.join(known)}"
                raise self._nodes.error(item, f"source {source} has no table {table!r}", hint)
            yield Place(source, table, line_of(item))

    def _check_onward(
        self, steps: Mapping[str, DeclaredStep], step: DeclaredStep, node: Node
    ) -> None:
        for name in step.passes_to:
            if name == step.name:
                raise self._nodes.error(node, f"step {name} passes to itself", "name the next one")
            if name not in steps:
                near = get_close_matches(name, steps, 1)
                hint = f"did you mean {near[0]}?" if near else "describe it below steps: too"
                raise self._nodes.error(
                    node, f"step {step.name} passes to {name!r}, which is no step", hint
                )
            if not set(steps[name].carries) & set(step.carries):
                raise self._nodes.error(
                    node,
                    f"step {step.name} passes to {name}, and they carry no link in common",
                    f"{step.name} carries {', '.join(step.carries)};"
                    f" {name} carries {', '.join(steps[name].carries)}",
                )

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        text = " ".join(self._nodes.scalar(node).split())
        if len(text) > _LONGEST_TEXT:
            raise self._nodes.error(node, f"{len(text)} letters are too many", f"{_LONGEST_TEXT}")
        if not text.isprintable():
            raise self._nodes.error(node, "holds what cannot be printed", "leave it out")
        return text

    def _one_of(self, node: Node | None, what: str, known: tuple[str, ...]) -> str:
        if node is None:
            return ""
        given = self._nodes.scalar(node)
        if given not in known:
            near = get_close_matches(given, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
            raise self._nodes.error(node, f"{given!r} is no {what}", hint)
        return given

    def _number_or_none(self, node: Node | None) -> Fraction | None:
        return None if node is None else self._number(node)

    def _number(self, node: Node) -> Fraction:
        written = self._nodes.scalar(node)
        number = _read_number(written)
        if number is None:
            hint = "a number, 0 or more: 45, 2.5"
            raise self._nodes.error(node, f"{written!r} is no number here", hint)
        return number


def _read_number(written: str) -> Fraction | None:
    try:
        number = Decimal(written) if len(written) <= _MOST_DIGITS else None
    except InvalidOperation:
        return None
    if number is None or not number.is_finite() or abs(number.adjusted()) >= _MOST_DIGITS:
        return None
    exact = Fraction(number)
    return exact if 0 <= exact <= _MOST_OF_A_NUMBER else None
