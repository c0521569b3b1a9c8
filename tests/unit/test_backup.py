"""A backup is a prefix of what was committed, is told apart from a damaged one, and comes back."""

from __future__ import annotations

import json
import shutil
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from kg.access.audit import Audit
from kg.access.keys import Keys
from kg.backup import back_up, check_backup, checkpoint_unowned, make_checkpoint, restore
from kg.errors import BackupError, ConfigError, JournalError, StoreLocked
from kg.journal import Journal
from kg.manifest import MANIFEST
from kg.owner import Owner, announce, withdraw
from kg.pipeline import Pipeline
from kg.records import Record
from kg.settings import Plant, load_plant
from tests.faults.test_bad_input import traveler
from tests.sparql_servers import SparqlServer
from tests.unit.api.conftest import opened, served, write_plant

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """A small plant that was loaded, and that nobody owns."""
    (tmp_path / "plant").mkdir()
    with opened(write_plant(tmp_path / "plant")):
        pass
    return load_plant(tmp_path / "plant")


def job(number: int, name: str = "Lid") -> Record:
    row = {"id": f"X{number}", "name": name, "status": "released", "customer": f"C{number % 7}"}
    return Record("shop", "job", row["id"], row, f"job.csv:{number}")


def history(journal: Journal, last: int) -> list[tuple[object, ...]]:
    records = journal.records_after(0, 1_000_000)
    return [(r.seq, r.key, r.version, r.row) for r in records if r.seq <= last]


def dump(plant: Plant) -> list[str]:
    with Pipeline.open(plant) as work:
        return work.store.dump()


def dump_of_rebuild(plant: Plant) -> list[str]:
    with Pipeline.open(plant, is_rebuild=True) as work:
        work.rebuild(NOW)
        return work.store.dump()


def test_backups_amid_appends_and_batches_are_prefixes_that_open_without_a_rebuild(
    plant: Plant, tmp_path: Path
) -> None:
    is_over = Event()
    with Pipeline.open(plant) as work:

        def append() -> None:
            number = 0
            while not is_over.is_set():
                records = [job(number + n % 3, f"Lid {number}") for n in range(5)]
                work.journal.append(records, NOW)
                number += 1

        def apply() -> None:
            while not is_over.is_set():
                work.apply(NOW)

        threads = [Thread(target=append), Thread(target=apply)]
        for thread in threads:
            thread.start()
        try:
            made = [
                back_up(plant, tmp_path / f"b{n}", NOW, lambda: make_checkpoint(plant, work.store))
                for n in range(5)
            ]
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        lived = history(work.journal, work.journal.last_seq())
    assert [m.last_seq for m in made] == sorted(m.last_seq for m in made)
    assert made[0].last_seq < made[-1].last_seq
    for number, manifest in enumerate(made):
        back = check_backup(tmp_path / f"b{number}")
        assert back == manifest
        assert back.applied_seq is not None
        assert 0 < back.applied_seq <= back.last_seq
        restore(plant, tmp_path / f"b{number}", NOW.replace(minute=number), is_forced=True)
        with closing(Journal.open(plant.journal_path)) as journal:
            assert journal.last_seq() == back.last_seq
            assert history(journal, back.last_seq) == lived[: back.last_seq]
        with Pipeline.open(plant) as work:
            assert work.store.applied_seq() == back.applied_seq
            assert not work.apply(NOW).is_rebuild
            restored = work.store.dump()
        assert restored == dump_of_rebuild(plant)


def test_a_restored_graph_made_by_another_mapping_is_folded_anew(
    plant: Plant, tmp_path: Path
) -> None:
    back_up(plant, tmp_path / "backup", NOW, lambda: checkpoint_unowned(plant))
    mapping = plant.folder / "shop" / "machine.yml"
    mapping.write_text(mapping.read_text().replace("$(name)", "Machine $(name)"))
    restore(plant, tmp_path / "backup", NOW, is_forced=True)
    with Pipeline.open(plant) as work:
        assert work.apply(NOW).is_rebuild
        assert "Machine Saw 1" in "".join(work.store.dump())


