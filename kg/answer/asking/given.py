"""Given: what a question is asked with, each parameter checked against its kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kg import vocab
from kg.answer.context import KINDS
from kg.answer.evidence import literal_text
from kg.errors import ConfigError
from kg.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.answer.asking.questions import Question
    from kg.answer.find import Finder
    from kg.records import Term

MOST_CHARACTERS = 1_000
"""The longest text that a parameter may be."""
TIME, NUMBER, TEXT = "xsd:dateTime", "xsd:decimal", "xsd:string"
_KINDS_OF = {f"tr:{class_[1:-1].removeprefix(vocab.TR)}": kind for class_, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Given:
    """A question and the terms that its parameters are; one that was left out is None."""

    question: Question
    terms: Mapping[str, Term]

    def entity(self, name: str) -> Term | None:
        """Give the entity of a parameter, as its IRI term."""
        return self.terms.get(name)

    def text(self, name: str) -> str | None:
        """Give the text of a parameter."""
        term = self.terms.get(name)
        return None if term is None else literal_text(term)

    def time(self, name: str) -> datetime | None:
        """Give the time of a parameter, in UTC."""
        text = self.text(name)
        return None if text is None else parse_time(text, "iso", ZoneInfo("UTC"))

    def number(self, name: str) -> Decimal | None:
        """Give the number of a parameter."""
        text = self.text(name)
        return None if text is None else Decimal(text)

    def query(self, now: datetime) -> str:
        """Give the question's query with everything in its place."""
        return self.question.fill(self.terms, now)


def read_given(
    question: Question, given: Mapping[str, str], finder: Finder, zone: ZoneInfo
) -> Given:
    """Read what a question is asked with; times without an offset are local to ``zone``.

    Raises:
        ConfigError: a parameter is missing, unknown, or not of its kind.
        UnknownEntity: it names nothing here, or several things.
    """
    for name in sorted(given.keys() - question.parameters.keys()):
        needed = ", ".join(question.parameters) or "none"
        raise _refused(f"the question has no parameter {name!r}", f"its parameters: {needed}")
    terms = {}
    for name, kind in question.parameters.items():
        if given.get(name):
            terms[name] = _read(name, kind, given[name], finder, zone)
        elif name not in question.optional:
            raise _refused(f"the question needs {name}", f"give {name}=…, {_said(kind)}")
    return Given(question, terms)


def _read(name: str, kind: str, value: str, finder: Finder, zone: ZoneInfo) -> Term:
    if len(value) > MOST_CHARACTERS:
        raise _refused(f"{name} has {len(value):,} characters", f"up to {MOST_CHARACTERS:,}")
    if kind == TIME:
        return _time(name, value, zone)
    if kind == NUMBER:
        return _number(name, value)
    if kind == TEXT:
        return _text(name, value)
    return finder.find(value, _KINDS_OF.get(kind)).term


def _time(name: str, value: str, zone: ZoneInfo) -> Term:
    try:
        moment = parse_time(value, "iso", zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refused(f"{name}={value!r} is no time", "2026-11-23T14:32:00Z") from error
    return _literal(format_time(moment), "dateTime")


def _number(name: str, value: str) -> Term:
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise _refused(f"{name}={value!r} is no number", "a decimal such as 12.5") from error
    if not number.is_finite() or not -30 < number.adjusted() < 30:
        raise _refused(f"{name}={value!r} is no number that can be", "a decimal such as 12.5")
    return _literal(f"{number:f}", "decimal")


def _text(name: str, value: str) -> Term:
    """Write a text; a backslash could begin an escape that ends it (SPARQL 1.1, section 19.2)."""
    if not value.isprintable() or "\\" in value:
        raise _refused(f"{name} has a character that is not taken", "letters, digits, signs")
    return _literal(value.replace('"', '\\"'), "string")


def _literal(text: str, datatype: str) -> Term:
    return f'"{text}"' if datatype == "string" else f'"{text}"^^<{vocab.XSD}{datatype}>'


def _said(kind: str) -> str:
    """Say a kind in words: ``a machine``, ``a time``."""
    words = {TIME: "a time", NUMBER: "a number", TEXT: "a text", "owl:Thing": "any id or label"}
    return words.get(kind, f"any id or label of a {_KINDS_OF.get(kind, kind)}")


def _refused(message: str, hint: str) -> ConfigError:
    return ConfigError(message, hint=hint, code="parameter")
