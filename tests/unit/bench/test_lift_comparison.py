from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.lift.comparison import compare, sort_lines

if TYPE_CHECKING:
    from pathlib import Path

    from bench.lift.comparison import Comparison

XSD = "http://www.w3.org/2001/XMLSchema#"
LINK = "<a:s> <a:p> <a:o> ."


def _typed(text: str, datatype: str) -> str:
    return f'<a:s> <a:p> "{text}"^^<{XSD}{datatype}> .'


def _compared(folder: Path, theirs: list[str], expected: list[str]) -> Comparison:
    files = {"theirs.nt": theirs, "expected.nt": expected}
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    sort_lines([folder / "expected.nt"], folder / "expected.nt")
    return compare([folder / "theirs.nt"], folder / "expected.nt", folder)


def test_order_and_the_space_before_the_full_stop_do_not_matter(tmp_path: Path) -> None:
    found = _compared(tmp_path, ["<b:s> <b:p> <b:o>.", LINK], [LINK, "<b:s> <b:p> <b:o> ."])
    assert found.is_same
    assert (found.lines, found.duplicates, found.rewritten) == (2, 0, 0)


def test_duplicates_are_counted_and_are_the_same_set(tmp_path: Path) -> None:
    found = _compared(tmp_path, [LINK, LINK, LINK], [LINK])
    assert found.is_same
    assert (found.lines, found.distinct, found.duplicates) == (3, 1, 2)


@pytest.mark.parametrize(
    ("theirs", "expected", "datatype"),
    [
        ("0.05", "0.0500", "decimal"),
        ("7", "+007", "integer"),
        ("2026-01-01T00:45:00+00:00", "2026-01-01T00:45:00", "dateTime"),
        ("2026-01-01T00:45:00.000Z", "2026-01-01T01:45:00+01:00", "dateTime"),
    ],
)
def test_a_literal_written_otherwise_is_the_same_and_said(
    theirs: str, expected: str, datatype: str, tmp_path: Path
) -> None:
    found = _compared(tmp_path, [_typed(theirs, datatype)], [_typed(expected, datatype)])
    assert found.is_same
    assert found.rewritten == 1
    assert found.example == (f'"{theirs}"', f'"{expected}"')


@pytest.mark.parametrize(
    "line",
    [
        _typed("8", "integer"),
        _typed("7", "long"),
        '<a:s> <a:p> "7" .',
        _typed("7", "integer").replace("<a:p>", "<a:q>"),
        _typed("seven", "integer"),
    ],
)
def test_another_value_datatype_or_property_is_wrong(line: str, tmp_path: Path) -> None:
    expected = _typed("7", "integer")
    found = _compared(tmp_path, [LINK, line], [LINK, expected])
    assert not found.is_same
    assert found.missing == (expected,)
    assert found.unexpected == (line,)


def test_a_missing_line_is_missing_although_another_says_half_of_it(tmp_path: Path) -> None:
    found = _compared(tmp_path, [LINK], [LINK, "<a:s> <a:p> <a:o2> ."])
    assert found.missing == ("<a:s> <a:p> <a:o2> .",)
    assert found.unexpected == ()


def test_no_file_at_all_lacks_everything(tmp_path: Path) -> None:
    (tmp_path / "expected.nt").write_text(f"{LINK}\n", encoding="utf-8")
    assert compare([], tmp_path / "expected.nt", tmp_path).missing == (LINK,)
