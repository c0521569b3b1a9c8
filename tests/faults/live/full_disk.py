"""Fill a small disk of its own again and again under a plant that is followed; print what became.

Run in a mount namespace of its own: ``unshare --mount --map-root-user python -m
tests.faults.live.full_disk TIMES FOLDER``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from kg.errors import DiskFull
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.records import Record
from kg.settings import load_plant
from kg.space import BALLAST
from tests.unit.api.conftest import write_plant

DISK_MB = 220
SPACE = "[store]\nfree_mb_stop = 24\nballast_mb = 40\n[[source]]"
WAIT_SECONDS = 60


class Pusher(threading.Thread):
    """Appends records one after the other, and remembers which were acknowledged and refused."""

    def __init__(self, work: Pipeline, name: str) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._name = name
        self.acknowledged: list[str] = []
        self.refused = 0
        self.ends = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.ends.wait(0.002):
            key = f"{self._name}{number}"
            row = {"id": key, "name": f"Lid {number}", "status": "released", "customer": "C"}
            number += 1
            try:
                self._work.journal.append([Record("shop", "job", key, row, key)], now())
            except DiskFull:
                self.refused += 1
            else:
                self.acknowledged.append(key)


def now() -> datetime:
    return datetime.now(UTC)


def fill(disk: Path) -> None:
    """Take every byte that is free, and those that are given up meanwhile."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for _ in range(40):
            with suppress(OSError):
                while True:
                    file.write(b"x" * 65536)
            with suppress(OSError):
                while True:
                    file.write(b"x" * 512)
            time.sleep(0.02)


def wait_until(happens, what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not happens():
        assert time.monotonic() < deadline, f"{what} took too long"
        time.sleep(0.02)


def run(times: int, disk: Path) -> dict[str, object]:
    plant_file = write_plant(disk)
    plant_file.write_text(plant_file.read_text().replace("[[source]]", SPACE, 1))
    source = disk / "shop" / "source.toml"
    source.write_text(source.read_text().replace("key =", 'arrives = "changes"\nkey ='))
    plant = load_plant(disk)
    ballast = plant.store_path / BALLAST
    told: dict[str, object] = {"times": times}
    met = {"store": 0}
    with Pipeline.open(plant) as work:
        owner = Owner(work, now)
        owner.round()
        owner.start(0.02)
        pushers = [Pusher(work, name) for name in "ab"]
        for pusher in pushers:
            pusher.start()
        for _ in range(times):
            wait_until(ballast.exists, "the ballast")
            before = sum(p.refused for p in pushers)
            fill(disk)
            assert not ballast.exists(), "the ballast is held on a full disk"
            wait_until(lambda before=before: sum(p.refused for p in pushers) > before, "refusal")
            owner.answers().context("SAW-01", now())
            met["store"] += work.store._met_full_disk
            taken = [len(p.acknowledged) for p in pushers]
            (disk / "filler").unlink()
            wait_until(
                lambda taken=taken: all(
                    len(p.acknowledged) > n for p, n in zip(pushers, taken, strict=True)
                ),
                "to go on",
            )
        for pusher in pushers:
            pusher.ends.set()
            pusher.join()
        wait_until(lambda: work.store.applied_seq() == work.journal.last_seq(), "to catch up")
        wait_until(ballast.exists, "the ballast")
        owner.stop()
        acknowledged = {key for pusher in pushers for key in pusher.acknowledged}
        held = [record.key for record in work.journal.live_records("shop") if record.kind == "job"]
        told |= {
            "acknowledged": len(acknowledged),
            "refused": sum(p.refused for p in pushers),
            "lost": len(acknowledged - set(held)),
            "twice": len(held) - len(set(held)),
            "store met it": met["store"],
            "error": owner.health.error,
        }
        lived = work.store.dump()
    with Pipeline.open(plant, is_rebuild=True) as work:
        told["damaged journal"] = work.journal._read("PRAGMA integrity_check")[0][0]
        work.rebuild(now())
        told["same as rebuilt"] = work.store.dump() == lived
    return told


def main() -> None:
    times, disk = int(sys.argv[1]), Path(sys.argv[2])
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False).returncode:
        print("no mount")
        return
    print(json.dumps(run(times, disk)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
