"""Paths: which nodes a path leads to, and from which nodes it leads here (SHACL, section 2.3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.validate.model import Alternative, Inverse, Predicate, Repeated, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kg.records import Term
    from kg.validate.facts import Data
    from kg.validate.model import Path


def values(path: Path, node: Term, data: Data) -> list[Term]:
    """Give the nodes that a path leads to from a node, each once, in the order they were met."""
    if isinstance(path, Predicate):
        if node[0] == '"':
            return []
        return list(dict.fromkeys(o for _, _, o in data.facts(s=node, p=path.iri)))
    if isinstance(path, Inverse):
        return sources(path.path, node, data)
    if isinstance(path, Sequence):
        return _in_turn(path.steps, node, lambda step, start: values(step, start, data))
    if isinstance(path, Alternative):
        return _once(values(part, node, data) for part in path.paths)
    return _repeated(path, node, lambda start: values(path.path, start, data))


def sources(path: Path, node: Term, data: Data) -> list[Term]:
    """Give the nodes from which a path leads to a node: ``values`` backwards."""
    if isinstance(path, Predicate):
        return list(dict.fromkeys(s for s, _, _ in data.facts(p=path.iri, o=node)))
    if isinstance(path, Inverse):
        return values(path.path, node, data)
    if isinstance(path, Sequence):
        backwards = tuple(reversed(path.steps))
        return _in_turn(backwards, node, lambda step, start: sources(step, start, data))
    if isinstance(path, Alternative):
        return _once(sources(part, node, data) for part in path.paths)
    return _repeated(path, node, lambda start: sources(path.path, start, data))


def _in_turn(
    steps: tuple[Path, ...], node: Term, walk: Callable[[Path, Term], list[Term]]
) -> list[Term]:
    reached = [node]
    for step in steps:
        reached = _once(walk(step, start) for start in reached)
    return reached


def _repeated(path: Repeated, node: Term, walk: Callable[[Term], list[Term]]) -> list[Term]:
    """Walk a path again and again; also over millions of nodes, so without recursion."""
    if path.is_once:
        return _once([[node], walk(node)])
    reached: dict[Term, None] = {} if path.least else {node: None}
    waiting = [node]
    walked: set[Term] = set()
    while waiting:
        start = waiting.pop()
        if start in walked:
            continue
        walked.add(start)
        for end in walk(start):
            reached[end] = None
            waiting.append(end)
    return list(reached)


def _once(groups: Iterable[list[Term]]) -> list[Term]:
    return list(dict.fromkeys(node for group in groups for node in group))


def to_sparql(path: Path) -> str:
    """Write a path as a SPARQL property path, bracketed where SPARQL needs it (section 2.3.1.1)."""
    if isinstance(path, Predicate):
        return path.iri
    if isinstance(path, Inverse):
        return f"^{_bracketed(path.path)}"
    if isinstance(path, Sequence):
        return "/".join(_bracketed(step) for step in path.steps)
    if isinstance(path, Alternative):
        return "|".join(_bracketed(part) for part in path.paths)
    return _bracketed(path.path) + ("?" if path.is_once else "+" if path.least else "*")


def _bracketed(path: Path) -> str:
    text = to_sparql(path)
    return text if isinstance(path, Predicate) else f"({text})"
