from __future__ import annotations

import pytest

from kg.lift.mapping import Constant, Reference, Template
from kg.lift.templates import parse_rml, parse_yarrrml


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("plain", Constant("plain")),
        ("", Constant("")),
        ("$(id)", Reference("id")),
        ("job/$(id)", Template(("job/", Reference("id")))),
        ("$(a)$(b)", Template((Reference("a"), Reference("b")))),
        (r"\$(id)", Constant("$(id)")),
        (r"$(qty \(kg\))", Reference("qty (kg)")),
        ("$(qty (kg))", Reference("qty (kg)")),
        (r"^\(\d+\)$", Constant(r"^\(\d+\)$")),
        ("$5", Constant("$5")),
    ],
)
def test_yarrrml_text_is_split_at_its_references(text: str, expression: object) -> None:
    assert parse_yarrrml(text) == expression


@pytest.mark.parametrize("text", ["$(id", "job/$()"])
def test_a_yarrrml_reference_that_is_empty_or_open_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        parse_yarrrml(text)


def test_an_rml_template_is_split_at_its_braces() -> None:
    assert parse_rml("a/{b}{c d}") == Template(("a/", Reference("b"), Reference("c d")))
    assert parse_rml(r"{\{Name\}}") == Template((Reference("{Name}"),))
    assert parse_rml(r"\{\\ {a}") == Template(("{\\ ", Reference("a")))


@pytest.mark.parametrize("text", ["{{Name}}", r"{N\ame}", r"{Name\}", "a}", "{}", "a\\"])
def test_an_rml_template_with_stray_braces_or_backslashes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"brace|backslash|'\{'|'\}'|empty"):
        parse_rml(text)
