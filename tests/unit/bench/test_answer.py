"""The benchmark of answers: what it counts as an answer, what it compares, and its page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from http.server import ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from rdflib import Graph

from bench.answer.check import differing_rows, plain
from bench.answer.load import measure
from bench.answer.measure import TRAVELER, Asked, Measured
from bench.answer.peers import PEERS
from bench.answer.plant import BARE, end_what_ended
from bench.answer.results import RIVAL, tell_results
from bench.answer.run_rdflib import answering
from bench.measure import BASE
from bench.results import WIDTH
from bench.tables import write_tables
from kg import vocab

THING = f"<{BASE}machine/M1>"
FACTS = f"""\
<{BASE}run/1> {vocab.RUNNING_ON} {THING} .
<{BASE}run/1> {vocab.OF_JOB} <{BASE}job/J1> .
<{BASE}run/1> {vocab.STARTED_AT} "2026-06-01T08:00:00Z"^^<{vocab.XSD}dateTime> .
<{BASE}job/J1> {vocab.FOR_CUSTOMER} <{BASE}customer/C1> .
"""
ROW = [
    f"customer {BASE}customer/C1",
    f"job {BASE}job/J1",
    f"run {BASE}run/1",
    "since 2026-06-01T08:00:00Z",
]


@pytest.fixture
def served() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), answering(Graph().parse(data=FACTS)))
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _path(_thing: str) -> str:
    return PEERS["rdflib"].path(f"PREFIX tr: <{vocab.TR}> {BARE.format(it=THING)}")


def test_rows_are_compared_by_what_they_are(served: int) -> None:
    assert differing_rows(served, _path, {"here": [ROW], "there": [ROW[1:]], "none": []}) == [
        "there",
        "none",
    ]
    assert plain(f'"2026-06-01T08:00:00.000+00:00"^^<{vocab.XSD}dateTime>') == ROW[3].split()[1]


def test_every_client_counts_its_answers(served: int) -> None:
    request = f"GET {_path('')} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    told = asyncio.run(measure(served, [request] * 3, 0, 30.0, Random(1)))
    assert (len(told["others"]), told["hits"], told["wrong"]) == (3, [], 0)  # type: ignore[arg-type]
    told = asyncio.run(measure(served, [request], 2, 0.2, Random(1)))
    assert len(told["others"]) >= 2  # type: ignore[arg-type]
    assert told["wrong"] == 0


def test_what_is_kept_is_told_apart_and_what_is_no_answer_is_wrong() -> None:
    async def found() -> dict[str, object]:
        heads = iter([b"200 OK\r\nCache-Status: traveler; hit", b"200 OK", b"304 Not Modified"])

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for head in heads:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 " + head + b"\r\nContent-Length: 2\r\n\r\n{}")
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await measure(port, [b"GET / HTTP/1.1\r\n\r\n"] * 3, 0, 30.0, Random(1))

    told = asyncio.run(found())
    assert (len(told["hits"]), len(told["others"]), told["wrong"]) == (1, 2, 1)  # type: ignore[arg-type]
    assert told["bytes"] == 6


def test_two_operations_of_a_machine_are_under_way(tmp_path: Path) -> None:
    write_tables(tmp_path, 40, 1)
    path = tmp_path / "operation.csv"
    before = path.read_text()
    end_what_ended(path)
    rows = [line.split(",") for line in path.read_text().splitlines()]
    machine, end = rows[0].index("machine"), rows[0].index("end")
    open_ = [row[machine] for row in rows[1:] if row[machine] and not row[end]]
    assert open_
    assert max(map(open_.count, open_)) <= 2
    assert before != path.read_text()


def _asked(name: str, clients: int, rate: float, ms: float, kept: bool = False) -> Asked:
    count = round(rate * 10)
    hits = [ms] * (count if kept else 0)
    others = [ms] * (0 if kept else count)
    return Asked(name, clients, 10.0, 0, 1_000 * count, hits, others)


def _page(ours: float, miss_ms: float, **more: object) -> str:
    measured = [
        Measured(
            *(jobs, 70, 900, 20),
            once=_asked(TRAVELER, 0, 10, miss_ms),
            rounds=[_asked(TRAVELER, 8, ours, 2.0, kept=True), _asked(RIVAL, 8, 500, 3.0)],
            **more,  # type: ignore[arg-type]
        )
        for jobs in (10_000, 100_000)
    ]
    told = tell_results(measured, {}, "python -m bench.answer", date(2026, 11, 30))
    assert all(len(line) <= WIDTH for line in told.splitlines())
    return " ".join(told.split())


def test_the_page_says_whether_the_goals_were_met() -> None:
    well, ill = _page(1_000, 5.0), _page(900, 5.1)
    assert "2.00 times the answers of oxigraph serve a second (asked was 2: met)" in well
    assert "5.00 ms, of 5: met" in well
    assert "1.80 times the answers of oxigraph serve a second (asked was 2: not met)" in ill
    assert "5.10 ms, of 5: not met" in ill
    assert "p50 at 100,000 jobs is 1.00 times p50 at 10,000" in well
    assert "every server gives the same ones" in well


def test_the_page_says_who_told_otherwise_and_who_was_not_there() -> None:
    page = _page(
        1_000, 5.0, differing={"Virtuoso": ["job/J1", "job/J2"]}, absent={"rdflib": "it is large"}
    )
    assert "differ from the rows of the bare query: Virtuoso: 2 (job/J1)" in page
    assert "rdflib was not measured: it is large." in page
    assert "every server gives the same ones" not in page
