"""The manifest of a backup: what is in it, byte for byte, and of which journal and graph it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MANIFEST = "manifest.json"
FORMAT = 1
_MAKE_ANOTHER = "do not restore it: take another backup"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup: of which plant, by which Traveler and when, up to which record, in which files.

    ``applied_seq`` and ``recipe`` are of the graph's copy; ``applied_seq`` is None where there is
    none, and ``recipe`` is "" where it is not known what the graph was made by. ``files`` has for
    each path below the folder its size in bytes and its SHA-256.
    """

    plant: str
    base: str
    traveler: str
    made_at: str
    journal: str
    last_seq: int
    applied_seq: int | None
    recipe: str
    files: Mapping[str, tuple[int, str]]

    def write(self, folder: Path) -> None:
        """Write it into the backup's folder."""
        (folder / MANIFEST).write_text(self._text(), encoding="utf-8")

    def check(self, folder: Path) -> None:
        """Compare every file with what it was; Raises: BackupError, naming the first that differs.

        Files that the manifest does not name are no part of the backup, and not looked at.
        """
        for name, (size, digest) in self.files.items():
            path = folder / name
            if not path.is_file():
                raise _damaged(f"{path} is missing")
            if (found := path.stat().st_size) != size:
                raise _damaged(f"{path} has {found} bytes instead of {size}")
            if file_digest(path) != digest:
                raise _damaged(f"{path} is not what was written: its SHA-256 differs")

    def _text(self) -> str:
        content: dict[str, Any] = {"format": FORMAT, **asdict(self)}
        content["files"] = {name: list(told) for name, told in sorted(self.files.items())}
        body = json.dumps(content, indent=1, ensure_ascii=False)
        return json.dumps(
            {"sha256": hashlib.sha256(body.encode()).hexdigest(), "backup": content},
            indent=1,
            ensure_ascii=False,
        )

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a backup.

        Raises:
            BackupError: there is none, it is not as it was written, or of a newer Traveler.
        """
        path = folder / MANIFEST
        try:
            text = path.read_bytes().decode()
            content = dict(json.loads(text)["backup"])
        except FileNotFoundError as error:
            raise BackupError(
                f"{folder} is no backup: it has no {MANIFEST}", hint="name a backup's folder"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(f"{path} cannot be read: {error}") from error
        if (form := content.pop("format", None)) != FORMAT:
            raise BackupError(
                f"{path} has format {form!r}, and this Traveler reads {FORMAT}",
                hint="use the Traveler that wrote it, or a newer one",
            )
        try:
            content["files"] = {name: (int(n), str(d)) for name, (n, d) in content["files"].items()}
            manifest = cls(**content)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise _damaged(f"{path} has not what belongs there: {error}") from error
        # Written again it is the same text: so every byte of it was looked at.
        if manifest._text() != text:
            raise _damaged(f"{path} is not what was written: its SHA-256 differs")
        return manifest


def describe_files(folder: Path) -> dict[str, tuple[int, str]]:
    """Give size and SHA-256 of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, file_digest(path))
        for path in files
    }


def file_digest(path: Path) -> str:
    """Give a file's SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _damaged(what: str) -> BackupError:
    return BackupError(f"the backup is damaged: {what}", hint=_MAKE_ANOTHER, code="backup-damaged")
