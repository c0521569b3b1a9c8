from __future__ import annotations

import pytest

from kg.store import updates
from kg.store.updates import in_chunks, update_text

A, B, P = "<x:a>", "<x:b>", "<x:p>"


def test_what_goes_stands_before_what_comes_each_graph_by_itself() -> None:
    changes = [((A, P, '"1"', B), True), ((A, P, '"2"', A), False), ((A, P, '"3"', B), False)]
    assert update_text(changes) == (
        f'DELETE DATA {{\nGRAPH {A} {{\n{A} {P} "2" .\n}}\n}};\n'
        f'DELETE DATA {{\nGRAPH {B} {{\n{A} {P} "3" .\n}}\n}};\n'
        f'INSERT DATA {{\nGRAPH {B} {{\n{A} {P} "1" .\n}}\n}}'
    )
    assert "DELETE" not in update_text(changes[:1])
    assert "INSERT" not in update_text(changes[1:])


@pytest.mark.parametrize(
    ("limit", "value", "sizes"),
    [
        ("CHUNK_QUADS", 4, [4, 4, 2]),
        ("CHUNK_GRAPHS", 2, [4, 4, 2]),
        ("CHUNK_LETTERS", 60, [2] * 5),
        ("CHUNK_LETTERS", 1, [1] * 10),
    ],
)
def test_chunks_are_bounded_and_lose_nothing(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(updates, limit, value)
    gone = [(f"<x:{n}>", P, '"old"', f"<x:g{n}>") for n in range(5)]
    come = [(f"<x:{n}>", P, '"new"', f"<x:g{n}>") for n in range(5)]
    chunks = list(in_chunks(gone, come))
    assert [len(chunk) for chunk in chunks] == sizes
    together = [change for chunk in chunks for change in chunk]
    assert together == [
        change
        for pair in zip(gone, come, strict=True)
        for change in zip(pair, (False, True), strict=True)
    ]


def test_nothing_makes_no_chunk() -> None:
    assert list(in_chunks([], [])) == []
