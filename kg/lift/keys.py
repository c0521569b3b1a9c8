"""The references by which a term differs: rows with other values of them have another term.

So it is known without making a term that no two rows have the same: it is enough to look at the
values of one source.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.lift.model import RelationalModel

_ENCODED = frozenset({"tr_iri_safe", "tr_uri_safe"})
_ONE_TO_ONE = _ENCODED | {"tr_escape", "tr_blank"}
_RESERVED = frozenset("/?#[]@:;,=&!$'()*+")
"""What never stands in a value that is percent-encoded, and so parts two of them."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A raw column in a term, and the function that wrote it there."""

    raw: str
    function: str = ""


def key_of(model: RelationalModel, place: int) -> tuple[str, ...]:
    """Name the references by which a term differs; none where that cannot be told."""
    made = {
        part.alias: part.this
        for level in model.select.find_all(exp.Select)
        for part in level.expressions
        if isinstance(part, exp.Alias)
    }
    parts = list(_parts(model.outputs[place], made))
    if None in parts or not _is_one_to_one(parts):
        return ()
    names = {raw: reference for reference, raw in model.columns.items()}
    return tuple(names[part.raw] for part in parts if isinstance(part, _Value))


def _is_one_to_one(parts: list[str | _Value | None]) -> bool:
    """Tell whether the values can be read back: one alone, or encoded ones with a mark between."""
    values = [number for number, part in enumerate(parts) if isinstance(part, _Value)]
    if len(values) < 2:
        return bool(values)
    between = ["".join(map(str, parts[a + 1 : b])) for a, b in pairwise(values)]
    is_encoded = all(isinstance(p, str) or (p and p.function in _ENCODED) for p in parts)
    return is_encoded and all(_RESERVED & set(text) for text in between)


def _parts(term: exp.Expr, made: dict[str, exp.Expr]) -> Iterator[str | _Value | None]:
    """Give the texts of a term and the values between them; None for anything else."""
    match term:
        case exp.Literal():
            yield term.name
        case exp.Column():
            inner = made.get(term.name)
            yield from [_Value(term.name)] if inner is None else _parts(inner, made)
        case exp.DPipe():
            for part in term.flatten():
                yield from _parts(part, made)
        case exp.Case(args={"ifs": [branch]}) if not term.args.get("default"):
            yield from _parts(branch.args["true"], made)
        case exp.Nullif():
            yield from _parts(term.this, made)
        case exp.Anonymous() if term.name in _ONE_TO_ONE:
            yield _written(term.name, list(_parts(term.expressions[0], made)))
        case _:
            yield None


def _written(function: str, parts: list[str | _Value | None]) -> _Value | None:
    values = [part for part in parts if not isinstance(part, str)]
    value = values[0] if len(values) == 1 else None
    return value and _Value(value.raw, function)
