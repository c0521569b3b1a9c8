"""Goals: what a question is led back to, and the facts that can be looked up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from kg import vocab
from kg.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.records import Term


class Asserted(Protocol):
    """Facts that are looked up: by thing, or by a value that few things share."""

    def find(self, subjects: Collection[Term], p: Term) -> None:
        """Look at one property of many things at once."""
        ...

    def objects(self, s: Term, p: Term) -> Collection[Term]:
        """Give the values of a property of a thing."""
        ...

    def subjects(self, p: Term, o: Term) -> Collection[Term]:
        """Give the things of which a property has a value."""
        ...

    def is_value(self, p: Term, o: Term) -> bool:
        """Tell whether anything has it as the value of a property, at less cost."""
        ...

    def candidates(self, p: Term, o: Term) -> Collection[Term]:
        """Give the things of which a property may have a value, at less cost."""
        ...

    def lacking(self, things: Collection[Term], p: Term, o: Term, other: Term) -> Collection[Term]:
        """Leave out such candidates as are known at less cost to have another property, too."""
        ...


class Goal(NamedTuple):
    """One property of a thing; or, backwards, whatever has the thing as its value.

    Of types it can be one class alone, which costs less than all of them.
    """

    term: Term
    predicate: Term
    is_backward: bool
    of_class: Term = ""


def is_shared(term: Term) -> bool:
    """Tell whether a term is a code, a class or a value: what very many things have."""
    return term[0] != "<" or term[1:].startswith((vocab.TRC, vocab.TR))


def cannot_look(predicate: Term) -> HistoryError:
    """Say that a question would look at all of a plant."""
    return HistoryError(
        f"as of another time, all that has {predicate} cannot be looked at",
        hint="ask about one machine, job, customer or batch",
        code="as-of-everything",
    )
