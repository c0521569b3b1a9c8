"""Validating files: which engine runs which shapes, and what came of it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kg.errors import ConfigError
from kg.store.files import FORMATS, read_quads
from kg.validate.candidates import Candidates
from kg.validate.columns import Columns
from kg.validate.evaluate import Evaluator
from kg.validate.facts import Facts
from kg.validate.parse import shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from kg.records import Term
    from kg.validate.model import Result, Shapes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a validation found; ``checked`` counts focus nodes, one for each shape that has it.

    ``left`` are the shapes that pySHACL has run for us, and why; ``checked`` does not count theirs,
    and is None where pySHACL has run all. ``prefixes`` are those that the files declare.
    """

    results: list[Result]
    left: Mapping[Term, str]
    checked: int | None
    prefixes: Mapping[str, str]


def validate_files(
    data: Iterable[Path],
    shapes: Iterable[Path],
    engine: Literal["traveler", "pyshacl"] = "traveler",
    progress: Callable[[str, str], None] = lambda _stage, _what: None,
) -> Outcome:
    """Validate the facts of some files, in whatever graph, against the shapes of others.

    A folder stands for the files in it. Raises: StoreError for a file that cannot be read,
    OntologyError for a shape that cannot be run.
    """
    prefixes: dict[str, str] = {}
    demanded = _read(shapes, prefixes, progress)
    read = shapes_of(demanded)
    facts = _read(data, prefixes, progress)
    if engine == "pyshacl":
        return Outcome(_referred(facts, demanded, None, progress), {}, None, prefixes)
    results, checked = _evaluated(read, facts, progress)
    if read.left:
        results += _referred(facts, demanded, set(read.left), progress)
    return Outcome(results, read.left, checked, prefixes)


def _referred(
    data: Facts, shapes: Facts, only: set[Term] | None, progress: Callable[[str, str], None]
) -> list[Result]:
    progress("validating", "by pySHACL")
    reference = importlib.import_module("kg.validate.reference")  # loads pySHACL: only when asked
    results: list[Result] = reference.validate_by_reference(data, shapes, only)
    return results


def _evaluated(
    shapes: Shapes, facts: Facts, progress: Callable[[str, str], None]
) -> tuple[list[Result], int]:
    candidates = Candidates(shapes, Columns(facts), Evaluator(shapes, facts))
    results: list[Result] = []
    checked = 0
    for shape in shapes.targeted():
        progress("validating", shape.node)
        checked += len(candidates.targets(shape))
        results += [result for _, result in candidates.results(shape)]
    return results, checked


def _read(
    paths: Iterable[Path], prefixes: dict[str, str], progress: Callable[[str, str], None]
) -> Facts:
    facts = Facts()
    for path in paths:
        for file in _files(path):
            progress("reading", file.name)
            facts.update(fact[:3] for fact in read_quads(file, prefixes))
    return facts


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in FORMATS)
    if not found:
        endings = ", ".join(FORMATS)
        raise ConfigError(f"{path} has no file to read", hint=f"Files end with {endings}.")
    return found
