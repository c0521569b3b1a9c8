"""JSON and XML read item by item and cell by cell: slow and plain, what the readers must equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

from lxml import etree

from kg.errors import SourceError
from kg.lift.jsonpath import Step, find_values, is_plural, parse_path
from kg.lift.natural import Natural, to_natural
from kg.lift.opening import lines_of, open_text
from kg.lift.spool import Cell, Item, bad_row
from kg.records import Rejected

_CHUNK = 1 << 16
_SPACE = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*\\?("|\Z)|[\[\]{},]', re.DOTALL)
_LONGEST_WORD = len("-Infinity")
_SHOWN = 10_000
_MANY = "one document a line is a .jsonl"
LONGEST_VALUE = 1 << 26


class _Misfit(Exception):
    """A reference that leads to an object or an array instead of a value."""


@dataclass(frozen=True, slots=True)
class _Broken:
    """An element that is no JSON, but has an end behind which others come."""

    problem: str
    raw: str


class _References:
    def __init__(self, source: str, references: list[str]) -> None:
        self._source = source
        self._paths = [(name, parse_path(name)) for name in references]

    def item(self, element: Any, position: str) -> Item | Rejected:
        try:
            cells = [self._cell(name, steps, element) for name, steps in self._paths]
        except _Misfit as misfit:
            raw = json.dumps(element, ensure_ascii=False)
            return bad_row(self._source, position, str(misfit), raw)
        return Item(position, cells)

    def _cell(self, name: str, steps: tuple[Step, ...], element: Any) -> Cell:
        if name in element if isinstance(element, dict) else False:
            found = [element[name]]
        else:
            found = find_values(steps, element)
        values = [value for value in found if value is not None]
        for value in values:
            if isinstance(value, dict | list):
                kind = "an array" if isinstance(value, list) else "an object"
                raise _Misfit(
                    f"has {kind} at {name}, not a value; a reference names values, as {name}[*] "
                    "does (RML-Core, Reference)"
                )
        naturals = [natural for natural in map(to_natural, values) if natural is not None]
        if is_plural(steps):
            return naturals
        return naturals[0] if naturals else None


def read_json(path: Path, iterator: str, references: list[str]) -> Iterator[Item | Rejected]:
    """Read what the iterator leads to; a document that breaks off is put aside from there on.

    Raises:
        SourceError: there is no such file, or it breaks before the first element.
    """
    wanted = _References(path.name, references)
    number = 0
    with open_text(path) as file:
        document = _Document(file)
        try:
            for number, element in enumerate(document.follow(parse_path(iterator or "$")), 1):
                position = f"{path.name}#{number}"
                if isinstance(element, _Broken):
                    problem = f"is no JSON: {element.problem}"
                    yield bad_row(path.name, position, problem, element.raw)
                else:
                    yield wanted.item(element, position)
            problem = "" if document.is_at_end() else f"is text behind the document; {_MANY}"
        except (ValueError, RecursionError) as error:
            if not number:
                place = f"{path}: cannot be read after element {number}: {error}"
                raise SourceError(place, hint="it must be JSON in UTF-8, and whole") from error
            problem = f"and all after it is no JSON: {error}"
        if problem:
            yield bad_row(path.name, f"{path.name}#{number + 1}", problem, "")


def read_json_lines(path: Path, iterator: str, references: list[str]) -> Iterator[Item | Rejected]:
    """Read one JSON value a line; a line that is none is put aside.

    Raises:
        SourceError: there is no such file, or it cannot be unpacked.
    """
    steps = parse_path(iterator or "$")
    wanted = _References(path.name, references)
    with open_text(path) as file:
        for line, number, is_cut in lines_of(file, LONGEST_VALUE):
            if not line.strip():
                continue
            position = f"{path.name}:{number}"
            if is_cut:
                problem = f"is longer than {LONGEST_VALUE:,} characters"
                yield bad_row(path.name, position, problem, line)
                continue
            try:
                document = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield bad_row(path.name, position, f"is no JSON: {error}", line)
                continue
            found = find_values(steps, document)
            if not steps and not isinstance(document, dict):
                yield bad_row(path.name, position, "is no JSON object", line)
                continue
            for element in found:
                yield wanted.item(element, position)


class _Document:
    """A window on a JSON text that grows by what the next value needs."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._is_done = False
        self._decoder = json.JSONDecoder()

    def follow(self, steps: tuple[Step, ...]) -> Iterator[Any]:
        """Give what a path leads to, one by one from its first ``[*]`` on.

        An array stands for its elements.
        """
        if not steps and self._peek() == "[":
            steps = parse_path("$[*]")
        names = tuple(step.name for step in takewhile(lambda step: step.kind == "name", steps))
        rest = steps[len(names) :]
        if rest and rest[0].kind == "all":
            for element in self._elements(names):
                is_sound = not isinstance(element, _Broken)
                yield from find_values(rest[1:], element) if is_sound else [element]
        else:
            yield from find_values(steps, self.value())

    def is_at_end(self) -> bool:
        """Tell whether nothing but space is left."""
        return not self._peek()

    def _elements(self, names: tuple[str, ...]) -> Iterator[Any]:
        """Give the elements of the array (or members of the object) under the names."""
        opened = self._peek()
        if opened not in ({"{"} if names else {"[", "{"}):
            self.value()
            return
        for key in self._members(opened):
            if names and key == names[0]:
                yield from self._elements(names[1:])
            elif names:
                self.value()
            else:
                yield self._element()

    def _element(self) -> Any:
        """Decode the value that comes next; one that is bad, but has an end, is passed over."""
        try:
            return self.value()
        except (ValueError, RecursionError) as error:
            raw = self._pass()
            if raw is None:
                raise
            return _Broken(str(error), raw)

    def _pass(self) -> str | None:
        """Go to the end of a value by its brackets; give its text, or None if it has no end."""
        depth, passed = 0, ""
        while match := self._token():
            is_behind = depth == 0 and match[0] in {",", "]", "}"}
            end = match.start() if is_behind else match.end()
            passed += self._text[self._at : end][: _SHOWN - len(passed)]
            self._at = end
            if is_behind:
                return passed
            depth += (match[0] in {"[", "{"}) - (match[0] in {"]", "}"})
            if depth == 0 and match[0] in {"]", "}"}:
                return passed
        return None

    def _token(self) -> re.Match[str] | None:
        """Find the next bracket, comma or whole string; None if there is none."""
        while True:
            match = _TOKEN.search(self._text, self._at)
            if match and match[1] != "":
                return match
            if self._is_done:
                return None
            self._grow()

    def value(self) -> Any:
        """Decode the value that comes next."""
        while True:
            self._skip_space()
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._is_done or _is_final(error):
                    raise
            else:
                if end < len(self._text) or self._is_done:
                    self._at = end
                    return value
            self._grow()

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
                key = str(self.value())
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
        if len(kept) > LONGEST_VALUE:
            raise ValueError(f"a value is longer than {LONGEST_VALUE:,} characters")
        read = self._file.read(max(_CHUNK, len(kept)))
        self._is_done = not read
        self._text, self._at = kept + read, 0