def test_a_plant_that_is_not_empty_is_replaced_by_force_only_and_what_was_there_is_kept(
    plant: Plant, tmp_path: Path
) -> None:
    back_up(plant, tmp_path / "backup", NOW, lambda: checkpoint_unowned(plant))
    before = dump(plant)
    with Pipeline.open(plant) as work:
        work.journal.append([job(1)], NOW)
        work.apply(NOW)
        later = work.store.dump()
    with pytest.raises(BackupError, match="is not empty"):
        restore(plant, tmp_path / "backup", NOW, is_forced=False)
    assert dump(plant) == later
    _, kept = restore(plant, tmp_path / "backup", NOW, is_forced=True)
    assert dump(plant) == before
    names = ["store.before-20261123T080000Z", "journal.sqlite.before-20261123T080000Z"]
    assert [path.name for path in kept] == names
    place = {"path": names[0], "journal": names[1]}
    aside = plant.model_copy(update={"store": plant.store.model_copy(update=place)})
    assert dump(aside) == later


def test_an_empty_plant_takes_a_backup_of_itself_and_no_other(plant: Plant, tmp_path: Path) -> None:
    back_up(plant, tmp_path / "backup", NOW, lambda: checkpoint_unowned(plant))
    before = dump(plant)
    shutil.rmtree(plant.store_path)
    plant.journal_path.unlink()
    other = plant.model_copy(update={"base": "https://other.example/"})
    with pytest.raises(ConfigError, match=r"not of https://other\.example/"):
        restore(other, tmp_path / "backup", NOW, is_forced=True)
    _, kept = restore(plant, tmp_path / "backup", NOW, is_forced=False)
    assert kept == []
    assert dump(plant) == before


def test_every_flipped_byte_and_every_cut_of_a_backup_is_told(plant: Plant, tmp_path: Path) -> None:
    whole = tmp_path / "backup"
    back_up(plant, whole, NOW, lambda: checkpoint_unowned(plant))
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert {Path("journal.sqlite"), Path(MANIFEST), Path("store/CURRENT")} < set(files)
    for name in files:
        content = (whole / name).read_bytes()
        step = max(1, len(content) // 5) if name != Path(MANIFEST) else 37
        for at in range(0, len(content), step):
            for damaged in (
                content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :],
                content[:at],
            ):
                (whole / name).write_bytes(damaged)
                with pytest.raises(BackupError, match=r"damaged|format") as raised:
                    check_backup(whole)
                assert name.name in raised.value.message
                with pytest.raises(BackupError):
                    restore(plant, whole, NOW, is_forced=True)
        (whole / name).unlink()
        with pytest.raises(BackupError):
            check_backup(whole)
        (whole / name).write_bytes(content)
    check_backup(whole)
    assert not list(plant.folder.glob("*before*"))


def test_a_backup_that_was_cut_short_counts_for_nothing_and_is_cleared(
    plant: Plant, tmp_path: Path
) -> None:
    half = tmp_path / "backup.tmp"
    (half / "store").mkdir(parents=True)
    (half / "journal.sqlite").write_text("half")
    with pytest.raises(BackupError, match="is no backup"):
        check_backup(half)
    back_up(plant, tmp_path / "backup", NOW, lambda: checkpoint_unowned(plant))
    assert not half.exists()
    assert list(plant.store_path.glob("backup-*")) == []
    with pytest.raises(BackupError, match="is there already"):
        back_up(plant, tmp_path / "backup", NOW, lambda: checkpoint_unowned(plant))
    half.mkdir()
    (half / "letter.txt").write_text("somebody's")
    shutil.rmtree(tmp_path / "backup")
    with pytest.raises(BackupError, match="is in the way"):
        back_up(plant, tmp_path / "backup", NOW, lambda: None)
    assert (half / "letter.txt").exists()


def test_a_backup_that_fails_leaves_nothing(plant: Plant, tmp_path: Path) -> None:
    def fail() -> None:
        raise StoreLocked("somebody has it")

    with pytest.raises(StoreLocked):
        back_up(plant, tmp_path / "backup", NOW, fail)
    plant.journal_path.unlink()
    with pytest.raises(JournalError, match="there is no journal"):
        back_up(plant, tmp_path / "backup", NOW, lambda: checkpoint_unowned(plant))
    assert [path.name for path in tmp_path.iterdir()] == ["plant"]


