"""Below the watermark nothing is taken in, the ballast is real, and answers go on."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from kg.errors import DiskFull
from kg.journal import Journal
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.records import Record, Rejected
from kg.settings import load_plant
from kg.space import BALLAST, Space, free_bytes
from tests.live_plant import state_row, write_live_plant
from tests.unit.api.conftest import NOW, opened, served, write_plant

HUGE = 1 << 60
SMALL = 3_000_000


def test_a_disk_with_less_than_the_watermark_is_refused_and_named(tmp_path: Path) -> None:
    space = Space([tmp_path], HUGE, SMALL)
    with pytest.raises(DiskFull, match="MB free, which is too little") as raised:
        space.require()
    assert str(tmp_path) in raised.value.message
    assert "free_mb_stop" in raised.value.hint
    Space([tmp_path], 0, SMALL).require()


def test_the_ballast_is_of_real_blocks_goes_on_a_full_disk_and_comes_back(tmp_path: Path) -> None:
    space = Space([tmp_path], 1, SMALL)
    (before,) = space.look()
    assert not (tmp_path / BALLAST).exists(), "it is held by who serves a plant alone"
    space.hold()
    held = (tmp_path / BALLAST).stat()
    assert (held.st_size, held.st_blocks * 512 >= SMALL) == (SMALL, True)
    assert space.look()[0].ballast_bytes == SMALL
    space.ran_out()
    assert not (tmp_path / BALLAST).exists()
    (after,) = space.look()
    assert (after.ballast_bytes, after.is_low, before.is_low) == (SMALL, False, False)


def test_a_full_disk_takes_the_ballast_also_of_who_does_not_hold_one(tmp_path: Path) -> None:
    (tmp_path / BALLAST).write_bytes(b"x")
    (state,) = Space([tmp_path], HUGE, SMALL).look()
    assert (state.is_low, state.ballast_bytes) == (True, 0)
    assert not (tmp_path / BALLAST).exists()


def test_what_went_below_the_watermark_comes_back_above_it_with_room_for_the_ballast(
    tmp_path: Path,
) -> None:
    # The file moves the free space around the watermark, which lies in the middle of it.
    step = 40_000_000
    space = Space([tmp_path], free_bytes(tmp_path) - 3 * step // 2, 0)
    assert not space.look()[0].is_low
    with (tmp_path / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 3 * step)
    assert space.look()[0].is_low
    (tmp_path / "filler").unlink()
    # The share of 10 % above the watermark is more than what was freed.
    assert space.look()[0].is_low is (free_bytes(tmp_path) < 1.1 * space._disks[0]._stop)


def test_two_folders_of_one_disk_are_one_disk(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert len(Space([tmp_path / "a", tmp_path], 1, 1).look()) == 1


def test_a_journal_without_room_takes_nothing_in_and_is_read(tmp_path: Path) -> None:
    record = Record("erp", "job", "1", {"id": 1}, "job.csv:2")
    bad = Rejected("erp", "job", "job.csv:3", "read", "bad-row", "too short", "mend it", "2")
    unlifted = Rejected("erp", "job", "job.csv:3", "lift", "bad-literal", "no date", "mend it", "2")
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        journal.append([record], NOW)
        journal.room = Space([tmp_path], HUGE, 0)
        for take in (
            lambda: journal.append([record], NOW),
            lambda: journal.quarantine([bad], NOW, {}),
        ):
            with pytest.raises(DiskFull):
                take()
        # What is known already may be noted.
        assert journal.quarantine([unlifted], NOW, {}) == 1
        assert journal.last_seq() == 1


@pytest.fixture
def low(tmp_path: Path):
    """An owner of a plant whose watermark came to lie above all that the disk has."""
    with opened(write_plant(tmp_path)) as owner:
        plant = owner.pipeline.plant
        owner.pipeline.space = Space([plant.store_path], HUGE, SMALL)
        owner.pipeline.journal.room = owner.pipeline.space
        yield owner


def test_a_plant_without_room_pauses_reading_folds_what_it_has_and_answers(low: Owner) -> None:
    work = low.pipeline
    with pytest.raises(DiskFull):
        low.round()
    work.journal.room = Space([work.plant.store_path], 0, 0)
    row = {"id": "SAW-04", "name": "Saw 4"}
    work.journal.append([Record("shop", "machine", "SAW-04", row, "by hand")], NOW)
    work.journal.room = work.space
    with pytest.raises(DiskFull):
        low.round()
    assert work.store.applied_seq() == work.journal.last_seq() == 9
    with served(low) as client:
        assert client.get("/v1/context/machine/SAW-04").status_code == 200
        health = client.get("/health").json()
        assert (health["status"], health["is_accepting"]) == ("up", False)
        assert health["free_mb"] > 0
        ready = client.get("/ready")
        assert ready.status_code == 503
        assert "nothing is taken in" in ready.json()["reasons"][0]


def test_what_is_sent_without_room_is_refused_before_it_is_acknowledged(tmp_path: Path) -> None:
    with Pipeline.open(load_plant(write_live_plant(tmp_path))) as work:
        work.journal.room = Space([tmp_path], HUGE, 0)
        with served(Owner(work, lambda: NOW)) as client:
            sent = {"content": state_row(1), "headers": {"Content-Type": "application/json"}}
            refused = client.post("/v1/records/line/state", **sent)
            assert (refused.status_code, refused.json()["code"]) == (507, "disk-full")
            assert work.journal.last_seq() == 0
            work.journal.room = Space([tmp_path], 0, 0)
            assert client.post("/v1/records/line/state", **sent).status_code == 202
            assert work.journal.last_seq() == 1