def _is_final(error: json.JSONDecodeError) -> bool:
    """Tell an error that more text would not mend: it is no string, word or escape cut in two."""
    is_string = error.msg.startswith("Unterminated string")
    return not is_string and error.pos < len(error.doc) - _LONGEST_WORD


_SIMPLE = re.compile(r"(?P<start>//|/)(?P<names>(?:[\w.:-]+/)*)(?P<last>[\w.:-]+)")
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
}


def read_xml(
    path: Path, iterator: str, references: list[str], namespaces: dict[str, str]
) -> Iterator[Item | Rejected]:
    """Read the elements that the iterator, an XPath, leads to.

    Every reference may have several values. A file that breaks off, or that declares more
    entities than is sound, is put aside from there on.

    Raises:
        SourceError: there is no such file, or it breaks before the first element.
    """
    compiled = [etree.XPath(reference, namespaces=namespaces) for reference in references]
    number = 0
    try:
        with path.open("rb") as file:
            for number, element in enumerate(_elements(file, iterator, namespaces), 1):
                yield _xml_item(element, compiled, path.name, number)
    except etree.XMLSyntaxError as error:
        if not number:
            hint = "it must be well-formed XML, beside the mapping"
            raise SourceError(f"{path}: cannot be read: {error}", hint=hint) from error
        position = f"{path.name}#{number + 1}"
        yield bad_row(path.name, position, f"and all after it is no XML: {error}", "")


def _xml_item(
    element: Any, compiled: list[etree.XPath], source: str, number: int
) -> Item | Rejected:
    position = f"{source}#{number} (line {element.sourceline})"
    if any(True for _ in element.iter(etree.Entity)):
        problem = "holds an entity, and entities are never expanded"
        return bad_row(source, position, problem, str(etree.tostring(element, encoding="unicode")))
    return Item(position, [_values(found(element)) for found in compiled])


def _elements(file: IO[bytes], iterator: str, namespaces: dict[str, str]) -> Iterator[Any]:
    simple = _SIMPLE.fullmatch(iterator)
    if simple is None:
        tree = etree.parse(file, etree.XMLParser(**_SAFE))
        found: Any = tree.xpath(iterator, namespaces=namespaces)
        yield from found
        return
    names = [_tag(name, namespaces) for name in simple["names"].split("/")[:-1]]
    last = _tag(simple["last"], namespaces)
    for _, element in etree.iterparse(file, events=("end",), tag=last, **_SAFE):
        if _is_at(element, names, is_anywhere=simple["start"] == "//"):
            yield element
            _forget(element)


def _tag(name: str, namespaces: dict[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    return f"{{{namespaces.get(prefix, prefix)}}}{local}" if colon else name


def _is_at(element: Any, names: list[str], *, is_anywhere: bool) -> bool:
    above = [ancestor.tag for ancestor in element.iterancestors()][::-1]
    return above[len(above) - len(names) :] == names if is_anywhere else above == names


def _forget(element: Any) -> None:
    """Free an element and all before it: what was read is not needed again."""
    if next(element.iterancestors(element.tag), None) is None:
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _values(found: Any) -> list[Natural]:
    if isinstance(found, bool):
        return [("true" if found else "false", None)]
    if isinstance(found, float):
        return [(f"{found:g}", None)]
    nodes = [found] if isinstance(found, str) else found
    texts = [node if isinstance(node, str) else "".join(node.itertext()) for node in nodes]
    return [(str(text), None) for text in texts if text]
