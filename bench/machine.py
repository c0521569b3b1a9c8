"""What a measurement was made with: machine, engines, code; nothing that names the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
from hashlib import blake2b
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASURED_CODE = ("kg/**/*.py", "ontology/**/*.ttl", "bench/**/*.py", "bench/plant/*")
ENGINES = ("duckdb", "pyoxigraph", "sqlglot", "pyarrow", "rdflib", "owlrl", "pyshacl")


def describe_machine() -> dict[str, str]:
    """Give processor, cores, memory, system and versions, as label and text."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ENGINES]
    return {
        "Processor": f"{_processor()}, {_cores()} cores for this process",
        "Memory": f"{_memory_bytes() / 2**30:.1f} GiB",
        "System": _system(),
        "Load before": f"{os.getloadavg()[0]:.1f} processes running, one-minute average",
        "Traveler": importlib.metadata.version("traveler-kg"),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Engines": ", ".join([*versions, f"SQLite {sqlite3.sqlite_version}"]),
    }


def load_after() -> dict[str, str]:
    """Give how busy the machine is when all is measured, as label and text."""
    return {"Load after": f"{os.getloadavg()[0]:.1f} processes, one-minute average"}


def digest_code(root: Path = ROOT) -> str:
    """Sum up the files that are measured: sizes compare only where all were made by the same."""
    paths = sorted(path for pattern in MEASURED_CODE for path in root.glob(pattern))
    digest = blake2b(digest_size=8)
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    # The kernel's full release may name who built it; two numbers say what matters.
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{name or platform.system()} ({platform.system()} {kernel}, {platform.machine()})"
