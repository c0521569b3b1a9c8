"""Spreadsheets as programs write them and attackers pack them."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from kg.errors import SourceError

ROWS = (["id", "name"], ["1", "a"], ["2", "b"])
SHEET = "xl/worksheets/sheet1.xml"


def write(folder: Path, rows: tuple[list[str | None], ...] = ROWS) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "f.xlsx")
    return folder / "f.xlsx"


def rewrite(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change one part of a workbook."""
    with zipfile.ZipFile(file) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, change(content) if part == name else content)


def add_rows(rows: str) -> Callable[[bytes], bytes]:
    return lambda sheet: sheet.replace(b"</sheetData>", rows.encode() + b"</sheetData>")


THIRD = (
    '<row r="{}"><c t="inlineStr"><is><t>3</t></is></c><c t="inlineStr"><is><t>c</t></is></c></row>'
)


@pytest.mark.parametrize(
    "change",
    [
        add_rows(THIRD.format(4)),
        add_rows(THIRD.format(1_048_576)),
        lambda sheet: add_rows(THIRD.format(4))(re.sub(rb"<dimension[^>]*>", b"", sheet)),
        lambda sheet: add_rows(THIRD.format(4))(sheet.replace(b"A1:B3", b"A1:XFD1048576")),
    ],
    ids=["beyond-its-size", "in-the-last-row", "without-a-size", "with-an-enormous-size"],
)
def test_what_a_sheet_says_of_its_size_is_not_believed(
    change: Callable[[bytes], bytes], tmp_path: Path, lift
) -> None:
    rewrite(write(tmp_path), SHEET, change)
    assert lift("[f.xlsx~xlsx]") == (['1 "a"', '2 "b"', '3 "c"'], [])


def test_an_error_in_a_mapped_cell_puts_its_row_aside(tmp_path: Path, lift) -> None:
    write(tmp_path, (["id", "name", "x"], ["1", "#DIV/0!", None], ["2", "b", "#N/A"], [None, None]))
    assert lift("[f.xlsx~xlsx]") == (['2 "b"'], [("f.xlsx#2", "bad-row")])


def test_a_date_beyond_the_calendar_is_such_an_error(tmp_path: Path, lift) -> None:
    file = write(tmp_path, (["id", "name"], ["1", "a"]))
    style = b'<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    rewrite(file, "xl/styles.xml", lambda s: re.sub(rb"<cellXfs[^>]*>", style, s))
    rewrite(
        file, SHEET, add_rows('<row r="3"><c><v>2</v></c><c s="1"><v>99999999999</v></c></row>')
    )
    assert lift("[f.xlsx~xlsx]") == (['1 "a"'], [("f.xlsx#3", "bad-row")])


BOMB = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
ENTITY = (
    '<row><c t="inlineStr"><is><t>9</t></is></c><c t="inlineStr"><is><t>&{};</t></is></c></row>'
)

BROKEN: dict[str, Callable[[Path], object]] = {
    "a file that is none": lambda file: file.write_bytes(b"id,name\n1,a\n"),
    "an empty file": lambda file: file.write_bytes(b""),
    "one that is encrypted": lambda file: file.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(5_000)),
    "one that is cut": lambda file: os.truncate(file, file.stat().st_size - 500),
    "one with bad bytes": lambda file: file.write_bytes(
        file.read_bytes()[:300] + bytes(200) + file.read_bytes()[500:]
    ),
    "an archive of something else": lambda file: zipfile.ZipFile(file, "w").close(),
    "a sheet that breaks off": lambda file: rewrite(file, SHEET, lambda sheet: sheet[:-60]),
    "a text that is not there": lambda file: rewrite(
        file, SHEET, add_rows('<row><c t="s"><v>99</v></c></row>')
    ),
    "a row beyond the last": lambda file: rewrite(file, SHEET, add_rows(THIRD.format(10**9))),
    "an entity of another file": lambda file: rewrite(
        file,
        SHEET,
        lambda sheet: (
            b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hosts">]>'
            + add_rows(ENTITY.format("e"))(sheet)
        ),
    ),
    "entities that multiply": lambda file: rewrite(
        file, SHEET, lambda sheet: BOMB.encode() + b"]>" + add_rows(ENTITY.format("i"))(sheet)
    ),
    "a sheet that unpacks to hundreds of megabytes": lambda file: rewrite(
        file, SHEET, add_rows("<row>" + "<c><v>1</v></c>" * 10_000_000 + "</row>")
    ),
    "nothing in it": lambda file: openpyxl.Workbook().save(file),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_a_spreadsheet_that_cannot_be_read_is_one_error(case: str, tmp_path: Path, lift) -> None:
    BROKEN[case](write(tmp_path))
    with pytest.raises(SourceError, match=r"f\.xlsx"):
        lift("[f.xlsx~xlsx]")
