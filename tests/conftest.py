from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sparql_servers import SparqlServer, has_virtuoso, start_oxigraph, start_virtuoso

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real records; absent on most machines, so the test skips and says so."""
    folder = Path(os.environ.get("TRAVELER_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("no real records here: set TRAVELER_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL of the tests' own, reached by a socket only."""
    programs = _find_postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not on this machine: `make servers` installs it")
    folder = Path(tempfile.mkdtemp(prefix="traveler-postgres-"))
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    control = [*as_user, str(programs / "pg_ctl"), "-D", str(folder / "data"), "-s", "-w"]
    try:
        start = f"-k {folder} -c listen_addresses='' -c fsync=off"
        initdb = ["initdb", "-o", "-A trust -U traveler -E UTF8 --locale=C"]
        for action in (initdb, ["start", "-o", start, "-l", str(folder / "log")]):
            subprocess.run([*control, *action], check=True, cwd=folder, stdout=subprocess.DEVNULL)
        yield f"postgresql+psycopg://traveler@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "stop", "-m", "immediate"], check=False, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def oxigraph_server() -> Iterator[SparqlServer]:
    """A SPARQL server in memory, from PyPI."""
    with start_oxigraph() as server:
        yield server


@pytest.fixture(scope="session")
def virtuoso_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlServer]:
    """A Virtuoso of the tests' own."""
    if not has_virtuoso():
        pytest.skip("Virtuoso is not on this machine: `make servers` installs it")
    with start_virtuoso(tmp_path_factory.mktemp("virtuoso")) as server:
        yield server


def _find_postgres() -> Path | None:
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    return next((path for path in [*found, *reversed(debian)] if (path / "initdb").exists()), None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Fail a test that skips for want of its server where `make test-all` promised servers."""
    report = yield
    required = os.environ.get("TRAVELER_REQUIRE_SERVERS") == "1"
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if required and is_skip and item.get_closest_marker("server"):
        report.outcome = "failed"
        report.longrepr = f"its server is required here, but: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """End every run by saying in words what was not run, and why."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not session.config.option.collectonly:
        reporter.write_line("")
        reporter.write_line(_say_what_was_not_run(reporter.stats))
    return result


def _say_what_was_not_run(stats: dict[str, list]) -> str:
    reasons = Counter(_reason(report) for report in stats.get("skipped", []))
    slow = [item for item in stats.get("deselected", []) if item.get_closest_marker("slow")]
    if slow:
        reasons["slow, `make test-all` runs them"] = len(slow)
    if not reasons:
        return "Nothing was skipped."
    told = " ".join(f"{count}: {reason}." for reason, count in reasons.most_common())
    return f"Skipped {reasons.total()} tests. {told}"


def _reason(report: pytest.TestReport) -> str:
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ").rstrip(".")
