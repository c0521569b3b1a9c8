"""A window on a JSON document: what a path leads to, element by element, and never all at once."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from json.scanner import make_scanner
from typing import IO, TYPE_CHECKING, Any

from kg.lift.jsonpath import Step, find_values, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_VALUE = 1 << 26
"""Beyond this many characters a value is refused, and is not held in memory."""

BROKEN = (ValueError, RecursionError)
"""What stops the decoder: no JSON, a number of too many digits; or nesting that is too deep."""

_CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_REST = re.compile(r"[0-9.eE+-]*")
"""What may belong to a number that was cut in two."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*\\?("|\Z)|[\[\]{},]', re.DOTALL)
_DECODER = json.JSONDecoder()
SCAN = make_scanner(_DECODER)  # type: ignore[arg-type]  # typeshed takes it for a scanner
_ELEMENTS = 1_000
_LONGEST_WORD = len("-Infinity")
_SHOWN = 10_000


@dataclass(frozen=True, slots=True)
class Broken:
    """An element that is no JSON, but has an end behind which others come."""

    problem: str
    raw: str


class Window:
    """A window on a JSON text that grows by what the next value needs."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._is_done = False
        # What came before the window: lines, letters of the last one, and letters in all.
        self._lines = self._column = self._letters = 0

    def pieces(self, steps: tuple[Step, ...]) -> Iterator[list[Any]]:
        """Give what a path leads to, some elements at a time from its first ``[*]`` on.

        An array stands for its elements. One that is no JSON, but has an end, is `Broken`.
        """
        if not steps and self._peek() == "[":
            steps = parse_path("$[*]")
        names = tuple(step.name for step in takewhile(lambda step: step.kind == "name", steps))
        rest = steps[len(names) :]
        if not rest or rest[0].kind != "all":
            found = find_values(steps, self._value())
            for start in range(0, len(found), _ELEMENTS):
                yield found[start : start + _ELEMENTS]
            return
        inner = rest[1:]
        for elements in self._elements(names):
            yield [found for e in elements for found in _inside(inner, e)] if inner else elements

    def is_at_end(self) -> bool:
        """Tell whether nothing but space is left."""
        return not self._peek()

    def describe(self, error: Exception) -> str:
        """Say what is wrong, and where in the whole text."""
        if not isinstance(error, json.JSONDecodeError):
            return str(error)
        line = self._lines + error.lineno
        column = error.colno + (self._column if error.lineno == 1 else 0)
        return f"{error.msg}: line {line} column {column} (char {self._letters + error.pos})"

    def _elements(self, names: tuple[str, ...]) -> Iterator[list[Any]]:
        """Give the elements of the array (or members of the object) under the names."""
        opened = self._peek()
        if opened not in ({"{"} if names else {"[", "{"}):
            self._value()
        elif not names:
            yield from self._members_of(opened)
        else:
            for key in self._members("{"):
                if key == names[0]:
                    yield from self._elements(names[1:])
                else:
                    self._value()

    def _members_of(self, opened: str) -> Iterator[list[Any]]:
        found: list[Any] = []
        start = self._letters
        try:
            for _ in self._members(opened):
                if opened == "[":
                    found += self._run()
                found.append(self._element())
                if self._letters - start >= _CHUNK:
                    yield found
                    found, start = [], self._letters
        except BROKEN:
            yield found
            raise
        yield found

    def _element(self) -> Any:
        """Decode the value that comes next; one that is bad, but has an end, is passed over."""
        try:
            return self._value()
        except BROKEN as error:
            problem = self.describe(error)
            raw = self._pass()
            if raw is None:
                raise
            return Broken(problem, raw)

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

    def _run(self) -> list[Any]:
        """Decode the elements that stand in the window with the comma after each."""
        self._skip_space()
        text, at, comma = self._text, self._at, _COMMA.match
        found = []
        # Whatever stops this stops `_value` too, unless the window can grow.
        with suppress(StopIteration, *BROKEN):
            while True:
                value, end = SCAN(text, at)
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
        if len(kept) > LONGEST_VALUE:
            raise ValueError(f"a value is longer than {LONGEST_VALUE:,} characters")
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


def _inside(steps: tuple[Step, ...], element: Any) -> list[Any]:
    return [element] if isinstance(element, Broken) else find_values(steps, element)
