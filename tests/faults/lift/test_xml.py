"""XML that attacks its reader, or breaks: nothing is expanded, fetched, or held without end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg.errors import SourceError

ROW = "<row><id>1</id><name>a</name></row>"
SECOND = "<row><id>2</id><name>{}</name></row>"
MULTIPLIED = "<!DOCTYPE r [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
LONG = "<!DOCTYPE r [<!ENTITY a '" + "x" * 1_000_000 + "'>"
EXTERNAL = '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hosts">'

ATTACKS = {
    "entities that multiply": f"{MULTIPLIED}]><r>{ROW}{SECOND.format('&i;')}</r>",
    "the same in an attribute": f'{MULTIPLIED}]><r>{ROW}<row x="&i;"><id>2</id></row></r>',
    "a long entity, often": f"{LONG}]><r>{ROW}" + '<row x="&a;"/>' * 100 + "</r>",
    "another file": f"{EXTERNAL}]><r>{ROW}{SECOND.format('&f;')}</r>",
    "elements without end": f"<r>{ROW}" + "<a>" * 5_000_000,
    "elements in elements": f"<r>{ROW}{SECOND.format('<a>' * 300 + '</a>' * 300)}</r>",
    "a text of 20 MB": f"<r>{ROW}{SECOND.format('x' * 20_000_000)}</r>",
    "a file that breaks off": f"<r>{ROW}<row><id>2</id><na",
    "tags that do not match": f"<r>{ROW}<row><id>2</row></r>",
    "a control character": f"<r>{ROW}{SECOND.format(chr(1))}</r>",
    "a NUL by its number": f"<r>{ROW}{SECOND.format('&#0;')}</r>",
    "two roots": f"<r>{ROW}</r><r/>",
    "text behind its end": f"<r>{ROW}</r>more",
    "a prefix that is not bound": f"<r>{ROW}<x:row/></r>",
}


@pytest.mark.parametrize("case", ATTACKS, ids=lambda case: case.replace(" ", "-"))
def test_an_attack_or_a_break_is_told_and_what_came_before_is_lifted(
    case: str, tmp_path: Path, lift
) -> None:
    (tmp_path / "f").write_text(ATTACKS[case])
    lines, rejected = lift('["f~xml", "/r/row"]')
    assert lines[0] == '1 "a"'
    assert [code for _, code in rejected] == ["bad-row"]
    assert re.match(r"f#\d+", rejected[0][0])


QUIET = {
    "a parameter entity of another file": '<!DOCTYPE r [<!ENTITY % f SYSTEM "file:///etc/hosts">%f;]>',
    "a document type of the web": '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">',
    "an encoding of its own": '<?xml version="1.0" encoding="ISO-8859-1"?>',
}


@pytest.mark.parametrize("case", QUIET, ids=lambda case: case.replace(" ", "-"))
def test_what_a_document_begins_with_is_not_followed(case: str, tmp_path: Path, lift) -> None:
    (tmp_path / "f").write_text(f"{QUIET[case]}<r>{ROW}</r>")
    assert lift('["f~xml", "/r/row"]') == (['1 "a"'], [])


def test_an_inclusion_includes_nothing(tmp_path: Path, lift) -> None:
    name = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/hosts" parse="text"/>'
    (tmp_path / "f").write_text(f"<r>{ROW}{SECOND.format(name)}</r>")
    assert lift('["f~xml", "/r/row"]') == (['1 "a"'], [])


@pytest.mark.parametrize(
    "data",
    [b"", b"no XML", b"<html><br><p>x</html>", b'<?xml version="1.0" encoding="ebcdic"?><r/>'],
)
def test_what_is_no_xml_from_the_start_is_one_error(data: bytes, tmp_path: Path, lift) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(SourceError, match="cannot be read") as caught:
        lift('["f~xml", "/r/row"]')
    assert caught.value.hint
