r"""The environments that the peers run in: their pins conflict, so each has one of its own.

What goes into one is locked in ``peers/<package>.lock``. A newer version is locked with::

    echo PACKAGE==VERSION | uv pip compile - --universal --python-version 3.11 --generate-hashes \
      --no-header --no-annotate --no-emit-index-url --output-file bench/lift/peers/PACKAGE.lock
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).resolve().parent / "peers"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_INSTALLED = "installed.lock"
_IMPORTED_SECONDS = 120


class MissingPeerError(Exception):
    """A peer cannot run on this machine; the message says what is absent."""


def make_environment(folder: Path, package: str, module: str) -> Path:
    """Give the Python of the environment ``folder``, which is made where it is not up to date.

    Raises:
        MissingPeerError: it cannot be made, or ``module`` cannot be imported in it.
    """
    lock = LOCKS / f"{package}.lock"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = folder / _INSTALLED
    if not installed.is_file() or installed.read_bytes() != lock.read_bytes():
        print(f"making the environment of {package}", file=sys.stderr)
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        sync = ("pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode")
        _uv(*sync, "--python", str(python), str(lock))
        installed.write_bytes(lock.read_bytes())
    _check_import(python, module)
    return python


def locked_version(package: str, of: str | None = None) -> str:
    """Give the version of ``of`` (the package itself if not stated) in the package's lock."""
    name = of or package
    text = (LOCKS / f"{package}.lock").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(name)}==(\S+)", text, re.MULTILINE)
    if found is None:
        raise MissingPeerError(f"{package}.lock holds no {name}")
    return found.group(1)


def _uv(*arguments: str) -> None:
    environment = dict(os.environ)
    if _CERTIFICATES.is_file():
        # A company's proxy is trusted as the machine trusts it, as in the Makefile.
        environment.setdefault("UV_SYSTEM_CERTS", "true")
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MissingPeerError(f"uv {arguments[0]}: {_last_line(done.stderr)}")


def _check_import(python: Path, module: str) -> None:
    command = [str(python), "-c", f"import {module}"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_IMPORTED_SECONDS
    )
    if "libodbc" in done.stderr:
        raise MissingPeerError("it needs unixODBC, which is absent: apt install unixodbc")
    if done.returncode != 0:
        raise MissingPeerError(f"import {module}: {_last_line(done.stderr)}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "failed without a word"
