"""JSON that breaks, is nested too deeply, or is not what it says."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from kg.errors import SourceError
from kg.lift import lift_file

A = b'{"id": 1, "name": "a"}'
C = b'{"id": 3, "name": "c"}'
DEEP = b"[" * 100_000 + b"]" * 100_000
DIGITS = b"9" * 5_000

LINES = {
    "nesting without end": (b'{"id": 2, "name": ' + DEEP + b"}", ["f:2"]),
    "a number of 5,000 digits": (b'{"id": 2, "name": ' + DIGITS + b"}", ["f:2"]),
    "a value that breaks off": (b'{"id": 2, "na', ["f:2"]),
    "no JSON": (b"id,name", ["f:2"]),
    "no object": (b"[1]", ["f:2"]),
    "two values": (A + A, ["f:2"]),
    "a byte that is no text": (b'{"id": 2, "name": "\xff"}', ["f:2"]),
    "half a character": (b'{"id": 2, "name": "\\ud800"}', ["f:2"]),
    "a NUL": (b'{"id": 2, "name": "\0"}', ["f:2"]),
    "an object for a value": (b'{"id": 2, "name": {"de": "x"}}', ["f:2"]),
    "an empty line": (b"", []),
    "a line of 70 MB": (b'{"id": 2, "name": "' + b"x" * 70_000_000 + b'"}', ["f:2"]),
}


@pytest.mark.parametrize("case", LINES, ids=lambda case: case.replace(" ", "-"))
def test_a_bad_line_of_json_costs_one_row(case: str, tmp_path: Path, lift) -> None:
    line, places = LINES[case]
    (tmp_path / "f").write_bytes(b"\r\n".join([A, line, C]))
    lines, rejected = lift("[f~jsonl]")
    assert lines == ['1 "a"', '3 "c"']
    assert [place for place, _ in rejected] == places


def test_a_row_of_which_several_values_are_bad_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('[{"id": 1, "to": ["a b", "c d"]}, {"id": 2, "to": ["x", "y"]}]')
    (tmp_path / "m.yml").write_text(
        'prefixes: {ex: "http://x.org/"}\nmappings:\n  row:\n    sources:\n      - [f~json]\n'
        "    s: ex:$(id)\n    po:\n      - [ex:to, '$(to[*])~iri']\n"
    )
    lifted = lift_file(tmp_path / "m.yml", "http://x.org/")
    assert len(list(lifted.lines)) == 2
    assert [bad.position for bad in lifted.rejected] == ["f#1"]


DOCUMENTS = {
    "one that breaks off": (b"[" + A + b',{"id": 2, "na', ["f#2"]),
    "an element that is never closed": (b"[" + A + b',{"id": [' + b"1," * 200_000, ["f#2"]),
    "a comma that is missing": (b"[" + A + C + b"]", ["f#2"]),
    "text behind its end": (b"[" + A + b"] and more", ["f#2"]),
    "several documents": (A + b"\n" + C, ["f#2"]),
    "a rest that breaks off": (b'{"rows": [' + A + b'], "more": [', ["f#2"]),
    "another iterator's rest": (b'{"rows": [' + A + b'], "more": [' + DEEP + b"]}", ["f#2"]),
    "an object for a value": (b"[" + A + b',{"id": 2, "name": {}}]', ["f#2"]),
    "spaces without end": (b"[" + A + b" " * 20_000_000 + b"]", []),
    "UTF-16": (b"\xff\xfe" + f"[{A.decode()}]".encode("utf-16-le"), []),
    "UTF-16 without its mark": (f"[{A.decode()}]".encode("utf-16-le"), []),
    "a gzip by another name": (gzip.compress(b"[" + A + b"]"), []),
}


@pytest.mark.parametrize("case", DOCUMENTS, ids=lambda case: case.replace(" ", "-"))
def test_a_document_is_lifted_up_to_where_it_breaks(case: str, tmp_path: Path, lift) -> None:
    data, places = DOCUMENTS[case]
    (tmp_path / "f").write_bytes(data)
    iterator = ', "$.rows[*]"' if data.startswith(b'{"rows"') else ""
    lines, rejected = lift(f"[f~json{iterator}]")
    assert lines == ['1 "a"']
    assert [place for place, _ in rejected] == places


ELEMENTS = {
    "nesting without end": b'{"id": 2, "name": ' + DEEP + b"}",
    "objects in objects": b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
    "a number of 5,000 digits": b'{"id": 2, "name": ' + DIGITS + b"}",
    "a line break in a text": b'{"id": 2, "name": "a\nb, ] } c"}',
    "a comma that is missing": b'{"id": 2 "name": "b"}',
    "a comma too many": b'{"id": 2, "name": "b",}',
    "single quotes": b"{'id': 2, 'name': 'b'}",
    "a word": b"undefined",
    "nothing": b"",
    "escapes": b'{"id": 2, "name": "b\\\\", "x": "\\"]", y}',
}


@pytest.mark.parametrize("case", ELEMENTS, ids=lambda case: case.replace(" ", "-"))
def test_an_element_that_is_no_json_but_has_an_end_costs_one_row(
    case: str, tmp_path: Path, lift
) -> None:
    space = b" " * 70_000  # so that the element stands in several pieces of the text
    filled = b"[" + A + b"," + space + ELEMENTS[case] + space + b"," + C + b"]"
    (tmp_path / "f").write_bytes(filled)
    assert lift("[f~json]") == (['1 "a"', '3 "c"'], [("f#2", "bad-row")])


def test_an_iterator_over_arrays_in_arrays_needs_no_more_than_the_outer_element(
    tmp_path: Path, lift
) -> None:
    inner = f'{{"lines": [{A.decode()}, {C.decode()}]}}'
    (tmp_path / "f").write_text(f'{{"orders": [{inner}, {{"lines": []}}, {{"li')
    lines, rejected = lift('["f~json", "$.orders[*].lines[*]"]')
    assert lines == ['1 "a"', '3 "c"']
    assert rejected == [("f#3", "bad-row")]


@pytest.mark.parametrize(
    "data", [b"", b"  ", b"id,name\n1,a\n", b"[" * 100_000, b"\x89PNG\r\n\x1a\n\0\0"]
)
def test_what_is_no_json_from_the_start_is_one_error(data: bytes, tmp_path: Path, lift) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(SourceError, match="cannot be read") as caught:
        lift("[f~json]")
    assert caught.value.hint


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_gzip_that_is_not_whole_is_one_error(form: str, tmp_path: Path, lift) -> None:
    packed = gzip.compress(b"\n".join([A] * 1_000))
    for broken in (packed[:-9], packed[:-8] + bytes(8), packed[:20] + bytes(9) + packed[29:]):
        (tmp_path / "f").write_bytes(broken)
        with pytest.raises(SourceError, match=re.escape("f: cannot be read")):
            lift(f"[f~{form}]")
