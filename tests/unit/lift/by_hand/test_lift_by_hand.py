"""Random tables and mappings: `lift_file` gives what RML-Core says, done by hand and slowly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from kg.lift import lift_file

from .interpreter import Place, Result, interpret, write_quads
from .mapping import LITERAL, UNSAFE_IRI, UNSAFE_URI, Case, Constant, Rule, Term, terms_of
from .strategies import FORMS, Limits, cases
from .tables import Positions, write_table
from .turtle import write_turtle
from .yarrrml import is_expressible, write_yarrrml

LITTLE = "128MB"
MANY = 2_000


@dataclass(frozen=True)
class Made:
    """What the lift made: its lines, and the codes of each row that it put aside."""

    lines: list[str]
    rejected: dict[Place, set[str]]


def lift(case: Case, folder: Path, name: str = "m.ttl", text: str = "", **options: object) -> Made:
    positions = [write_table(table, folder) for table in case.tables]
    mapping = folder / name
    mapping.write_text(text or write_turtle(case), encoding="utf-8")
    lifted = lift_file(mapping, case.base, **options)
    lines = b"".join(lifted.blocks).decode().split("\n")
    assert lines.pop() == ""
    rejected: dict[Place, set[str]] = {}
    for row in lifted.rejected:
        for place in places_of(row.position, positions):
            rejected.setdefault(place, set()).add(row.code)
    return Made(lines, rejected)


def places_of(position: str, positions: list[Positions]) -> list[Place]:
    found = [
        (table, row)
        for table, rows in enumerate(positions)
        for row, places in enumerate(rows)
        if position in places
    ]
    assert found, f"{position} is no place of a row"
    return found


def quads(text: str, *, is_lenient: bool = False) -> ox.Dataset:
    dataset = ox.Dataset(ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=is_lenient))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def has_unsafe(case: Case) -> bool:
    return any(term.kind in {UNSAFE_IRI, UNSAFE_URI} for term in terms_of(case))


def has_nameless(case: Case) -> bool:
    """Tell blank nodes that no expression names."""
    return any(term.expression is None for term in terms_of(case))


def check(case: Case, made: Made, result: Result) -> None:
    assert len(made.lines) == len(set(made.lines))
    is_lenient = has_unsafe(case)
    found = quads("\n".join(made.lines), is_lenient=is_lenient)
    assert len(found) == len(made.lines), "one quad is written in two ways"
    sure = quads(write_quads(result.quads), is_lenient=is_lenient)
    if result.doubtful:
        check_between(made, result, is_lenient=is_lenient)
    else:
        assert found == sure
    check_rejected(case, made, result)


def check_between(made: Made, result: Result, *, is_lenient: bool) -> None:
    """Look for all quads of the rows without a fault, and for none that no row makes.

    Blank nodes have no names to go by here, so all of them are taken for one.
    """

    def plain(lines: list[str]) -> set[str]:
        text = "".join(f"{line}\n" for line in lines)
        parsed = ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=is_lenient)
        return {
            " ".join("_" if isinstance(t, ox.BlankNode) else str(t) for t in quad)
            for quad in map(tuple, parsed)
        }

    sure = plain(write_quads(result.quads).split("\n"))
    may = plain(write_quads(result.quads | result.doubtful).split("\n"))
    found = plain(made.lines)
    assert sure <= found <= may


def check_rejected(case: Case, made: Made, result: Result) -> None:
    assert result.rejected.keys() <= made.rejected.keys() <= rows_named(case, result)
    for place, codes in made.rejected.items():
        if place in result.overlooked:
            codes = codes - {"bad-encoding"}
        assert codes <= result.rejected.get(place, codes)


def rows_named(case: Case, result: Result) -> set[Place]:
    """Give the rejected rows; of Parquet the file may be named, and so all of its rows."""
    named = result.overlooked | result.rejected.keys()
    for table, _ in result.rejected:
        if case.tables[table].form == "parquet":
            named |= {(table, other) for other in range(len(case.tables[table].rows))}
    return named


QUICK = settings(
    max_examples=45,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
FEWER = settings(QUICK, max_examples=9)
LONG = settings(QUICK, max_examples=20)


def run(settled: settings, drawn: SearchStrategy[Case], body: Callable[[Case], None]) -> None:
    settled(given(drawn)(body))()


def test_the_lift_gives_what_the_standard_says() -> None:
    run(QUICK, cases(), lift_and_check)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_the_lift_gives_what_the_standard_says_of_many_cases(form: str) -> None:
    run(LONG, cases(Limits((form,))), lift_and_check)
    run(LONG, cases(Limits((form, "csv"))), lift_and_check)


def lift_and_check(case: Case) -> None:
    with TemporaryDirectory() as folder:
        made = lift(case, Path(folder))
    check(case, made, interpret(case))


COMMON = cases(Limits(is_common=True))


def test_both_vocabularies_and_yarrrml_say_the_same() -> None:
    run(FEWER, COMMON, lift_in_three_syntaxes)


@pytest.mark.slow
def test_both_vocabularies_and_yarrrml_say_the_same_in_many_cases() -> None:
    run(LONG, COMMON, lift_in_three_syntaxes)


def lift_in_three_syntaxes(case: Case) -> None:
    result = interpret(case)
    with TemporaryDirectory() as folder:
        made = lift(case, Path(folder), is_sorted=True)
        old = lift(case, Path(folder), text=write_turtle(case, "old"), is_sorted=True)
        assert old == made
        if is_expressible(case):
            text = write_yarrrml(case)
            assert lift(case, Path(folder), "m.yml", text, is_sorted=True) == made
    check(case, made, result)


STEADY = cases(Limits(has_faults=False)).flatmap(
    lambda case: st.tuples(st.just(case), shuffled(case))
)


def shuffled(case: Case) -> SearchStrategy[Case]:
    tables = [
        st.permutations(table.rows).map(lambda rows, table=table: replace(table, rows=tuple(rows)))
        for table in case.tables
    ]
    return st.tuples(*tables).map(lambda made: replace(case, tables=made))


def test_sorted_lines_are_the_same_bytes_whatever_the_order_and_the_memory() -> None:
    run(FEWER, STEADY, lift_sorted)


@pytest.mark.slow
def test_sorted_lines_are_the_same_bytes_in_many_cases() -> None:
    run(LONG, STEADY, lift_sorted)


def lift_sorted(pair: tuple[Case, Case]) -> None:
    case, other = pair
    with TemporaryDirectory() as folder:
        plain = lift(case, Path(folder))
        made = lift(case, Path(folder), is_sorted=True)
        again = lift(case, Path(folder), is_sorted=True, memory=LITTLE)
        turned = lift(other, Path(folder), is_sorted=True)
    assert made.lines == sorted(plain.lines, key=str.encode)
    assert again == made
    if has_nameless(case):  # these are numbered by their rows
        is_lenient = has_unsafe(case)
        first, second = (
            quads("\n".join(each), is_lenient=is_lenient) for each in (turned.lines, made.lines)
        )
        assert first == second
    else:
        assert turned.lines == made.lines


@pytest.mark.slow
def test_many_rows_make_the_same_quads_in_little_memory() -> None:
    run(settings(LONG, max_examples=8), cases(Limits(has_faults=False)), lift_many_rows)


def lift_many_rows(case: Case) -> None:
    """Repeat every row, which repeats no quad; what is joined would grow too much."""
    maps = tuple(replace(made, rules=tuple(map(without_joins, made.rules))) for made in case.maps)
    case = replace(case, maps=maps)
    assume(not has_nameless(case))
    tables = tuple(replace(table, rows=table.rows * MANY) for table in case.tables)
    with TemporaryDirectory() as folder:
        made = lift(replace(case, tables=tables), Path(folder), is_sorted=True, memory=LITTLE)
    heights = [len(table.rows) for table in case.tables]
    rejected = {
        (table, row % heights[table]): codes for (table, row), codes in made.rejected.items()
    }
    assert made.lines == sorted(made.lines, key=str.encode)
    check(case, Made(made.lines, rejected), interpret(case))


def without_joins(rule: Rule) -> Rule:
    objects = [v for v in rule.objects if isinstance(v, Term) or not v.conditions]
    return replace(rule, objects=tuple(objects) or (Term(Constant("x"), LITERAL),))
