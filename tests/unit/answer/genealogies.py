"""Genealogies written down in a line each, as facts of a store."""

from __future__ import annotations

from collections.abc import Iterable

from kg import vocab
from kg.store import EmbeddedStore

BASE = "https://plant.example/"
_CLASSES = {
    "batch": vocab.MATERIAL_BATCH,
    "job": vocab.JOB,
    "piece": vocab.PIECE,
    "line": vocab.SALES_ORDER_LINE,
    "order": vocab.SALES_ORDER,
    "customer": vocab.CUSTOMER,
    "supplier": vocab.SUPPLIER,
    "sent": vocab.SHIPMENT_LINE,
    "shipment": vocab.SHIPMENT,
}
_NUMBERS = {
    vocab.QUANTITY,
    vocab.USED_QUANTITY,
    vocab.DISCARDED_QUANTITY,
}
_TIMES = {vocab.STARTED_AT, vocab.ENDED_AT, vocab.RECEIVED_AT, vocab.SHIPPED_AT}


def term(name: str) -> str:
    return f"<{BASE}{name}>"


def store_of(text: str) -> EmbeddedStore:
    """Read lines such as ``use/1 ofBatch batch/B ; inputTo job/J``, in the ontology's terms."""
    quads: set[str] = set()
    for line in filter(None, (line.strip() for line in text.splitlines())):
        subject, rest = line.split(" ", 1)
        _type(quads, subject)
        for part in rest.split(" ; "):
            name, value = part.split(" ", 1)
            predicate = f"<{vocab.TR}{name}>"
            quads.add(f"{term(subject)} {predicate} {_object(quads, predicate, value)} .")
    store = EmbeddedStore.in_memory(BASE)
    store.bulk_load(sorted(quads))
    return store


def _type(quads: set[str], name: str) -> None:
    kind = _CLASSES.get(name.partition("/")[0])
    if kind:
        quads.add(f"{term(name)} {vocab.RDF_TYPE} {kind} .")


def _object(quads: set[str], predicate: str, value: str) -> str:
    if predicate in _NUMBERS:
        return f'"{value}"^^<{vocab.XSD}decimal>'
    if predicate in _TIMES:
        return f'"{value}"^^<{vocab.XSD}dateTime>'
    if predicate == vocab.STATUS:
        return vocab.code("job-status", value)
    if predicate == vocab.CERTAINTY:
        return vocab.code("certainty", value)
    if "/" not in value:
        return f'"{value}"'
    _type(quads, value)
    return term(value)


def short(things: Iterable[str]) -> set[str]:
    return {thing[1:-1].removeprefix(BASE) for thing in things}
