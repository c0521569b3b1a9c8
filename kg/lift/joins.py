"""Referencing object maps -> relational model: the rows of two logical sources, joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.compile import combine
from kg.lift.model import ParentRelation, RelationalModel
from kg.lift.termcolumns import TermColumns, first_failed

if TYPE_CHECKING:
    from kg.lift.mapping import Expression, Join, MappingDocument, PredicateObjectMap, TriplesMap
    from kg.lift.preparation import Preparation

_CHILD, _PARENT = "child", "mother"


def compile_join(
    document: MappingDocument,
    place: tuple[TriplesMap, PredicateObjectMap, Join],
    preparations: tuple[Preparation, Preparation],
    base: str,
) -> RelationalModel:
    """Compile the facts of one referencing object map: the child's rows with the parent's.

    Rows that fail a check are left out; the models of their own sources report them.

    Raises:
        MappingError: as `kg.lift.compile.compile_source`.
    """
    triples_map, rule, join = place
    child, parent = (TermColumns(document, preparation) for preparation in preparations)
    own = triples_map.base or base
    outer = child.values.condition(triples_map.condition, triples_map.line)
    inner = child.values.condition(rule.condition, rule.line)
    subject = child.term(triples_map.subject, own, outer)
    predicates = [child.term(predicate, own, inner) for predicate in rule.predicates]
    graphs = [child.term(graph, own, None) for graph in (*triples_map.graphs, *rule.graphs)]
    found = parent.term(join.subject, join.base or base, None)
    keys = [
        (_key(child, mine, join.line), _key(parent, theirs, join.line))
        for mine, theirs in join.conditions
    ]
    outputs, taken = list(child.levels.outputs), _columns(_CHILD, len(child.levels.outputs))
    if isinstance(found, int):
        outputs.append(parent.levels.outputs[found])
        taken.append(exp.column(f"o{found}", table=_PARENT))
        found = len(taken) - 1
    return RelationalModel(
        _joined(child, parent, taken, keys),
        dict(child.values.columns),
        tuple(dict.fromkeys(combine(subject, predicates, [found], graphs))),
        (),
        (),
        (),
        child.values.first_use | parent.values.first_use,
        tuple(outputs),
        child.values.needs_row,
        ParentRelation(
            join.source,
            dict(parent.values.columns),
            parent.values.needs_row,
            dict(parent.values.copies),
        ),
        dict(child.values.copies),
    )


def _key(side: TermColumns, expression: Expression, line: int) -> int:
    side.values.begin_term()
    return side.levels.output(side.values.text_of(expression, line, None))


def _joined(
    child: TermColumns, parent: TermColumns, taken: list[exp.Expr], keys: list[tuple[int, int]]
) -> exp.Select:
    columns = [exp.alias_(value, f"o{number}") for number, value in enumerate(taken)]
    columns += [exp.alias_(exp.null(), f"o{len(taken) + extra}") for extra in range(2)]
    equal = [
        exp.EQ(
            this=exp.column(f"o{mine}", table=_CHILD),
            expression=exp.column(f"o{theirs}", table=_PARENT),
        )
        for mine, theirs in keys
    ]
    return (
        exp.select(*columns)
        .from_(_passing(child, "batch").subquery(_CHILD))
        .join(_passing(parent, "parent").subquery(_PARENT), on=exp.and_(*equal))
    )


def _passing(side: TermColumns, relation: str) -> exp.Select:
    """Select the rows of one side that fail no check."""
    count = len(side.levels.outputs)
    inner = side.levels.select([first_failed(side.checks())], relation)
    passed = exp.Is(this=exp.column(f"o{count}"), expression=exp.null())
    return exp.select(*_columns("", count)).from_(inner.subquery("checked")).where(passed)


def _columns(table: str, count: int) -> list[exp.Expr]:
    return [exp.column(f"o{number}", table=table or None) for number in range(count)]
