"""Random tables and mappings: the SQL gives what a slow, obvious interpreter gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.lift.mapping import Reference, Template
from kg.lift.templates import parse_yarrrml

from .conftest import BASE, TR, XSD, Bench

COLUMNS = ("a", "b c", "D", "d")
PLACEHOLDERS = ("-", "n/a")
WHITE = " \t\n\r\v\f\u00a0"


@dataclass(frozen=True)
class Rule:
    predicate: str
    text: str
    kind: str  # plain, iri, integer, boolean, en
    unless: str = ""  # a column that must have a value

    def yaml(self) -> str:
        tail = {"iri": "", "plain": ""}.get(self.kind, f", {self._annotation()}")
        value = json.dumps(self.text + ("~iri" if self.kind == "iri" else ""))
        rule = f"p: tr:{self.predicate}, o: [[{value}{tail}]]"
        if self.unless:
            call = json.dumps(f"trf:notNull(value = $({self.unless}))")
            rule += f", condition: {{function: {call}}}"
        return f"      - {{{rule}}}\n"

    def _annotation(self) -> str:
        return "en~lang" if self.kind == "en" else f"xsd:{self.kind}"


texts = st.lists(
    st.sampled_from(["job/", "x", " ", 'q"', "\\", *(f"$({name})" for name in COLUMNS)]),
    min_size=1,
    max_size=4,
).map("".join)
paths = st.lists(
    st.sampled_from(["/x", "-", "$(a)", "$(b c)", "$(D)", "$(d)"]), min_size=1, max_size=3
).map(lambda parts: "job/" + "".join(parts))
rules = st.one_of(
    st.builds(
        Rule,
        st.sampled_from("pq"),
        texts,
        st.sampled_from(["plain", "en"]),
        st.sampled_from(["", *COLUMNS]),
    ),
    st.builds(Rule, st.sampled_from("pq"), paths, st.just("iri"), st.sampled_from(["", *COLUMNS])),
    st.builds(
        Rule,
        st.sampled_from("pq"),
        st.sampled_from(["$(a)", "$(d)", "$(a)$(d)"]),
        st.sampled_from(["integer", "boolean"]),
        st.sampled_from(["", *COLUMNS]),
    ),
)
values = st.one_of(
    st.none(),
    st.integers(-200, 200),
    st.booleans(),
    st.integers(-8, 8).map(lambda number: number / 4),
    st.sampled_from(["-", " n/a ", "", " ", "007", "+1", "0", "t", "true", "Å/ä", 'a"b\n', "\x01"]),
    st.text(st.characters(max_codepoint=0x2FF, exclude_categories=["Cs"]), max_size=5),
)
rows = st.fixed_dictionaries(dict.fromkeys(COLUMNS, values))


def prepared(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float):
        text = f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "-0")
    else:
        text = str(value)
    text = text.strip(WHITE)
    return None if text in {"", *PLACEHOLDERS} else text


def filled(text: str, row: dict[str, Any], *, is_iri: bool) -> str | None:
    expression = parse_yarrrml(text)
    parts = expression.parts if isinstance(expression, Template) else (expression,)
    made = ""
    for part in parts:
        if isinstance(part, Reference):
            value = prepared(row[part.column])
            if value is None:
                return None
            made += iri_safe(value) if is_iri else value
        else:
            made += part if isinstance(part, str) else part.value
    return made


def iri_safe(value: str) -> str:
    return "".join(
        character if ord(character) >= 0xA0 else quote(character, safe="") for character in value
    )


def escaped(value: str) -> str:
    names = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b"}
    names["\f"] = "\\f"
    return "".join(
        names.get(c) or (f"\\u{ord(c):04X}" if ord(c) < 32 or ord(c) == 127 else c) for c in value
    )


class BadLiteralError(Exception):
    pass


def term(rule: Rule, row: dict[str, Any]) -> str | None:
    if rule.unless and prepared(row[rule.unless]) is None:
        return None
    made = filled(rule.text, row, is_iri=rule.kind == "iri")
    if made is None:
        return None
    if rule.kind == "iri":
        return f"<{BASE}{made}>"
    if rule.kind == "integer":
        try:
            number = int(made) if made.isascii() and "_" not in made else int("x")
        except ValueError as error:
            raise BadLiteralError from error
        return f'"{number}"^^<{XSD}integer>'
    if rule.kind == "boolean":
        if made not in {"true", "false", "1", "0", "t", "f"}:
            raise BadLiteralError
        return f'"{"true" if made in {"true", "1", "t"} else "false"}"^^<{XSD}boolean>'
    return f'"{escaped(made)}"' + ("@en" if rule.kind == "en" else "")


def interpret(subject: str, mapping: list[Rule], row: dict[str, Any]) -> list[tuple[str, ...]]:
    facts: dict[tuple[str, ...], None] = {}
    made = filled(subject, row, is_iri=True)
    for rule in mapping:
        value = term(rule, row)
        if made is not None and value is not None:
            facts[(f"<{BASE}{made}>", f"<{TR}{rule.predicate}>", value)] = None
    return list(facts)


@settings(max_examples=60, deadline=None)
@given(paths, st.lists(rules, min_size=1, max_size=5), st.lists(rows, min_size=1, max_size=6))
def test_the_lift_gives_what_a_slow_interpreter_gives(
    subject: str, mapping: list[Rule], table: list[dict[str, Any]]
) -> None:
    text = (
        f"mappings:\n  job:\n    sources: [[job~table]]\n    s: {json.dumps(subject)}\n    po:\n"
        + "".join(rule.yaml() for rule in mapping)
    )
    with TemporaryDirectory() as folder:
        lifted = Bench(Path(folder)).lift(text, *table, source={"placeholders": PLACEHOLDERS})
    expected = []
    rejected = 0
    for row in table:
        try:
            expected.append(interpret(subject, mapping, row))
        except BadLiteralError:
            expected.append([])
            rejected += 1
    assert lifted.facts == expected
    assert len(lifted.rejected) == rejected
