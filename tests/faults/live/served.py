"""A plant that a process of its own serves, to be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

from kg.owner import owner_url
from kg.pipeline import OWNER_FILE

ROOT = Path(__file__).resolve().parents[3]


class Served:
    """A plant served by a process of its own, which is killed and started anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.restarts: list[float] = []

    def start(self) -> None:
        began = time.monotonic()
        (self._folder / "store" / OWNER_FILE).unlink(missing_ok=True)
        command = [sys.executable, "-m", "kg.cli", "serve", "--port", "0", "--every", "0.1"]
        self._process = subprocess.Popen(
            [*command, "--quiet", "--plant", str(self._folder)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        while True:
            assert self._process.poll() is None, self._process.stderr.read().decode()
            assert time.monotonic() - began < 60, "it does not start"
            self.url = owner_url(self._folder / "store") or ""
            with suppress(httpx.TransportError):
                if self.url and httpx.get(f"{self.url}/health", trust_env=False).is_success:
                    break
            time.sleep(0.01)
        self.restarts.append(time.monotonic() - began)

    def end(self, sign: int) -> None:
        assert self._process is not None
        self.url = ""
        self._process.send_signal(sign)
        _, said = self._process.communicate()
        assert b"leaked" not in said, "an engine was not let go of"
