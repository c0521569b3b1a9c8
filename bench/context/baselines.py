"""What a model would get without a card: rows of the source tables, or the graph around a thing.

Both are cut at the same number of tokens, whole rows or triples, and are judged kindly: a fact is
there when the rows, or the triple, that it rests on are there, however hard they are to read, and
so is a computed number when what it follows from is. What a dump cannot say, such as that a source
is silent, stale, or owes something, is not there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.context.gold import short_name
from kg.answer.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.context.gold import Question, WantedFact
    from bench.context.plants import AskedPlant
    from kg.records import Fact

MOST_ROWS = 400
"""Rows that are looked at for one dump: more never fit."""


def dump_rows(plant: AskedPlant, question: Question, budget: int) -> bool:
    """Dump the rows that say something of the thing, or name it, as JSON; tell if they suffice."""
    paths = _records_about(plant, question)
    rows = plant.work.journal.current_by_path(f"record/{path}" for path in paths)
    kept: set[str] = set()
    tokens = 0
    for path in paths:
        record = rows.get(f"record/{path}")
        if record is None:
            continue
        told = {"record": path, **{k: v for k, v in record.row.items() if v not in {None, ""}}}
        line = json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=str)
        more = estimate_tokens(line + "\n")
        if tokens + more > budget:
            break
        tokens += more
        kept.add(path)
    return _judged(question, lambda wanted: _rests_on(wanted, kept))


def _rests_on(wanted: WantedFact, kept: set[str]) -> bool:
    return any(all(premise & kept for premise in way) for way in wanted.ways)


def _records_about(plant: AskedPlant, question: Question) -> list[str]:
    """Give the records whose graphs say something of the thing, then those that name it."""
    entity = f"<{plant.base}{question.entity}>"
    prefix = f"{plant.base}record/"
    found: dict[str, None] = {}
    for pattern in (f"{entity} ?p ?o", f"?s ?p {entity}"):
        rows = plant.store.select(
            f"SELECT DISTINCT ?g WHERE {{ GRAPH ?g {{ {pattern} }} "
            f"FILTER STRSTARTS(STR(?g), '{prefix}') }} ORDER BY ?g LIMIT {MOST_ROWS}"
        )
        for row in rows:
            path = short_name(row["g"], prefix).removesuffix("#now")
            found.setdefault(path)
    return list(found)


def dump_hop(plant: AskedPlant, question: Question, budget: int) -> bool:
    """Dump the triples of the present that begin or end with the thing; tell if they suffice."""
    entity = f"<{plant.base}{question.entity}>"
    kept: set[Fact] = set()
    tokens = 0
    for pattern in (f"BIND({entity} AS ?s) ?s ?p ?o", f"BIND({entity} AS ?o) ?s ?p ?o"):
        rows = plant.store.select(
            f"SELECT ?s ?p ?o WHERE {{ {pattern} }} ORDER BY ?p ?s ?o LIMIT {MOST_ROWS}"
        )
        for row in rows:
            s, p, o = (short_name(row[name], plant.base) for name in "spo")
            more = estimate_tokens(f"{s} {p} {o} .\n")
            if tokens + more > budget:
                break
            tokens += more
            kept.add((s, p, o))
    return _judged(question, lambda one: (one.about, one.predicate, one.value) in kept)


def _judged(question: Question, is_there: Callable[[WantedFact], bool]) -> bool:
    """Tell whether a dump suffices: it says no state and no age, and numbers follow."""
    if question.states or question.template.ages:
        return False
    return all(map(is_there, question.facts))
