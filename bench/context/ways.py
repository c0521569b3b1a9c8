"""On which records a fact rests, as the graph has it: read from the named graphs by hand.

A fact that a record asserts stands in that record's graph. One that follows from others rests on
the records of those; the ways in which the ontology lets links follow are written down here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.records import Fact, Term
    from kg.store import Store

TR = "https://w3id.org/traveler/ontology/"
PREFIXES = f"PREFIX tr: <{TR}> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> " + " ".join(
    f"PREFIX {scheme}: <https://w3id.org/traveler/code/{scheme}/>"
    for scheme in ("job-status", "operation-status", "supply", "activity", "phase")
)
_LOADED = ("?use tr:loadedFor ?s", "?use tr:ofBatch ?o")
WAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "forCustomer": (
        (
            "?share tr:allocationOf ?s",
            "?share tr:toOrderLine ?line",
            "?line tr:lineOf ?order",
            "?order tr:orderedBy ?o",
        ),
    ),
    "appliesSpec": (("?s tr:pinnedSpec ?o",),),
    "presumedSpec": (("?s tr:makes ?part", "?part tr:currentSpec ?o"),),
    "madeOn": (
        ("?run tr:ofJob ?s", "?run tr:onMachine ?o"),
        ("?step tr:operationOf ?s", "?step tr:plannedOn ?o"),
    ),
    "consumes": (("?use tr:inputTo ?s", "?use tr:ofBatch ?o"),),
    "produces": (("?use tr:outputOf ?s", "?use tr:ofBatch ?o"),),
    "possiblyConsumes": (_LOADED,),
    "presumablyConsumes": (_LOADED, (*_LOADED, "?o tr:ofMaterial ?material")),
    "runningOn": (("?s tr:onMachine ?o",),),
    "hasOperation": (("?o tr:operationOf ?s",),),
}
"""For each property that follows from others the patterns that it follows from, in each way."""

Way = tuple[frozenset[str], ...]
"""For each premise the paths of the records that assert it."""


def ways_of(store: Store, base: str, fact: Fact) -> list[Way]:
    """Give the ways in which a fact of the present rests on records, by their paths."""
    held = records_of(store, base, fact)
    if held:
        return [(held,)]
    name = fact[1].removeprefix(f"<{TR}").removesuffix(">")
    ends = {"?s": fact[0], "?o": fact[2]}
    found: list[Way] = []
    for way in WAYS.get(name, ()):
        premises = [_replaced(pattern, ends) for pattern in way]
        rows = store.select(f"{PREFIXES} SELECT DISTINCT * WHERE {{ {' . '.join(premises)} }}")
        for row in rows:
            bound = {f"?{key}": term for key, term in row.items()}
            grounds = [_triple(_replaced(premise, bound)) for premise in premises]
            found.append(tuple(records_of(store, base, ground) for ground in grounds))
    return found


def records_of(store: Store, base: str, fact: Fact) -> frozenset[str]:
    """Give the paths, below ``record/``, of the records that assert a fact of the present."""
    prefix = f"{base}record/"
    is_record = f"FILTER STRSTARTS(STR(?g), '{prefix}')"
    rows = store.select(f"SELECT ?g WHERE {{ GRAPH ?g {{ {' '.join(fact)} }} {is_record} }}")
    return frozenset(row["g"][1:-1].removeprefix(prefix).removesuffix("#now") for row in rows)


def _replaced(pattern: str, terms: dict[str, Term]) -> str:
    """Put terms in for variables."""
    subject, predicate, value = pattern.split(" ", 2)
    return f"{terms.get(subject, subject)} {predicate} {terms.get(value, value)}"


def _triple(pattern: str) -> Fact:
    subject, predicate, value = pattern.split(" ", 2)
    return subject, f"<{TR}{predicate.removeprefix('tr:')}>", value
