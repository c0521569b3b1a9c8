"""Terms are taken apart, recognised and compared as SPARQL and XML Schema have it."""

from __future__ import annotations

from itertools import product

import pytest

from kg.store import EmbeddedStore
from kg.validate.values import (
    is_in_language,
    is_less,
    is_of_datatype,
    is_pattern,
    literal_of,
    matches,
    parts_of,
    text_of,
)

XSD = "http://www.w3.org/2001/XMLSchema#"
NAN = f'"NaN"^^<{XSD}double>'
ORDERED = (
    '"a"',
    '"B"',
    '"\\U0001F600"',
    *(
        f'"{text}"^^<{XSD}{name}>'
        for text, name in (
            ("1", "integer"),
            ("-2", "int"),
            ("1.0", "decimal"),
            ("0.1", "decimal"),
            ("0.1", "double"),
            ("0.1", "float"),
            ("1e400", "double"),
            ("NaN", "double"),
            ("INF", "float"),
            ("true", "boolean"),
            ("0", "boolean"),
            ("2026-01-01", "date"),
            ("2026-01-01Z", "date"),
            ("2026-12-31", "date"),
            ("2026-01-01T00:00:00", "dateTime"),
            ("2026-01-01T00:00:00Z", "dateTime"),
            ("2026-01-01T00:00:00.50Z", "dateTime"),
            ("2026-01-01T00:00:00.5Z", "dateTime"),
            ("2026-01-01T24:00:00Z", "dateTime"),
            ("2026-01-01T01:00:00+01:00", "dateTime"),
            ("2026-01-03T00:00:00", "dateTime"),
            ("-0044-03-15T00:00:00Z", "dateTime"),
            ("10:00:00", "time"),
            ("P1D", "dayTimeDuration"),
            ("PT2H", "dayTimeDuration"),
        )
    ),
)


@pytest.mark.parametrize("sign", ["<", "<="])
def test_terms_compare_as_the_store_compares_them(sign: str) -> None:
    store = EmbeddedStore.in_memory("urn:traveler:test/")
    for left, right in product(ORDERED, ORDERED):
        if left == right == NAN:  # the store says that it is equal to itself, and IEEE 754 not
            continue
        expected = store.ask(f"ASK {{ FILTER({left} {sign} {right}) }}")
        assert is_less(left, right, or_equal=sign == "<=") == expected, (left, sign, right)


@pytest.mark.parametrize(
    "term", ["<urn:a>", "_:a", '"a"@en', '"a"^^<urn:datatype>', f'"x"^^<{XSD}integer>']
)
def test_what_has_no_order_is_not_even_equal(term: str) -> None:
    assert not is_less(term, term, or_equal=True)
    assert not is_less(term, '"b"', or_equal=True)
    assert not is_less('"b"', term, or_equal=True)


def test_numbers_that_the_store_has_no_room_for_compare_all_the_same() -> None:
    small, large = (f'"{10**40 + more}"^^<{XSD}integer>' for more in (0, 1))
    assert is_less(small, large)
    assert not is_less(large, small)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("integer", "0 -1 +007", "1.0 one 1e2"),
        ("byte", "-128 127", "128 -129 x"),
        ("unsignedByte", "0 255", "-1 256"),
        ("positiveInteger", "1", "0 -1"),
        ("nonPositiveInteger", "0 -5", "1"),
        ("decimal", "1 1.5 .5 -5.", "1e2 . INF"),
        ("double", "1 1e2 -INF NaN", "1e inf +NaN"),
        ("boolean", "true false 1 0", "TRUE yes"),
        ("date", "2024-02-29 2026-01-01Z 12026-01-01", "2023-02-29 2026-1-1 2026-01-01T00:00:00"),
        (
            "dateTime",
            "2026-01-01T24:00:00 2026-01-01T00:00:00.1+14:00",
            "2026-01-01 2026-01-01T25:00:00",
        ),
        ("dateTimeStamp", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00"),
        ("time", "10:00:00", "10:00"),
        ("gYear", "2026 -0044", "26"),
        ("duration", "P1Y2M3DT4H5M6.7S -P1D", "P PT 1D P1S"),
        ("dayTimeDuration", "P1DT2H", "P1Y"),
        ("yearMonthDuration", "P1Y2M", "P1D P"),
        ("string", "anything", ""),
        ("anyURI", "anything", ""),
    ],
)
def test_spellings_of_a_datatype(name: str, good: str, bad: str) -> None:
    datatype = f"<{XSD}{name}>"
    suffix = "" if name == "string" else f"^^{datatype}"
    for text in good.split():
        assert is_of_datatype(f'"{text}"{suffix}', datatype, datatype), text
    for text in bad.split():
        assert not is_of_datatype(f'"{text}"{suffix}', datatype, datatype), text


def test_a_store_may_hold_a_datatype_in_another() -> None:
    byte, integer = f"<{XSD}byte>", f"<{XSD}integer>"
    assert is_of_datatype(f'"1"^^{integer}', byte, integer)
    assert not is_of_datatype(f'"300"^^{integer}', byte, integer)
    assert not is_of_datatype(f'"1"^^{byte}', byte, integer)
    assert not is_of_datatype(byte, byte, byte)


def test_literals_are_taken_apart() -> None:
    string = f"<{XSD}string>"
    assert parts_of('"a\\"@en\\n\\u0041"') == ('a"@en\nA', string, "")
    assert parts_of('"a"@EN-gb')[2] == "en-gb"
    assert parts_of(f'"a^^"^^<{XSD}token>') == ("a^^", f"<{XSD}token>", "")
    assert text_of("<urn:a>") == "urn:a"
    for text in ('a\\"b', "line\nline\r", "tab\t", ""):
        assert text_of(literal_of(text)) == text


def test_patterns_are_those_of_sparql() -> None:
    assert is_pattern("^a.c$", "si")
    assert not is_pattern("a", "z")
    assert not is_pattern("(?=a)", "")
    assert matches('"A\\nc"', "^a.c$", "si")
    assert not matches('"A\\nc"', "^a.c$", "i")
    assert matches("<urn:abc>", "^urn:", "")
    assert matches(f'"12"^^<{XSD}integer>', "^1", "")
    assert not matches("_:b", "", "")


def test_languages_are_in_basic_ranges() -> None:
    assert is_in_language('"a"@en-GB', ("de", "en"))
    assert is_in_language('"a"@de', ("*",))
    assert not is_in_language('"a"@eng', ("en",))
    assert not is_in_language('"a"', ("*",))
    assert not is_in_language("<urn:a>", ("*",))
