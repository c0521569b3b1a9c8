"""The page of licences is of what is locked today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FILES = ("pyproject.toml", "LICENCES.md", "tools/licences.py", "api/web/package-lock.json")


def test_the_page_of_licences_is_of_the_locked_packages(root: Path) -> None:
    command = [sys.executable, str(root / "tools" / "licences.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_is_stale_is_told(root: Path, tmp_path: Path) -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-spark.lock"):
        text = (root / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("lxml==", "lxml==9."), encoding="utf-8")
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text((root / name).read_text("utf-8"), encoding="utf-8")
    command = [sys.executable, str(tmp_path / "tools" / "licences.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "run python" in done.stdout
