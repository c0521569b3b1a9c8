"""What is kept is what a new answer would be, at any clock and after any batch."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.cache import Cache, Entry, Key, is_named
from api.desk import Desk
from kg import touched
from kg.answer.keeping.aging import Moment
from kg.answer.keeping.kept import Kept, KeptContext, freshness_of, keep_context, keep_text
from kg.answer.render import to_json
from kg.owner import Owner

from .conftest import NOW, ROWS

MACHINES = ("SAW-01", "SAW-02", "CELL/3")
JOBS = ("1043", "1044", "1045", "10 46", "1047")
STATUSES = ("planned", "released", "in-progress", "closed")


class Shop:
    """The small plant's tables as somebody changes them, a little at a time."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._draw = random.Random(seed)
        self._tables = {
            name: [line.split(",") for line in text.splitlines()] for name, text in ROWS.items()
        }

    def change(self) -> None:
        """Change, add or remove one to three rows of one table, or leave a cell that is wrong."""
        name = self._draw.choice(["machine", "job", "job", "run", "run", "run"])
        rows = self._tables[name]
        for _ in range(self._draw.randint(1, 3)):
            new = getattr(self, f"_{name}")()
            place = next((n for n, row in enumerate(rows) if row[0] == new[0]), None)
            if place is None:
                rows.append(new)
            elif self._draw.random() < 0.2 and len(rows) > 3:
                del rows[place]
            else:
                rows[place] = new
        text = "\n".join(",".join(row) for row in rows) + "\n"
        (self._folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8")

    def _machine(self) -> list[str]:
        name = self._draw.choice(["Saw", "Saw 1", "Cell", 'Säge "alt"'])
        return [self._draw.choice(MACHINES), name]

    def _job(self) -> list[str]:
        customer = self._draw.choice(["", "Nordwind", "Kallfors"])
        name = self._draw.choice(["Lid", "Bracket", ""])
        return [self._draw.choice(JOBS), name, self._draw.choice(STATUSES), customer]

    def _run(self) -> list[str]:
        hour = self._draw.randint(0, 7)
        ended = self._draw.choice(["", "", f"2026-11-23T0{hour}:59:00Z", "yesterday"])
        run = str(self._draw.randint(1, 6))
        machine, job = self._draw.choice(MACHINES), self._draw.choice(JOBS)
        return [run, machine, job, f"2026-11-23T0{hour}:10:00Z", ended]


def _names(owner: Owner) -> list[str]:
    store, base = owner.answers().store, owner.answers().plant.base
    rows = store.select(
        "SELECT DISTINCT ?e { VALUES ?c { tr:Machine tr:Job tr:Customer tr:Run } ?e a ?c }"
        " ORDER BY ?e"
    )
    return [row["e"][1:-1].removeprefix(base) for row in rows]


def _keep_context(owner: Owner, name: str, now: datetime) -> KeptContext:
    told = owner.pipeline.changes.touched
    kept = keep_context(owner.answers(), told, lambda answers: answers.context(name, now))
    assert kept is not None
    return kept


def _keep(owner: Owner, name: str, now: datetime) -> Kept:
    freshness = freshness_of(owner.answers())
    return keep_text(_keep_context(owner, name, now), freshness, is_packed="1" in name)


def _is_current(kept: Kept | KeptContext, owner: Owner) -> bool:
    return kept.basis.is_current(freshness_of(owner.answers()))


def _moment(owner: Owner, now: datetime) -> Moment:
    answers = owner.answers()
    seq, checked_at = answers.store.applied_seq(), answers.journal.gaps.checked.at
    return Moment(now, freshness_of(answers), seq, checked_at)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_is_what_is_true_after_any_batch_and_at_any_clock(
    own_owner: Owner, own_plant: Path, seed: int
) -> None:
    shop, draw = Shop(own_plant.parent, seed), random.Random(seed)
    clock = [NOW]
    own_owner.clock = lambda: clock[0]
    kept: dict[str, tuple[Kept, KeptContext]] = {}
    stood = ended = 0
    for _ in range(16):
        shop.change()
        clock[0] += timedelta(seconds=draw.randint(1, 90_000))
        own_owner.round()
        names = _names(own_owner)
        for name in kept.keys() - set(names):
            assert not _is_current(kept.pop(name)[0], own_owner), name
        for name in names:
            moment = _moment(own_owner, clock[0] + timedelta(seconds=draw.randint(0, 200_000)))
            before = kept.get(name)
            if before is not None and before[0].basis.is_current(moment.freshness):
                stood += 1
            else:
                ended += before is not None
                context = _keep_context(own_owner, name, NOW)
                freshness = freshness_of(own_owner.answers())
                text = keep_text(context, freshness, is_packed=draw.random() < 0.5)
                kept[name] = text, context
            text, context = kept[name]
            fresh = own_owner.answers().context(name, moment.now)
            assert text.write(moment)[0].decode() == to_json(fresh.to_dict(), is_dense=True), name
            assert context.as_of(moment) == fresh, name
    # It would be right as well if nothing, or everything, were forgotten each time.
    assert stood > 30, (stood, ended)
    assert ended > 30, (stood, ended)


def test_an_answer_is_not_kept_that_was_read_while_a_batch_went_in(
    own_owner: Owner, own_plant: Path
) -> None:
    shop = Shop(own_plant.parent, 1)
    told = own_owner.pipeline.changes.touched
    seen = []

    def ask(answers):
        first = answers.context("SAW-01", NOW)
        shop._tables["run"].append(["9", "SAW-01", "1044", "2026-11-23T06:00:00Z", ""])
        shop.change()
        rows = "\n".join(",".join(row) for row in shop._tables["run"])
        (own_plant.parent / "data" / "run.csv").write_text(rows + "\n", encoding="utf-8")
        own_owner.round()
        seen.append(first)
        return first

    kept = keep_context(own_owner.answers(), told, ask)
    assert seen
    assert kept is not None
    assert not _is_current(kept, own_owner)


def test_nothing_of_an_answer_is_read_in_a_way_that_any_change_ends(own_owner: Owner) -> None:
    for name in _names(own_owner):
        assert touched.EVERYTHING not in _keep(own_owner, name, NOW).basis.reads.keys, name


def test_an_answer_of_one_machine_outlives_what_happens_at_another(
    own_owner: Owner, own_plant: Path
) -> None:
    here, there = (_keep(own_owner, name, NOW) for name in ("machine/SAW-01", "machine/SAW-02"))
    rows = own_plant.parent / "data" / "run.csv"
    rows.write_text(rows.read_text() + "2,SAW-02,1045,2026-11-23T07:00:00Z,\n", encoding="utf-8")
    own_owner.round()
    assert _is_current(here, own_owner)
    assert not _is_current(there, own_owner)


def test_the_tag_stays_with_what_is_said_and_changes_with_the_states(own_owner: Owner) -> None:
    kept = _keep(own_owner, "machine/SAW-01", NOW)
    tags = {
        hours: kept.write(_moment(own_owner, NOW + timedelta(hours=hours)))[1]
        for hours in (0, 1, 23, 25, 100)
    }
    # The source counts as silent after a day.
    assert tags[0] == tags[1] == tags[23] != tags[25] == tags[100]


def test_over_http_it_is_304_until_something_changes(
    own_client: httpx.Client, own_owner: Owner, own_plant: Path
) -> None:
    first = own_client.get("/v1/context/machine/SAW-01")
    tag = first.headers["etag"]
    again = own_client.get("/v1/context/machine/SAW-01", headers={"If-None-Match": f'"x", {tag}'})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == tag
    rows = own_plant.parent / "data" / "run.csv"
    rows.write_text(rows.read_text().replace("00Z,\n", "00Z,2026-11-23T07:00:00Z\n"), "utf-8")
    own_owner.round()
    ended = own_client.get("/v1/context/machine/SAW-01", headers={"If-None-Match": tag})
    assert ended.status_code == 200
    assert ended.json()["runs"] == []


def test_what_was_kept_is_sent_as_of_now(own_client: httpx.Client, own_owner: Owner) -> None:
    clock = [NOW]
    own_owner.clock = lambda: clock[0]
    first = own_client.get("/v1/context", params={"q": "SAW-01"}).json()
    clock[0] = NOW + timedelta(hours=30)
    later = own_client.get("/v1/context", params={"q": "SAW-01"})
    fact = later.json()["runs"][0]["slots"]["job"]["facts"][0]
    assert (first["as_of"], later.json()["as_of"]) == (
        "2026-11-23T08:00:00Z",
        "2026-11-24T14:00:00Z",
    )
    assert (fact["is_stale"], fact["age_s"]) == (True, 108_000.0)
    assert later.json()["sources"][0]["is_stale"]


@pytest.mark.parametrize("form", ["json", "md", "compact", "jsonld"])
def test_every_form_is_kept_and_told_as_of_now(
    own_client: httpx.Client, own_owner: Owner, own_plant: Path, form: str
) -> None:
    clock = [NOW]
    own_owner.clock = lambda: clock[0]

    def ask() -> tuple[str, str]:
        answer = own_client.get("/v1/context/machine/SAW-01", params={"format": form})
        assert answer.status_code == 200
        return answer.headers["cache-status"], answer.text

    (first, text), (second, same) = ask(), ask()
    assert (first, second) == ("traveler; fwd=miss; stored", "traveler; hit")
    assert text == same
    clock[0] = NOW + timedelta(hours=30)
    kept, later = ask()
    own_owner.pipeline.changes.tell_reset("anything", 0)
    new, fresh = ask()
    assert (kept, new) == ("traveler; hit", "traveler; fwd=miss; stored")
    assert later == fresh != text


def test_clocks_that_are_not_kept_are_answered_all_the_same(own_client: httpx.Client) -> None:
    for _ in range(2):
        answer = own_client.get("/v1/context/machine/SAW-01", params={"at": "latest"})
        assert answer.status_code == 200
        assert not {"etag", "cache-status"} & set(answer.headers)


def test_what_is_watched_for_nobody_goes_and_what_is_kept_stays(
    own_owner: Owner, own_plant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, told = Cache(Desk(own_owner)), own_owner.pipeline.changes.touched
    entry = Entry(_keep(own_owner, "machine/SAW-01", NOW), {}, None)
    cache._put(Key("", "here", b"", b""), entry)
    for number in range(1_000):
        told.register(number)
    before = told.watched
    monkeypatch.setattr("api.cache.WATCHED", 0)
    monkeypatch.setattr(cache, "_keys", 0)
    cache._put(Key("", "there", b"", b""), Entry(_keep(own_owner, "job/1043", NOW), {}, None))
    assert told.watched < before
    found = cache.find(Key("", "here", b"", b""))
    assert found is not None
    assert found[0] is entry
    run = own_plant.parent / "data" / "run.csv"
    run.write_text(run.read_text() + "2,SAW-01,1045,2026-11-23T07:00:00Z,\n", encoding="utf-8")
    own_owner.round()
    assert cache.find(Key("", "here", b"", b"")) is None


def test_no_more_is_kept_than_there_is_room_for(own_owner: Owner) -> None:
    desk = Desk(own_owner)
    cache = Cache(desk, most_bytes=3 * _keep(own_owner, "machine/SAW-01", NOW).size_bytes)
    for number in range(20):
        entry = Entry(_keep(own_owner, "machine/SAW-01", NOW), {}, None)
        cache._put(Key("", str(number), b"", b""), entry)
    assert 1 <= len(cache) <= 3
    assert cache.find(Key("", "0", b"", b"")) is None
    assert cache.find(Key("", "19", b"", b"")) is not None
    assert cache.find(Key("purchasing", "19", b"", b"")) is None


def test_answers_and_batches_of_many_threads_agree_in_the_end(
    own_client: httpx.Client, own_owner: Owner, own_plant: Path
) -> None:
    shop, is_over = Shop(own_plant.parent, 7), threading.Event()
    statuses = set()

    def ask() -> None:
        with httpx.Client(base_url=own_client.base_url, trust_env=False) as client:
            while not is_over.is_set():
                for name in ("machine/SAW-01", "machine/SAW-02", "job/1043"):
                    statuses.add(client.get(f"/v1/context/{name}").status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        shop.change()
        own_owner.round()
    is_over.set()
    for thread in threads:
        thread.join()
    assert statuses <= {200, 404}
    for name in _names(own_owner):
        fresh = own_owner.answers().context(name, NOW).to_dict()
        told = own_client.get(f"/v1/context/{name}").json()
        assert told["runs"] == httpx.Response(200, text=to_json(fresh["runs"])).json()


@pytest.mark.parametrize(
    ("known", "is_it"),
    [
        ("", False),
        ('W/"a"', True),
        ('"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('"b"', False),
    ],
)
def test_a_tag_is_named_weakly(known: str, is_it: bool) -> None:
    assert is_named('W/"a"', known) is is_it
