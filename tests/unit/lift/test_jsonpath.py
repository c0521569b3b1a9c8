from __future__ import annotations

import pytest

from kg.lift.jsonpath import find_values, is_plural, parse_path

ROW = {
    "name": "saw",
    "a b": 1,
    "x.y": 2,
    "{n}": 3,
    "parts": [{"id": 1}, {"id": 2}],
    "place": {"hall": "H1", "more": {"id": 9}},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [ROW]),
        ("name", ["saw"]),
        ("$.name", ["saw"]),
        ("@.name", ["saw"]),
        ("place.hall", ["H1"]),
        ("$['a b']", [1]),
        ('$["x.y"]', [2]),
        ("$['{n}']", [3]),
        ("$.parts[*].id", [1, 2]),
        ("$.parts[0].id", [1]),
        ("$.parts[-1].id", [2]),
        ("$.parts[7].id", []),
        ("$.place.*", ["H1", {"id": 9}]),
        ("$..id", [1, 2, 9]),
        ("$.none.hall", []),
    ],
)
def test_a_path_leads_to_values_in_the_order_of_the_document(path: str, found: list) -> None:
    assert find_values(parse_path(path), ROW) == found


@pytest.mark.parametrize(
    ("written", "name"),
    [(r"\n\t", "\n\t"), (r"\'", "'"), (r"\\", "\\"), (r"\u00e9", "é"), (r"\ud83d\ude00", "😀")],
)
def test_a_name_in_quotes_has_the_escapes_of_json(written: str, name: str) -> None:
    assert find_values(parse_path(f"$['{written}']"), {name: 1}) == [1]


@pytest.mark.parametrize("path", ["$.a[*]]", "$.a[?(@.b)]", "$.a[1:2]", "$.a[", "$a b..", "a'b"])
def test_what_is_no_path_is_an_error(path: str) -> None:
    with pytest.raises(ValueError, match="no JSONPath"):
        parse_path(path)


def test_only_wildcards_and_descent_lead_to_several_values() -> None:
    assert [is_plural(parse_path(path)) for path in ("a.b[0]", "a[*]", "$.*", "$..a")] == [
        False,
        True,
        True,
        True,
    ]
