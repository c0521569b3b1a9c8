"""One size, measured in a process of its own, whose memory nothing else has touched."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.command import add_seed
from bench.machine import ROOT
from kg.errors import TravelerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class WrongResultError(Exception):
    """The graph is not what it must be; its speed is worth nothing."""


def start_apart(module: str, folder: Path, **options: int) -> subprocess.CompletedProcess[bytes]:
    """Run a module that ends in ``measure_here``; its standard output is what it measured."""
    command = [sys.executable, "-m", module, str(folder.resolve())]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)


def measure_here(
    module: str, description: str | None, measure: Callable[..., Any], count: str = ""
) -> int:
    """Measure one size and write the dataclass that comes of it to standard output as JSON.

    ``measure`` is given folder, jobs and seed, and the number of the option ``count`` if there is
    one. Gives exit code 1 for a wrong result, 2 where it cannot be measured.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("folder", type=Path, help="an empty folder, or one to be made")
    parser.add_argument("--jobs", type=int, required=True, help="jobs of the plant, at least 2")
    if count:
        parser.add_argument(f"--{count}", type=int, required=True, help="how many are measured")
    add_seed(parser)
    told = parser.parse_args()
    more = [getattr(told, count)] if count else []
    try:
        measured = measure(told.folder.resolve(), told.jobs, told.seed, *more)
    except WrongResultError as error:
        print(f"wrong result, so no times: {error}", file=sys.stderr)
        return 1
    except TravelerError as error:
        print(f"error: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    json.dump(asdict(measured), sys.stdout)
    return 0
