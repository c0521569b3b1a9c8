"""JSON and JSON lines -> items, element by element: a document is never held whole."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from json.scanner import make_scanner
from typing import IO, TYPE_CHECKING, Any

from kg.errors import SourceError
from kg.lift.jsonpath import Step, find_value, find_values, is_plural, parse_path
from kg.lift.spool import Lists, Rows, bad_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.lift.spool import Column
    from kg.records import Rejected

_CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_REST = re.compile(r"[0-9.eE+-]*")
"""What may belong to a number that was cut in two."""
_DECODER = json.JSONDecoder()
_SCAN = make_scanner(_DECODER)  # type: ignore[arg-type]  # typeshed takes it for a scanner
_ELEMENTS = 1_000
_LONGEST_WORD = len("-Infinity")
_BROKEN = (ValueError, RecursionError)
"""What stops the decoder: no JSON, a number of too many digits; or nesting that is too deep."""
_UNREADABLE = (OSError, EOFError, zlib.error)


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
        are_objects = set(map(type, elements)) == {dict}
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
    with _open(path) as file:
        document = _Document(file)
        try:
            for elements in document.pieces(parse_path(iterator or "$")):
                places = range(number + 1, number + len(elements) + 1)
                number += len(elements)
                yield from wanted.rows(elements, [f"{path.name}#{place}" for place in places])
        except (*_BROKEN, *_UNREADABLE) as error:
            problem = document.describe(error)
            if not number:
                place = f"{path}: cannot be read after element 0: {problem}"
                raise SourceError(place, hint="it must be JSON in UTF-8, and whole") from error
            position = f"{path.name}#{number + 1}"
            yield bad_row(path.name, position, f"and all after it is no JSON: {problem}", "")


def read_json_lines(path: Path, iterator: str, references: list[str]) -> Iterator[Rows | Rejected]:
    """Read one JSON value a line; a line that is none is put aside.

    Raises:
        SourceError: there is no such file, or it cannot be unpacked.
    """
    steps = parse_path(iterator or "$")
    wanted = _References(path.name, references)
    read = 0
    with _open(path) as file:
        for lines in _lines(file, path):
            elements: list[Any] = []
            positions: list[str] = []
            for number, line in enumerate(lines, read + 1):
                position = f"{path.name}:{number}"
                try:
                    document = _decode(line)
                except _BROKEN as error:
                    if line.strip():
                        yield bad_row(path.name, position, f"is no JSON: {error}", line)
                    continue
                if not steps and not isinstance(document, dict):
                    yield bad_row(path.name, position, "is no JSON object", line)
                    continue
                found = find_values(steps, document) if steps else [document]
                elements += found
                positions += [position] * len(found)
            read += len(lines)
            yield from wanted.rows(elements, positions)


def _decode(line: str) -> Any:
    """Decode a line as `json.loads` does, which looks for white space around the value too."""
    try:
        value, end = _SCAN(line, 0)
    except StopIteration:
        return json.loads(line)
    return value if line[end:] in {"", "\n"} else json.loads(line)


def _lines(file: IO[str], path: Path) -> Iterator[list[str]]:
    try:
        while lines := file.readlines(_CHUNK):
            yield lines
    except (*_UNREADABLE, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read: {error}", hint="is it whole?") from error


def _open(path: Path) -> IO[str]:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape")
        return path.open(encoding=_encoding(path), errors="surrogateescape")
    except OSError as error:
        hint = "its path is taken from the mapping's folder"
        raise SourceError(f"{path}: cannot be read: {error.strerror}", hint=hint) from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(2)
    return "utf-16" if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"


class _Document:
    """A window on a JSON text that grows by what the next value needs."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._is_done = False
        # What came before the window: lines, letters of the last one, and letters in all.
        self._lines = self._column = self._letters = 0

    def pieces(self, steps: tuple[Step, ...]) -> Iterator[list[Any]]:
        """Give what a path leads to, some elements at a time; an array stands for its elements."""
        if not steps and self._peek() == "[":
            steps = parse_path("$[*]")
        names = tuple(step.name for step in steps[:-1] if step.kind == "name")
        if steps and len(names) == len(steps) - 1 and steps[-1].kind == "all":
            yield from self._elements(names)
            return
        found = find_values(steps, self._value())
        for start in range(0, len(found), _ELEMENTS):
            yield found[start : start + _ELEMENTS]

    def describe(self, error: Exception) -> str:
        """Say what is wrong, and where in the whole text."""
        if not isinstance(error, json.JSONDecodeError):
            return str(error)
        line = self._lines + error.lineno
        column = error.colno + (self._column if error.lineno == 1 else 0)
        return f"{error.msg}: line {line} column {column} (char {self._letters + error.pos})"

    def _elements(self, names: tuple[str, ...]) -> Iterator[list[Any]]:
        """Give the elements of the array (or members of the object) under the names."""
        for name in names:
            if not self._enter(name):
                return
        opened = self._peek()
        if opened not in {"[", "{"}:
            return
        found: list[Any] = []
        start = self._letters
        try:
            for _ in self._members(opened):
                if opened == "[":
                    found += self._run()
                found.append(self._value())
                if self._letters - start >= _CHUNK:
                    yield found
                    found, start = [], self._letters
        except (*_BROKEN, *_UNREADABLE):
            yield found
            raise
        yield found

    def _run(self) -> list[Any]:
        """Decode the elements that stand in the window with the comma after each."""
        self._skip_space()
        text, at, comma = self._text, self._at, _COMMA.match
        found = []
        # Whatever stops this stops `_value` too, unless the window can grow.
        with suppress(StopIteration, *_BROKEN):
            while True:
                value, end = _SCAN(text, at)
                match = comma(text, end)
                if match is None:
                    break
                found.append(value)
                at = match.end()
        self._at = at
        return found

    def _value(self) -> Any:
        """Decode the value that comes next."""
        while True:
            self._skip_space()
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._is_done or _is_final(error):
                    raise
            else:
                rest = _REST.match(self._text, end)
                if self._is_done or (rest and rest.end() < len(self._text)):
                    self._at = end
                    return value
            self._grow()

    def _enter(self, name: str) -> bool:
        if self._peek() != "{":
            return False
        for key in self._members("{"):
            if key == name:
                return True
            self._value()
        return False

    def _members(self, opened: str) -> Iterator[str]:
        """Stop before each value of an array or object; what stops there must take it."""
        closing = "]" if opened == "[" else "}"
        self._at += 1
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            key = ""
            if opened == "{":
                key = str(self._value())
                self._expect(":")
            yield key
            mark = self._peek()
            self._at += 1
            if mark == closing:
                return
            if mark != ",":
                raise json.JSONDecodeError(f"',' or '{closing}' expected", self._text, self._at - 1)

    def _expect(self, mark: str) -> None:
        if self._peek() != mark:
            raise json.JSONDecodeError(f"{mark!r} expected", self._text, self._at)
        self._at += 1

    def _peek(self) -> str:
        self._skip_space()
        return self._text[self._at : self._at + 1]

    def _skip_space(self) -> None:
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or self._is_done:
                return
            self._grow()

    def _grow(self) -> None:
        kept = self._text[self._at :]
        lines = self._text.count("\n", 0, self._at)
        if lines:
            self._column = -self._text.rfind("\n", 0, self._at) - 1
        self._lines += lines
        self._column += self._at
        self._letters += self._at
        read = self._file.read(max(_CHUNK, len(kept)))
        self._is_done = not read
        self._text, self._at = kept + read, 0


def _is_final(error: json.JSONDecodeError) -> bool:
    """Tell an error that more text would not mend: it is no string, word or escape cut in two."""
    is_string = error.msg.startswith("Unterminated string")
    return not is_string and error.pos < len(error.doc) - _LONGEST_WORD
