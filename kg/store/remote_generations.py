"""Generations of a graph in a SPARQL server: a new current graph beside the old one, then a swap.

Only the current graph has generations. The records' graphs keep their names, so a rebuild first
adds what they lack, then swaps, then takes away what they say no longer: until the swap the old
current graph is answered from, and every fact of it still finds the records that say it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.bookkeeping import Bookkeeping, Head
from kg.store.ownership import Ownership
from kg.store.redo import Redo
from kg.store.remote import RemoteStore
from kg.store.terms import checked, stored_form
from kg.store.updates import CHUNK_QUADS, in_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kg.records import Fact, Term
    from kg.store.endpoint import Endpoint
    from kg.store.terms import Quad

_GRAPHS_AT_ONCE = 200
_LINES_AT_ONCE = 10_000
_NOTHING: frozenset[Fact] = frozenset()


class RemoteGenerations:
    """The generations of one plant's graph in a SPARQL server; see ``Generations``.

    ``folder`` is the plant's own, on this machine: its lock, and the batch under way.
    """

    def __init__(self, endpoint: Endpoint, base: str, folder: Path) -> None:
        self._endpoint = endpoint
        self._base = base
        self._redo = Redo(folder)
        self._owner = Ownership(endpoint, base, folder)
        self._books = Bookkeeping(endpoint, base, self._owner)

    def current(self) -> RemoteStore | None:
        """Take the store and open its current generation; None before the first.

        Raises: StoreLocked while another process has it, here or on another machine.
        """
        self._owner.take()
        try:
            head = self._books.head()
            if head is None:
                return None
            self._clear(head.generation - 1, head.generation + 1)
            return self._store(head)
        except BaseException:
            self._owner.release()
            raise

    def close(self) -> None:
        """Let the store go."""
        self._owner.release()

    def made_by(self, recipe: str) -> bool:
        """Tell whether the current one is whole and was made by a recipe."""
        head = self._books.head()
        return head is not None and head.recipe == recipe and self._is_whole(head)

    def outdate(self) -> None:
        """Let the current one count as made by another recipe."""
        self._books.outdate()

    def _is_whole(self, head: Head) -> bool:
        """Tell whether nothing is half written, or only a batch that can be finished."""
        if not head.writing:
            return True
        kept = self._redo.kept()
        return (
            kept is not None
            and kept.generation == head.generation
            and head.writing == f"batch {kept.seq}"
        )

    def _store(self, head: Head) -> RemoteStore:
        return RemoteStore(self._endpoint, self._base, self._books, self._redo, head)

    def write(self, quads: Iterable[Quad], seq: int, recipe: str) -> RemoteStore:
        """Write a new one and make it current.

        Readers may still hold the one before: its current graph goes when the next is written, or
        when the plant is next opened. Raises: StoreError; a second try takes up from there.
        """
        self._owner.take()
        head = self._books.head() or Head(0, "", 0, "")
        generation = head.generation + 1
        wanted = _by_graph(quads)
        present = wanted.pop("", set())
        offset = wanted.pop(self._books.offset_graph, set())
        self._change((), [self._books.mark(f"generation {generation}")])
        self._redo.forget()
        self._clear(head.generation - 1, generation)
        self._fill(self._books.present(generation), present)
        outdated = self._add_missing(wanted)
        self._books.publish(generation, recipe, seq, offset)
        self._remove_rest(outdated, wanted)
        self._books.move(seq)
        return self._store(Head(generation, recipe, seq, ""))

    def _clear(self, *generations: int) -> None:
        for generation in generations:
            graph = self._books.present(generation)
            if self._endpoint.ask(f"ASK {{ GRAPH {graph} {{ ?s ?p ?o }} }}"):
                self._endpoint.update(f"CLEAR SILENT GRAPH {graph}")

    def _fill(self, graph: Term, facts: Iterable[Fact]) -> None:
        """Write many facts into one graph, by the Graph Store Protocol where there is one."""
        if not self._endpoint.graph_store:
            self._change((), [(*fact, graph) for fact in facts])
            return
        lines = [f"{s} {p} {o} ." for s, p, o in sorted(facts)]
        for start in range(0, len(lines), _LINES_AT_ONCE):
            self._owner.check()
            self._endpoint.add(graph, lines[start : start + _LINES_AT_ONCE])

    def _add_missing(self, wanted: dict[Term, set[Fact]]) -> list[Term]:
        """Add what graphs lack; give those that hold more than they should."""
        outdated: list[Term] = []
        lacking: list[Quad] = []
        for graph, held in self._held(list(dict.fromkeys([*wanted, *self._books.named_graphs()]))):
            facts = wanted.get(graph, _NOTHING)
            lacking += [(*fact, graph) for fact in facts - held]
            if held - facts:
                outdated.append(graph)
            if len(lacking) >= CHUNK_QUADS:
                self._change((), lacking)
                lacking = []
        self._change((), lacking)
        return outdated

    def _remove_rest(self, graphs: list[Term], wanted: dict[Term, set[Fact]]) -> None:
        """Take away what graphs say no longer.

        What they do say is written again after it: a server that takes 5 and 5.0 for one value
        has lost both.
        """
        for graph, held in self._held(graphs):
            facts = wanted.get(graph, _NOTHING)
            gone = [(*fact, graph) for fact in held - facts]
            self._change(gone, [(*fact, graph) for fact in facts])

    def _change(self, removed: Iterable[Quad], added: Iterable[Quad]) -> None:
        for chunk in in_chunks(removed, added):
            self._owner.check()
            self._endpoint.change(chunk)

    def _held(self, graphs: list[Term]) -> Iterator[tuple[Term, set[Fact]]]:
        """Read graphs, many at once."""
        for start in range(0, len(graphs), _GRAPHS_AT_ONCE):
            names = graphs[start : start + _GRAPHS_AT_ONCE]
            held: dict[Term, set[Fact]] = {name: set() for name in names}
            values = " ".join(map(checked, names))
            for row in self._endpoint.rows(
                f"SELECT ?g ?s ?p ?o WHERE {{ VALUES ?g {{ {values} }} GRAPH ?g {{ ?s ?p ?o }} }}"
            ):
                held[row["g"]].add((row["s"], row["p"], row["o"]))
            yield from held.items()


def _by_graph(quads: Iterable[Quad]) -> dict[Term, set[Fact]]:
    graphs: dict[Term, set[Fact]] = {}
    for s, p, o, g in quads:
        graphs.setdefault(g, set()).add((checked(s), checked(p), stored_form(o)))
    return graphs
