"""JSON and JSON lines -> columns of values, some elements at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from kg.errors import SourceError
from kg.lift.jsonpath import Step, find_value, find_values, is_plural, parse_path
from kg.lift.jsonwindow import BROKEN, LONGEST_VALUE, SCAN, Broken, Window
from kg.lift.opening import lines_of, open_text
from kg.lift.spool import Lists, Rows, bad_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.lift.opening import TextLine
    from kg.lift.spool import Column
    from kg.records import Rejected

_LINES = 1_000
_MANY = "one document a line is a .jsonl"


@dataclass(frozen=True, slots=True)
class _Reference:
    """A reference, by its text: a member of that name comes before what the path leads to."""

    name: str
    steps: tuple[Step, ...]
    is_plural: bool

    def column(self, elements: list[Any], *, are_objects: bool) -> Column:
        if self.is_plural:
            lists = Lists()
            for element in elements:
                lists.add(self._all(element))
            return lists
        name = self.name
        if are_objects and self.steps == (Step("name", name),):
            return [element.get(name) for element in elements]
        return [self._one(element) for element in elements]

    def _one(self, element: Any) -> Any:
        if isinstance(element, dict) and self.name in element:
            return element[self.name]
        return find_value(self.steps, element)

    def _all(self, element: Any) -> Iterator[Any]:
        if isinstance(element, dict) and self.name in element:
            found = [element[self.name]]
        else:
            found = find_values(self.steps, element)
        return (value for value in found if value is not None)

    def has_misfit(self, column: Column) -> bool:
        """Tell whether the reference leads to an object or an array instead of a value."""
        values = column.values if isinstance(column, Lists) else column
        return not {dict, list}.isdisjoint(map(type, values))

    def misfit(self, cell: Any) -> str:
        """Say what is wrong with a cell; "" if nothing is."""
        for value in cell if self.is_plural else [cell]:
            if isinstance(value, dict | list):
                kind = "an array" if isinstance(value, list) else "an object"
                return (
                    f"has {kind} at {self.name}, not a value; a reference names values, as "
                    f"{self.name}[*] does (RML-Core, Reference)"
                )
        return ""


class _References:
    def __init__(self, source: str, names: list[str]) -> None:
        self._source = source
        paths = [parse_path(name) for name in names]
        self._references = [
            _Reference(name, steps, is_plural(steps))
            for name, steps in zip(names, paths, strict=True)
        ]

    def rows(self, elements: list[Any], positions: list[str]) -> Iterator[Rows | Rejected]:
        """Make rows of elements, putting aside those with something else than values."""
        kinds = set(map(type, elements))
        if Broken in kinds:
            yield from self._sound_rows(elements, positions)
            return
        are_objects = kinds == {dict}
        columns: list[Column] = []
        has_misfits = False
        for reference in self._references:
            column = reference.column(elements, are_objects=are_objects)
            has_misfits = has_misfits or reference.has_misfit(column)
            columns.append(column)
        rows = Rows(positions, columns)
        if has_misfits:
            problems = [self._problem(cells) for cells in zip(*columns, strict=True)]
            for element, position, problem in zip(elements, positions, problems, strict=True):
                if problem:
                    raw = json.dumps(element, ensure_ascii=False)
                    yield bad_row(self._source, position, problem, raw)
            rows = rows.only([number for number, problem in enumerate(problems) if not problem])
        if rows.positions:
            yield rows

    def _sound_rows(self, elements: list[Any], positions: list[str]) -> Iterator[Rows | Rejected]:
        sound: list[int] = []
        for number, element in enumerate(elements):
            if isinstance(element, Broken):
                problem = f"is no JSON: {element.problem}"
                yield bad_row(self._source, positions[number], problem, element.raw)
            else:
                sound.append(number)
        yield from self.rows([elements[n] for n in sound], [positions[n] for n in sound])

    def _problem(self, cells: tuple[Any, ...]) -> str:
        found = (
            reference.misfit(cell) for reference, cell in zip(self._references, cells, strict=True)
        )
        return next(filter(None, found), "")


def read_json(path: Path, iterator: str, references: list[str]) -> Iterator[Rows | Rejected]:
    """Read what the iterator leads to; a document that breaks off is put aside from there on.

    Raises:
        SourceError: there is no such file, or it breaks before the first element.
    """
    wanted = _References(path.name, references)
    number = 0
    with open_text(path) as file:
        document = Window(file)
        try:
            for elements in document.pieces(parse_path(iterator or "$")):
                places = range(number + 1, number + len(elements) + 1)
                number += len(elements)
                yield from wanted.rows(elements, [f"{path.name}#{place}" for place in places])
            problem = "" if document.is_at_end() else f"is text behind the document; {_MANY}"
        except BROKEN as error:
            described = document.describe(error)
            if not number:
                place = f"{path}: cannot be read after element 0: {described}"
                raise SourceError(place, hint="it must be JSON in UTF-8, and whole") from error
            problem = f"and all after it is no JSON: {described}"
        if problem:
            yield bad_row(path.name, f"{path.name}#{number + 1}", problem, "")


def read_json_lines(path: Path, iterator: str, references: list[str]) -> Iterator[Rows | Rejected]:
    """Read one JSON value a line; a line that is none is put aside.

    Raises:
        SourceError: there is no such file, or it cannot be unpacked.
    """
    steps = parse_path(iterator or "$")
    wanted = _References(path.name, references)
    with open_text(path) as file:
        lines = lines_of(file, LONGEST_VALUE)
        while some := list(islice(lines, _LINES)):
            elements: list[Any] = []
            positions: list[str] = []
            for line in some:
                position = f"{path.name}:{line.number}"
                document, problem = _decode(line)
                if not problem and not steps and not isinstance(document, dict):
                    problem = "is no JSON object"
                if problem:
                    if line.content.strip():
                        yield bad_row(path.name, position, problem, line.content)
                    continue
                found = find_values(steps, document) if steps else [document]
                elements += found
                positions += [position] * len(found)
            yield from wanted.rows(elements, positions)


def _decode(line: TextLine) -> tuple[Any, str]:
    """Decode a line as `json.loads` does, which allows white space; or say what is wrong."""
    if line.is_cut:
        return None, f"is longer than {LONGEST_VALUE:,} characters"
    content = line.content
    try:
        try:
            value, end = SCAN(content, 0)
        except StopIteration:
            return json.loads(content), ""
        return (value if content[end:] in {"", "\n"} else json.loads(content)), ""
    except BROKEN as error:
        return None, f"is no JSON: {error}"
