"""Trust: what vouches for a fact: a system of record, an event, a person's word, or a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.answer.bundle import Citation, FactState, Trust
    from kg.settings import Plant, SourceSettings

PEOPLE = "people"
"""What ``system`` says in the source.toml of a source that holds what people said."""
_SIGNALS = frozenset({"mtconnect", "opcua", "mqtt", "sparkplug"})


def vouchers_of(plant: Plant) -> Mapping[str, Trust]:
    """Say what vouches for the records of each table, by the path that theirs begin with."""
    return {
        f"record/{source.name}/{table.name}/": _voucher(source, table.row)
        for source in plant.every_source
        for table in source.tables
    }


def _voucher(source: SourceSettings, row: str) -> Trust:
    if source.system == PEOPLE:
        return "person"
    return "event" if row != "state" or source.adapter in _SIGNALS else "system"


def trust_of(
    rule: str | None,
    state: FactState,
    via: Iterable[Citation],
    vouchers: Mapping[str, Trust],
) -> Trust:
    """Say what vouches for a fact that is cited ``via`` records, by a rule or by what they say.

    A person's word is told of whatever else it is joined with; then that a rule drew it.
    """
    found = {vouchers.get(one.record[: _table_end(one.record)], "system") for one in via}
    if "person" in found:
        return "person"
    if rule is not None or state == "inferred":
        return "derived"
    return "event" if "event" in found else "system"


def _table_end(record: str) -> int:
    """Give where the path of a record's table ends: ``record/{source}/{table}/``."""
    return record.find("/", record.find("/", len("record/")) + 1) + 1
