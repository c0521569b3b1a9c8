"""Kinds: by which names and facts a thing can be told, whichever system speaks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import vocab

if TYPE_CHECKING:
    from kg.records import Term


@dataclass(frozen=True, slots=True)
class Shared:
    """A fact that two systems can both know of one thing.

    Two patterns lead from ``?e`` to the same ``?v``: of a thing that a system describes, and of
    one that is only spoken of. With ``?t`` in both, they must be few days apart as well.
    """

    told: str
    weight: float
    described: str
    spoken_of: str


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of one class are told: by ids, by names that people write, by shared facts.

    What is described as of one of the ``subclasses`` is described.
    ``part_of`` leads from an ``?entity`` that is only spoken of to the ``?whole`` that it is of.
    """

    type: Term
    word: str
    ids: tuple[Term, ...] = (vocab.IDENTIFIER,)
    names: tuple[Term, ...] = ()
    shared: tuple[Shared, ...] = ()
    part_of: str = ""
    subclasses: tuple[Term, ...] = ()


_RUN = f"?run {vocab.OF_JOB} ?e"
_STEP = f"?step {vocab.OPERATION_OF} ?e ; {vocab.PLANNED_START} ?t"
_BATCHES = f"?e {vocab.CONSUMES}|{vocab.POSSIBLY_CONSUMES} ?v"
_JOBS = f"?e {vocab.CONSUMED_BY}|{vocab.POSSIBLY_CONSUMED_BY} ?v"
_LABEL = (vocab.RDFS_LABEL,)

KINDS = (
    Kind(
        vocab.JOB,
        "job",
        shared=(
            Shared("both use {v}", 0.5, _BATCHES, _BATCHES),
            Shared("both make {v}", 0.3, f"?e {vocab.MAKES} ?v", f"?e {vocab.MAKES} ?v"),
            Shared(
                "one ran on {v} on {t}, the other was planned there for {day}",
                0.4,
                f"{_STEP} ; {vocab.PLANNED_ON} ?v",
                f"{_RUN} ; {vocab.ON_MACHINE} ?v ; {vocab.STARTED_AT} ?t",
            ),
            Shared(
                "one ran in {v} on {t}, the other was planned there for {day}",
                0.15,
                f"{_STEP} ; {vocab.PLANNED_AT} ?v",
                f"{_RUN} ; {vocab.ON_MACHINE}/{vocab.IN_WORK_CENTER} ?v ; {vocab.STARTED_AT} ?t",
            ),
        ),
    ),
    Kind(
        vocab.OPERATION,
        "operation",
        shared=(
            Shared(
                "both are of {v}",
                0.5,
                f"?e {vocab.OPERATION_OF} ?v",
                f"?run {vocab.OF_OPERATION} ?e ; {vocab.OF_JOB} ?v",
            ),
        ),
        subclasses=(vocab.OUTSIDE_OPERATION,),
        part_of=f"?run {vocab.OF_OPERATION} ?entity ; {vocab.OF_JOB} ?whole",
    ),
    Kind(
        vocab.MATERIAL_BATCH,
        "batch",
        ids=(vocab.IDENTIFIER, vocab.HEAT_NUMBER),
        shared=(
            Shared("both are used for {v}", 0.4, _JOBS, _JOBS),
            Shared(
                "both are of {v}", 0.2, f"?e {vocab.OF_MATERIAL} ?v", f"?e {vocab.OF_MATERIAL} ?v"
            ),
        ),
    ),
    Kind(vocab.PIECE, "piece", ids=(vocab.IDENTIFIER, vocab.SERIAL_NUMBER)),
    Kind(vocab.MACHINE, "machine", names=_LABEL),
    Kind(vocab.CUSTOMER, "customer", names=_LABEL),
    Kind(vocab.SUPPLIER, "supplier", names=_LABEL),
    Kind(vocab.MATERIAL, "material", names=_LABEL),
    Kind(vocab.PART, "part", names=_LABEL, subclasses=(vocab.MATERIAL,)),
    Kind(vocab.SALES_ORDER, "order"),
)
"""What can have two ids that no rule of spelling brings together; a subclass before its class."""
