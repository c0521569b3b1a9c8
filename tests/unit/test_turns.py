"""Folding and answering take turns, and neither keeps the other waiting for long."""

from __future__ import annotations

import threading
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from kg.turns import Turns

if TYPE_CHECKING:
    from kg.turns import Kind

LONG = 30.0
KINDS: tuple[Kind, ...] = ("folding", "answering")


def test_one_works_at_a_time() -> None:
    turns, working, most = Turns(LONG), [0], [0]

    def work(kind: Kind) -> None:
        for _ in range(20):
            with turns.take(kind):
                working[0] += 1
                most[0] = max(most[0], working[0])
                sleep(0.0005)
                working[0] -= 1

    threads = [threading.Thread(target=work, args=(kind,)) for kind in KINDS for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert not any(map(turns.is_wanted, KINDS))


def test_kinds_that_wait_alternate() -> None:
    turns, order = Turns(LONG), []

    def work(kind: Kind) -> None:
        with turns.take(kind):
            order.append(kind)

    kinds: list[Kind] = ["answering", "answering", "answering", "folding", "folding", "folding"]
    threads = [threading.Thread(target=work, args=(kind,)) for kind in kinds]
    with turns.take("answering"):
        for thread in threads:
            thread.start()
        while any(turns._waiting[kind] < 3 for kind in KINDS):
            sleep(0.001)
        assert all(map(turns.is_wanted, KINDS))
    for thread in threads:
        thread.join()
    assert order == ["folding", "answering"] * 3


def test_who_waits_alone_goes_on_at_once() -> None:
    turns = Turns(LONG)
    began = monotonic()
    for _ in range(5):
        with turns.take("folding"):
            pass
    assert monotonic() - began < LONG


def test_who_has_waited_long_goes_ahead() -> None:
    turns = Turns(patience_seconds=0.01)
    with turns.take("answering"), turns.take("folding"), turns.take("answering"):
        assert not any(map(turns.is_wanted, KINDS))
    with turns.take("folding"):
        pass


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(LONG)
    with pytest.raises(ZeroDivisionError), turns.take("folding"):
        _ = 1 / 0
    with turns.take("answering"):
        pass