def test_a_journal_that_is_damaged_is_no_backup(plant: Plant, tmp_path: Path) -> None:
    with Pipeline.open(plant) as work:
        work.journal.append([job(n) for n in range(500)], NOW)
        work.journal.compact()
    content = bytearray(plant.journal_path.read_bytes())
    content[4096 * 4 : 4096 * 12] = b"\xff" * 4096 * 8
    plant.journal_path.write_bytes(content)
    with pytest.raises(JournalError) as raised:
        back_up(plant, tmp_path / "backup", NOW, lambda: None)
    assert raised.value.code in {"journal-damaged", "journal"}
    assert not (tmp_path / "backup").exists()


def test_a_served_plant_is_backed_up_by_the_command_and_is_not_restored(
    own_plant_served: Owner, tmp_path: Path
) -> None:
    plant = own_plant_served.pipeline.plant
    made = traveler(plant.folder, "backup", str(tmp_path / "backup"))
    assert made.returncode == 0, made.stderr
    assert "journal up to record 8, graph up to record 8" in made.stdout
    told = json.loads((tmp_path / "backup" / MANIFEST).read_text())["backup"]
    assert (told["journal"], told["plant"]) == (own_plant_served.pipeline.journal.id, plant.name)
    assert list(plant.store_path.glob("backup-*")) == []
    checked = traveler(tmp_path, "backup", "--check", "backup")
    assert (checked.returncode, "is whole" in checked.stdout) == (0, True)
    refused = traveler(plant.folder, "restore", str(tmp_path / "backup"), "--force")
    assert refused.returncode == 2
    assert "another process" in " ".join(refused.stderr.split())


@pytest.fixture
def own_plant_served(tmp_path: Path):
    (tmp_path / "plant").mkdir()
    with opened(write_plant(tmp_path / "plant")) as owner, served(owner) as client:
        announce(owner.pipeline.plant.store_path, str(client.base_url).rstrip("/"))
        yield owner
        withdraw(owner.pipeline.plant.store_path)


def test_commands_back_up_check_and_restore_a_plant_that_nobody_owns(
    plant: Plant, tmp_path: Path
) -> None:
    before = dump(plant)
    assert traveler(plant.folder, "backup", "../b").returncode == 0
    shutil.rmtree(plant.store_path)
    plant.journal_path.unlink()
    restored = traveler(plant.folder, "restore", "../b")
    assert restored.returncode == 0, restored.stderr
    assert "restored: " in restored.stdout
    assert dump(plant) == before
    again = traveler(plant.folder, "restore", "../b")
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    with (tmp_path / "b/journal.sqlite").open("r+b") as file:
        file.truncate(5000)
    checked = traveler(plant.folder, "backup", "--check", "../b")
    assert checked.returncode == 2
    assert "journal.sqlite has 5000 bytes" in " ".join(checked.stderr.split())


def test_a_graph_in_a_server_is_folded_again_from_the_journal_that_was_restored(
    plant: Plant, tmp_path: Path, oxigraph_server: SparqlServer
) -> None:
    settings = plant.folder / "plant.toml"
    place = f'[store]\nendpoint = "{oxigraph_server.endpoint}"\nupdate = "{oxigraph_server.update}"'
    settings.write_text(settings.read_text().replace("[[source]]", f"{place}\n[[source]]", 1))
    remote = load_plant(plant.folder)
    shutil.rmtree(plant.store_path)
    try:
        with Pipeline.open(remote) as work:
            work.apply(NOW)
            made = back_up(remote, tmp_path / "backup", NOW, lambda: checkpoint_unowned(remote))
            assert (made.applied_seq, list(made.files)) == (None, ["journal.sqlite"])
            before = work.store.graph("")
            work.journal.append([job(1)], NOW)
            work.apply(NOW)
            assert work.store.graph("") != before
        restored = traveler(plant.folder, "restore", str(tmp_path / "backup"), "--force")
        assert restored.returncode == 0, restored.stderr
        with Pipeline.open(remote) as work:
            assert work.store.graph("") == before
            assert not work.apply(NOW).is_rebuild
    finally:
        oxigraph_server.wipe(plant.base)


