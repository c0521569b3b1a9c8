"""What is wrong with a record that cannot be lifted, in words that help to mend it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kg.lift.columns import find_unencodable
from kg.lift.literals import CHECKED, EXAMPLES, LANGUAGE_TAG, ROW_DATATYPE
from kg.lift.mapping import XSD
from kg.records import Rejected

if TYPE_CHECKING:
    from pathlib import Path

    from kg.lift.compile import Check
    from kg.records import Record


def reject(record: Record, check: Check, file: Path) -> Rejected:
    """Say what a record fails on: position, column, value, and the line that wants it."""
    held = " and ".join(f"{name!r} = {record.row.get(name)!r}" for name in check.columns)
    message, hint = _explain(check)
    return Rejected(
        source=record.source,
        kind=record.kind,
        position=record.position,
        stage="lift",
        code=check.code,
        message=f"{record.position}: {held or 'a constant'} {message} ({file.name}:{check.line})",
        hint=hint,
        raw=_raw(record),
        key=record.key,
    )


def _explain(check: Check) -> tuple[str, str]:
    if check.code == "bad-time":
        return (
            f"is no time of the form {check.wanted!r}",
            "correct the row, its form in times = { … } in source.toml, or the mapping's pattern",
        )
    if check.code == "bad-number":
        return (
            f"is no {check.wanted}",
            'write it as 12.5 (a decimal comma is a setting, decimal = ",", or trf:parseDecimal)',
        )
    if check.code == "bad-unit":
        return (
            f"is no unit that becomes {check.wanted}",
            "write it in UCUM or QUDT (mm, [in_i], unit:IN), or put trf:lookup before it",
        )
    if check.code == "bad-iri":
        return "makes no valid IRI", "correct the row, or build the IRI by a template"
    if check.code == "lookup-miss":
        return (
            f"is not in lookup table {check.wanted!r}",
            f"add it to {check.wanted}"
            if "." in check.wanted
            else f"add it to [lookup.{check.wanted}] in source.toml",
        )
    if check.wanted == LANGUAGE_TAG:
        return "is no language tag of BCP 47", "write it as en, sv or de-AT"
    if check.wanted == ROW_DATATYPE:
        return f"is no {ROW_DATATYPE}", "correct the value or its datatype"
    datatype = check.wanted.replace(XSD, "xsd:")
    return f"is no {datatype}", f"write it as {EXAMPLES[CHECKED[check.wanted]]}"


def reject_encoding(record: Record) -> Rejected:
    """Say which column's text is no Unicode text."""
    column = find_unencodable(record.row)
    return Rejected(
        source=record.source,
        kind=record.kind,
        position=record.position,
        stage="lift",
        code="bad-encoding",
        message=f"{record.position}: {column!r} holds half of a character (a lone surrogate)",
        hint="correct the row where it is written",
        raw=_raw(record),
        key=record.key,
    )


def _raw(record: Record) -> str:
    raw = json.dumps(dict(record.row), ensure_ascii=False, default=str)
    return raw.encode("utf-8", "backslashreplace").decode("utf-8")
