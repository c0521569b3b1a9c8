"""A mapping file of either syntax -> mapping."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kg.errors import ConfigError
from kg.lift.mapping import FunctionCall, is_absolute, mapping_error
from kg.lift.rml import read_rml
from kg.lift.yarrrml import read_yarrrml

if TYPE_CHECKING:
    from pathlib import Path

    from kg.lift.mapping import Expression, MappingDocument, TriplesMap

LONGEST_BYTES = 4_000_000
MOST_FACTS, DEEPEST = 1_000, 50
"""What a mapping written by people, or by a program for them, stays far below."""


def read_mapping(file: Path, base: str) -> MappingDocument:
    """Read a mapping: Turtle as RML, everything else as YARRRML.

    Raises:
        MappingError: it is missing, cannot be read, or says what cannot be used.
        ConfigError: the base is no IRI.
    """
    if base and not is_absolute(base):
        raise ConfigError(f"the base {base!r} is no IRI", hint="https://plant.example/")
    if not file.is_file():
        raise mapping_error(file, 1, "there is no such mapping", _near(file))
    size = file.stat().st_size
    if size > LONGEST_BYTES:
        hint = f"a mapping has {LONGEST_BYTES:,} at most"
        raise mapping_error(file, 1, f"has {size:,} bytes: is it data?", hint)
    is_turtle = file.suffix.lower() in {".ttl", ".rml", ".nt"}
    try:
        document = read_rml(file, base) if is_turtle else read_yarrrml(file)
    except RecursionError as error:
        message = "is nested too deeply, or something in it contains itself"
        raise mapping_error(file, 1, message) from error
    for triples_map in document.triples_maps:
        _check_size(document, triples_map)
    return document


def _near(file: Path) -> str:
    """Say which mapping may be meant, by the files that are there."""
    known = [str(other) for other in file.parent.glob("*") if other.suffix in {".yml", ".ttl"}]
    near = difflib.get_close_matches(str(file), known, 1, 0.5)
    if near:
        return f"did you mean {near[0]}?"
    return f"there is {', '.join(sorted(known)[:5])}" if known else "see mapping = in source.toml"


def _check_size(document: MappingDocument, triples_map: TriplesMap) -> None:
    """Refuse what no person writes, and what would take a plan longer than its rows."""
    for rule in triples_map.predicate_objects:
        count = len(rule.predicates) * (len(rule.objects) + len(rule.joins))
        count *= max(1, len(triples_map.graphs) + len(rule.graphs))
        if count > MOST_FACTS:
            message = f"makes {count:,} facts of one row"
            raise document.error(rule.line, message, f"at most {MOST_FACTS:,} are sound")
        expressions = [term.expression for term in (*rule.predicates, *rule.objects)]
        for expression in (*expressions, rule.condition):
            if expression is not None and _depth(expression) > DEEPEST:
                message = f"nests functions more than {DEEPEST} deep"
                raise document.error(rule.line, message, "make the value in steps")


def _depth(expression: Expression) -> int:
    """Count how deep functions stand in one another, as far as `DEEPEST` and a little more."""
    level, depth = [expression], 0
    while calls := [made for made in level if isinstance(made, FunctionCall)]:
        depth += 1
        level = [value for call in calls for _, value in call.parameters]
        if depth > DEEPEST:
            break
    return depth