ACCESS = """
[access]
[[role]]
name = "panel"
scopes = ["context:read"]
"""


@pytest.fixture
def guarded_plant(plant: Plant) -> Plant:
    """The same plant, which says who may ask."""
    path = plant.folder / "plant.toml"
    path.write_text(path.read_text("utf-8") + ACCESS, encoding="utf-8")
    return load_plant(plant.folder)


def _keys(plant: Plant) -> Keys:
    assert plant.access is not None
    return Keys(plant.folder / plant.access.keys)


def _modes(folder: Path) -> set[int]:
    return {
        stat.S_IMODE(p.stat().st_mode) for p in (folder / "keys.sqlite", *folder.glob("audit/*"))
    }


def test_keys_and_audit_log_are_in_a_backup_and_come_back(
    guarded_plant: Plant, tmp_path: Path
) -> None:
    plant, folder = guarded_plant, tmp_path / "backup"
    with (
        closing(_keys(plant)) as keys,
        closing(Audit(plant.folder / "audit", 1, 3, lambda: NOW)) as log,
    ):
        good, _ = keys.add("panel", "panel", NOW)
        taken_back, _ = keys.add("lost", "panel", NOW)
        keys.open_session("panel", "panel", None, NOW, NOW + timedelta(hours=1))
        log.write({"who": "panel", "n": 1})
        made = back_up(plant, folder, NOW, lambda: checkpoint_unowned(plant))
        log.write({"who": "panel", "n": 2})
        keys.revoke("lost", NOW)
    assert {"keys.sqlite", "audit/audit.jsonl"} <= made.files.keys()
    assert _modes(folder) == {0o600}
    assert stat.S_IMODE((folder / "audit").stat().st_mode) == 0o700
    assert good.encode() not in b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    _, kept = restore(plant, folder, NOW, is_forced=True)
    assert {path.name.partition(".before")[0] for path in kept} >= {"keys.sqlite", "audit"}
    assert [json.loads(line)["n"] for line in _log(plant)] == [1]
    assert _modes(plant.folder) == {0o600}
    with closing(_keys(plant)) as keys:
        assert keys.find(good, NOW) is not None
        assert keys.find(taken_back, NOW) is None, "what was revoked since stays so"
        sessions = keys._file.execute("SELECT count(*) FROM session").fetchone()
        assert sessions == (0,)


def _log(plant: Plant) -> list[str]:
    return (plant.folder / "audit" / "audit.jsonl").read_text("utf-8").splitlines()


def test_a_backup_without_keys_leaves_those_that_are_there(
    guarded_plant: Plant, tmp_path: Path
) -> None:
    plant, folder = guarded_plant, tmp_path / "backup"
    with closing(_keys(plant)) as keys:
        made = back_up(plant, folder, NOW, lambda: checkpoint_unowned(plant), is_with_keys=False)
        later, _ = keys.add("later", "panel", NOW)
    assert not {name for name in made.files if name.startswith(("keys", "audit"))}
    restore(plant, folder, NOW, is_forced=True)
    with closing(_keys(plant)) as keys:
        assert keys.find(later, NOW) is not None


def test_a_byte_that_turns_in_the_keys_is_an_error(guarded_plant: Plant, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    with closing(_keys(guarded_plant)) as keys:
        keys.add("panel", "panel", NOW)
        back_up(guarded_plant, folder, NOW, lambda: checkpoint_unowned(guarded_plant))
    damaged = bytearray((folder / "keys.sqlite").read_bytes())
    damaged[5_000] ^= 1
    (folder / "keys.sqlite").write_bytes(damaged)
    with pytest.raises(BackupError, match=r"keys\.sqlite"):
        check_backup(folder)


def test_the_log_is_copied_up_to_its_last_whole_line(guarded_plant: Plant, tmp_path: Path) -> None:
    log = guarded_plant.folder / "audit"
    log.mkdir(mode=0o700)
    (log / "audit.jsonl").write_bytes(b'{"n":1}\n{"n":')
    back_up(guarded_plant, tmp_path / "b", NOW, lambda: checkpoint_unowned(guarded_plant))
    assert (tmp_path / "b" / "audit" / "audit.jsonl").read_bytes() == b'{"n":1}\n'
