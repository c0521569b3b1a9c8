"""Giving variables of a query a value before it is evaluated (SHACL, section 5.3.1, appendix A).

A value is written in the variable's place, wherever that is. Blank nodes cannot be written, and are
bound by the store, which binds what the SELECT names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kg.store.query_text import visible_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.records import Term

_VARIABLE = re.compile(r"[?$](\w+)")
_START = r"(?<![\w:?$.-])"
_END = r"(?![\w:])"
_TOKEN = re.compile(
    rf"{_START}(?P<ask>ASK){_END}"
    rf"|{_START}(?P<select>SELECT){_END}(?:\s+(?:DISTINCT|REDUCED){_END})?"
    rf"|{_START}(?P<list>(?:GROUP|ORDER)\s+BY){_END}"
    rf"|{_START}(?P<plain>WHERE|HAVING|LIMIT|OFFSET){_END}|(?P<brace>[{{}}])"
    rf"|{_START}BOUND\s*\(\s*[?$](?P<tested>\w+)\s*\)"
    r"|[?$](?P<variable>\w+)|(?P<open>\()|(?P<close>\))|(?P<all>\*)",
    re.IGNORECASE,
)
_AS = re.compile(rf"{_START}AS\s+[?$]", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\([^()]*\)")


def variables_of(query: str) -> frozenset[str]:
    """Give the names of the variables that a query has."""
    return frozenset(_VARIABLE.findall(visible_text(query)))


def write_path(query: str, path: str) -> str:
    """Write a path in the place of ``$PATH``."""
    edits = [
        (*found.span(), path)
        for found in _VARIABLE.finditer(visible_text(query))
        if found[1] == "PATH"
    ]
    return _replaced(query, edits)


def write_values(query: str, values: Mapping[str, Term]) -> str:
    """Write IRIs and literals in the places of variables; an ASK becomes a SELECT.

    That has a row, or several, where the ASK was true.
    """
    return "".join(
        piece if name is None else f"({values[name]})" if is_listed else values[name]
        for piece, name, is_listed in _template(query, frozenset(values))
    )


def project(query: str, names: frozenset[str]) -> str:
    """Write a SELECT that names some variables too, so that the store can bind them."""
    visible = visible_text(query)
    select = next(found for found in _TOKEN.finditer(visible) if found["select"])
    added = "".join(f" ?{name}" for name in sorted(names - _named(visible, select.end())))
    edits = [(select.end(), select.end(), added)]
    tested = (found for found in _TOKEN.finditer(visible) if found["tested"] in names)
    edits += [(*found.span(), "(true)") for found in tested]
    grouped = list(re.finditer(r"GROUP\s+BY\b", visible[visible.rfind("}") :], re.IGNORECASE))
    if grouped:
        end = visible.rfind("}") + grouped[-1].end()
        edits.append((end, end, added))
    return _replaced(query, edits)


@lru_cache(1024)
def hands_on(query: str, names: frozenset[str]) -> bool:
    """Tell whether a query gives another variable a value that is made of one of these.

    The store does not know then that a variable that it has bound itself has a value.
    """
    visible = visible_text(query)
    start = visible.find("{")
    return any(
        not names.isdisjoint(_VARIABLE.findall(_expression(visible, found.start())))
        for found in _AS.finditer(visible, start)
    )


def _expression(visible: str, end: int) -> str:
    """Give the text from the bracket that is open at a place, to there."""
    depth, start = 0, end
    while start and depth >= 0:
        start -= 1
        depth += {")": 1, "(": -1}.get(visible[start], 0)
    return visible[start:end]


def _named(visible: str, start: int) -> set[str]:
    clause = re.split(r"\bWHERE\b|\{", visible[start:], maxsplit=1, flags=re.IGNORECASE)[0]
    while (outer := _IN_BRACKETS.sub("", clause)) != clause:
        clause = outer
    return set(_VARIABLE.findall(clause))


@lru_cache(1024)
def _template(query: str, names: frozenset[str]) -> list[tuple[str, str | None, bool]]:
    """Cut a query into pieces of text, and places of variables with whether they need brackets."""
    writer = _Writer(query, names)
    for found in _TOKEN.finditer(visible_text(query)):
        writer.take(found)
    writer.pieces.append((query[writer.end :], None, False))
    return writer.pieces


class _Writer:
    """Follows a query's clauses, as a variable's place in them tells how its value is written."""

    def __init__(self, query: str, names: frozenset[str]) -> None:
        self._query = query
        self._names = names
        self._clause = "plain"
        self._depth = 0
        self._selected = 0
        self.end = 0
        self.pieces: list[tuple[str, str | None, bool]] = []

    def take(self, found: re.Match[str]) -> None:
        """Take the next token."""
        kind = found.lastgroup
        if kind in ("ask", "select", "list", "plain", "brace"):
            self._begin(found, kind)
        elif kind == "tested" and found["tested"] in self._names:
            self._write(found, "(true)")
        elif kind == "variable":
            self._variable(found)
        elif kind in ("open", "close", "all"):
            self._selected += kind != "close" and self._depth == 0
            self._depth += {"open": 1, "close": -1, "all": 0}[kind]

    def _begin(self, found: re.Match[str], kind: str) -> None:
        if self._clause == "select" and not self._selected:
            self._cut(found.start(), f" (true AS ?is{found.start()}) ", found.start())
        if kind == "ask":
            self._write(found, f"SELECT (true AS ?is{found.start()}) ")
        self._clause = kind if kind in ("select", "list") else "plain"
        self._depth = self._selected = 0

    def _variable(self, found: re.Match[str]) -> None:
        name = found["variable"]
        is_direct = self._depth == 0
        if name not in self._names:
            self._selected += is_direct
        elif self._clause == "select" and is_direct:
            self._write(found, "")
        else:
            is_listed = self._clause == "list" and is_direct
            self.pieces.append((self._query[self.end : found.start()], None, False))
            self.pieces.append(("", name, is_listed))
            self.end = found.end()

    def _write(self, found: re.Match[str], text: str) -> None:
        self._cut(found.start(), text, found.end())

    def _cut(self, start: int, text: str, end: int) -> None:
        self.pieces.append((self._query[self.end : start] + text, None, False))
        self.end = end


def _replaced(text: str, edits: list[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
