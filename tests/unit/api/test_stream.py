"""The stream tells what changes, takes up where it broke off, and ends with its server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api import streams
from api.serving import bind, make_server
from kg.changes import Changes
from kg.errors import SourceError
from kg.owner import Owner
from kg.records import Record

SAW = Record("shop", "machine", "SAW-01", {"id": "SAW-01", "name": "Saw 1"}, "by hand")
Event = tuple[str, str, dict[str, Any]]


class Listening:
    """An open stream, and its events one after the other."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        self._lines = answer.iter_lines()

    def next(self) -> Event:
        """Give the next event: its name, id and data; heartbeats are passed over."""
        told = {"event": "", "id": "", "data": "{}"}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name:
                told[name] = value
            elif not line and told["event"]:
                return told["event"], told["id"], json.loads(told["data"])
        pytest.fail("the stream has ended")

    def rest(self) -> list[str]:
        """Give what else comes until the stream ends."""
        return list(self._lines)


@contextmanager
def listening(
    client: httpx.Client, last: str = "", **wanted: str
) -> Iterator[tuple[Listening, Event]]:
    """Listen, and give the first event beside it."""
    headers = {"Last-Event-ID": last} if last else {}
    with client.stream("GET", "/v1/stream", params=wanted, headers=headers) as answer:
        open_now = Listening(answer)
        yield open_now, open_now.next()


def rename(owner: Owner, name: str, record: Record = SAW) -> None:
    """Let a record say another name, and fold it in."""
    row = {**record.row, "name": name}
    owner.pipeline.journal.append([replace(record, row=row, version=name)], owner.clock())
    owner.pipeline.apply(owner.clock())


