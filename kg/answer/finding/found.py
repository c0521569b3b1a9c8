"""Found: what a look-up by name gives, and who may see which names."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from kg.answer.bundle import Focus
    from kg.records import Term

By = Literal["id", "label", "identifier", "source-id", "number", "part-of-name", "likeness"]
STRONG = 0.8
"""From this score on a match is taken for what was meant, where it is the only one."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that can be asked about: its IRI term, kind and short id (``machine/M7``)."""

    term: Term
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Match:
    """One thing that words of a question can mean.

    ``score`` is between 0 and 1; ``by`` and ``why`` say which words matched which name; ``words``
    are those of the question, ``place`` is where they stand in it, counted in words from 0.
    """

    id: str
    kind: str
    label: str
    score: float
    by: By
    words: str
    why: str
    place: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Found:
    """What the words of a query can mean: the best matches first.

    ``is_ambiguous`` says that some words mean several things equally well, ``total`` how many
    matches there are in all. ``absent`` are sentences about ids that nothing here has ("no such
    job: 1034"), ``remarks`` what was not looked at.
    """

    matches: tuple[Match, ...]
    total: int
    is_ambiguous: bool = False
    absent: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question was read: what it is about, what of that it asks, and why so.

    ``others`` are further things that it names, ``unclear`` those that some words can mean beside
    others, ``remarks`` what of it was not understood or not looked at.
    """

    subject: Match
    focus: Focus
    focus_why: str
    others: tuple[Match, ...] = ()
    unclear: tuple[Match, ...] = ()
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return asdict(self)


class Eyes(Protocol):
    """What whoever asks sees of names; nothing is found by a name that is hidden."""

    def names(self, short: str) -> set[str] | None:
        """Give every name of a thing that is shown; None where all are."""
        ...

    def hides(self, short: str) -> bool:
        """Tell whether the thing itself is hidden."""
        ...

    def label(self, short: str) -> str:
        """Give what the thing is called, as far as it is shown; "" to look it up."""
        ...


class OpenEyes:
    """Sees everything."""

    def names(self, short: str) -> set[str] | None:
        """Give None: all names are shown."""
        return None

    def hides(self, short: str) -> bool:
        """Tell that nothing is hidden."""
        return False

    def label(self, short: str) -> str:
        """Give "": every label is shown."""
        return ""


ALL_SEEN: Eyes = OpenEyes()
