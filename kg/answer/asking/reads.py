"""What questions read: the properties without whose facts a question has no full answer.

Read from the text, token by token: a parser takes a tenth of a second for each question.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from kg import vocab
from kg.store import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.asking.questions import Question
    from kg.records import Term

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<iri><[^<>"{}|^`\\\s]*>)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<variable>[?$]\w+)
    |(?P<name>[\w-]*:[\w.-]*[\w-])
    |(?P<word>\w+)
    |(?P<sign>\S)""",
    re.VERBOSE,
)
"""What a query is made of, as far as it is looked at here (SPARQL 1.1, section 19)."""
_PREFIX = re.compile(r"^\s*PREFIX\s+([\w-]*):\s*<([^<>]*)>", re.MULTILINE | re.IGNORECASE)


def readers(questions: Iterable[Question]) -> dict[Term, tuple[str, ...]]:
    """Give for each property of the ontology the questions that read it, by name."""
    found: dict[Term, list[str]] = defaultdict(list)
    for question in questions:
        for predicate in sorted(question.needs()):
            found[predicate].append(question.name)
    return {predicate: tuple(sorted(names)) for predicate, names in found.items()}


@lru_cache(maxsize=256)
def properties_read(query: str) -> frozenset[Term]:
    """Give the ontology's properties that a query asks the presence of, also by way of VALUES."""
    prefixes = dict(_PREFIX.findall(query))
    found = set()
    for kind, part in _present(query):
        iri = part[1:-1]
        if kind == "name":
            prefix, _, local = part.partition(":")
            iri = prefixes.get(prefix, "") + local
        # A property's name begins with a small letter, a class's with a capital.
        if iri.startswith(vocab.TR) and iri.removeprefix(vocab.TR)[:1].islower():
            found.add(f"<{iri}>")
    return frozenset(found)


def _present(query: str) -> Iterator[tuple[str, str]]:
    """Give the names in a query's body, past what asks for absence: a gap answers those.

    That is MINUS and NOT EXISTS (SPARQL 1.1, section 8).
    """
    before, absent = ["", ""], 0
    for kind, part in _tokens(_PREFIX.sub("", query)):
        if part == "{":
            is_absence = before[1] == "MINUS" or before == ["NOT", "EXISTS"]
            absent += 1 if absent or is_absence else 0
        elif part == "}" and absent:
            absent -= 1
        elif kind in {"iri", "name"} and not absent:
            yield kind, part
        before = [before[1], part.upper()]


def named_in(query: str) -> Iterator[tuple[int, int, Term]]:
    """Give where each IRI or prefixed name stands in a query, from and to, and what it is."""
    prefixes = {**PREFIXES, **dict(_PREFIX.findall(query))}
    for match in _TOKEN.finditer(query):
        if match.lastgroup == "iri":
            yield match.start(), match.end(), match.group()
        elif match.lastgroup == "name":
            prefix, _, local = match.group().partition(":")
            yield match.start(), match.end(), f"<{prefixes.get(prefix, '')}{local}>"


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(query):
        if match.lastgroup != "comment":
            yield str(match.lastgroup), match.group()


@lru_cache(maxsize=256)
def columns_of(query: str) -> tuple[str, ...]:
    """Name the variables that a SELECT projects, in their order; of ``(… AS ?it)`` the last."""
    found: list[str] = []
    depth, last, is_head = 0, "", False
    for kind, part in _tokens(query):
        is_head = is_head or part.upper() == "SELECT"
        if is_head and (part == "{" or part.upper() == "WHERE"):
            return tuple(found)
        depth += {"(": 1, ")": -1}.get(part, 0)
        last = part[1:] if kind == "variable" else last
        if is_head and ((kind == "variable" and depth == 0) or (part == ")" and depth == 0)):
            found.append(last)
    return tuple(found)