def test_an_entity_that_changes_is_told_with_its_properties_and_the_record(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    with listening(own_client) as (stream, hello):
        assert (hello[0], hello[2]) == ("hello", {"applied_seq": 8})
        rename(own_owner, "Saw one")
        name, number, data = stream.next()
        assert name == "entity"
        assert data == {
            "kind": "machine",
            "id": "machine/SAW-01",
            "what": ["label"],
            "applied_seq": 9,
        }
        assert number.startswith(f"{own_owner.pipeline.changes.life}-9-")


def test_a_listener_who_comes_back_misses_nothing_and_hears_nothing_twice(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    with listening(own_client) as (stream, (_, first, _)):
        rename(own_owner, "Saw A")
        _, second, _ = stream.next()
    rename(own_owner, "Saw B")
    rename(own_owner, "Saw C")
    for last, missed in ((first, [9, 10, 11]), (second, [10, 11])):
        with listening(own_client, last) as (stream, hello):
            assert hello[:2] == ("hello", last)
            assert [stream.next()[2]["applied_seq"] for _ in missed] == missed
            rename(own_owner, f"Saw {last}")
            assert stream.next()[0] == "entity"


@pytest.mark.parametrize("last", ["00000000-9-1", "nonsense", "{life}-9-77", "{life}-9-x"])
def test_who_was_told_last_by_another_process_or_too_long_ago_is_told_to_ask_anew(
    own_client: httpx.Client, own_owner: Owner, last: str
) -> None:
    last = last.replace("{life}", own_owner.pipeline.changes.life)
    with listening(own_client, last) as (stream, hello):
        assert hello[0] == "hello"
        name, number, data = stream.next()
        assert (name, "not known here" in data["reason"]) == ("reset", True)
        rename(own_owner, "Saw D")
        assert stream.next()[0] == "entity"
    with listening(own_client, number) as (stream, _):
        assert stream.next()[0] == "entity"


def test_what_is_kept_is_bounded_and_who_left_before_it_is_told_to_ask_anew(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    changes = own_owner.pipeline.changes
    changes._ring = type(changes._ring)(maxlen=4)
    with listening(own_client) as (_, (_, first, _)):
        pass
    for number in range(5):
        rename(own_owner, f"Saw {number}")
    with listening(own_client, first) as (stream, _):
        assert stream.next()[0] == "reset"


def test_only_what_is_asked_for_is_told(own_client: httpx.Client, own_owner: Owner) -> None:
    saw2 = Record("shop", "machine", "SAW-02", {"id": "SAW-02", "name": "Saw 2"}, "by hand")
    wanted = (
        {"kind": "machine", "id": "SAW-02"},
        {"id": "machine/SAW-02"},
        {"kind": "machine", "id": "machine/SAW-02"},
    )
    for number, choice in enumerate(wanted):
        with (
            listening(own_client, **choice) as (chosen, _),
            listening(own_client, kind="job") as (jobs, _),
        ):
            rename(own_owner, f"Saw one {number}")
            rename(own_owner, f"Saw two {number}", saw2)
            assert chosen.next()[2]["id"] == "machine/SAW-02"
            own_owner.pipeline.rebuild(own_owner.clock())
            for stream in (chosen, jobs):
                name, _, data = stream.next()
                assert (name, data["reason"]) == ("reset", "the graph was folded anew")
    refused = own_client.get("/v1/stream", params={"entity": "SAW-02"})
    assert refused.status_code == 400


def test_gaps_that_open_and_close_are_told(own_client: httpx.Client, own_owner: Owner) -> None:
    work, now = own_owner.pipeline, own_owner.clock()
    row = {"id": "1050", "name": "Lid", "status": "released", "customer": ""}
    job = Record("shop", "job", "1050", row, "by hand", version="1")
    with listening(own_client, id="job/1050") as (stream, _):
        work.journal.append([job], now)
        work.apply(now)
        work.validate(now)
        name, _, data = stream.next()
        while name != "gap":
            name, _, data = stream.next()
        assert (data["state"], data["id"], data["kind"]) == ("opened", "job/1050", "job")
        opened = {data["slot"]}
        work.journal.append([replace(job, deleted=True, row={}, version="2")], now)
        work.apply(now)
        work.validate(now)
        closed: set[str] = set()
        while not closed:
            name, _, data = stream.next()
            if name == "gap" and data["state"] == "opened":
                opened.add(data["slot"])
            elif name == "gap":
                closed.add(data["slot"])
        assert closed <= opened


def test_a_source_that_fails_and_comes_back_is_told_once_each(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    table = own_owner.pipeline.plant.folder / "data" / "job.csv"
    content = table.read_text()
    with listening(own_client, kind="job", id="none") as (stream, _):
        table.unlink()
        for _ in range(2):
            with pytest.raises(SourceError):
                own_owner.round()
        table.write_text(content)
        own_owner.round()
        name, _, failed = stream.next()
        assert (name, failed["source"], failed["state"]) == ("source", "shop", "error")
        assert "job.csv" in failed["error"]
        name, _, back = stream.next()
        assert (name, back["state"], back["error"]) == ("source", "back", "")


def test_a_source_that_went_silent_is_told_stale() -> None:
    changes = Changes("https://small.example/")
    row = {"name": "shop", "is_stale": True, "confirmed_at": "2026-11-23T08:00:00Z"}
    changes.tell_sources([row], {}, 5)
    changes.tell_sources([row], {}, 6)
    changes.tell_sources([{**row, "is_stale": False}], {}, 7)
    told = changes.after(0)
    assert told is not None
    assert [(event.data["state"], event.seq) for event in told] == [("stale", 5), ("back", 7)]


def test_a_batch_that_changes_more_than_is_kept_is_told_as_one() -> None:
    base = "https://small.example/"
    changes = Changes(base, kept=10)
    quads = [(f"<{base}job/{n}>", f"<{base}is>", '"x"', "") for n in range(6)]
    changes.tell_batch((), quads, 3)
    told = changes.after(0)
    assert told is not None
    assert [event.topic for event in told] == ["reset"]
    changes.tell_batch(quads[:5], (), 4)
    assert len(changes.after(0) or ()) == 6


def test_a_silent_stream_is_kept_alive_by_heartbeats_that_move_its_place(
    own_client: httpx.Client, own_owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    with own_client.stream("GET", "/v1/stream", params={"kind": "job"}) as answer:
        rename(own_owner, "Saw E")
        lines = answer.iter_lines()
        seen = [next(lines) for _ in range(12)]
    assert ": still here" in seen
    place = own_owner.pipeline.changes.name_of(own_owner.pipeline.changes.last(), 9)
    assert f"id: {place}" in seen


def test_a_listener_too_slow_for_what_is_kept_is_told_so_and_cut(
    own_client: httpx.Client, own_owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SEND_SECONDS", 60.0)
    changes = own_owner.pipeline.changes
    changes._ring = type(changes._ring)(maxlen=2_000)
    url = own_client.base_url
    with socket.create_connection((url.host, url.port or 0)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
        slow.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"event: hello" in slow.recv(4096) + slow.recv(4096)
        padding = "x" * 2_000
        for _ in range(20):
            told = [("", {"reason": padding}) for _ in range(500)]
            changes._put("reset", told, 9)
            time.sleep(0.02)
        slow.settimeout(20)
        received = b""
        while chunk := slow.recv(1 << 20):
            received += chunk
            if received.endswith(b"0\r\n\r\n"):
                break
    assert b"too slow: changes were left out" in received


def test_no_listener_leaves_a_thread_or_a_place_behind(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    own_client.get("/health")
    changes = own_owner.pipeline.changes
    before = threading.active_count()
    for _ in range(5):
        with listening(own_client), listening(own_client):
            assert len(changes._listeners) == 2
            assert threading.active_count() == before
    deadline = time.monotonic() + 5
    while changes._listeners and time.monotonic() < deadline:
        time.sleep(0.01)
    assert changes._listeners == set()
    rename(own_owner, "Saw F")


def test_more_listeners_than_there_may_be_are_refused(
    own_client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    with listening(own_client):
        refused = own_client.get("/v1/stream")
        assert (refused.status_code, refused.json()["code"]) == (429, "busy")


def test_the_head_of_a_stream_ends(own_client: httpx.Client) -> None:
    answer = own_client.head("/v1/stream")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_open_streams_end_soon_when_the_server_stops(own_owner: Owner) -> None:
    with bind("127.0.0.1", 0) as listener:
        server = make_server(own_owner, "127.0.0.1", listener, lambda _: None)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
            listening(client) as (stream, _),
        ):
            stopped = time.monotonic()
            server.should_exit = True
            assert [line for line in stream.rest() if line.startswith("event")] == []
            thread.join()
            took = time.monotonic() - stopped
    assert took < 5
