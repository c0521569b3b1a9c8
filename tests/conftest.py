from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from tests.mqtt_broker import PROGRAM, Mosquitto
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


@pytest.fixture
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """An MQTT broker of one test's own, started."""
    if PROGRAM is None:
        pytest.skip("Mosquitto is not on this machine: `make servers` installs it")
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    broker.start()
    yield broker
    broker.stop()


def _find_postgres() -> Path | None:
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    return next((path for path in [*found, *reversed(debian)] if (path / "initdb").exists()), None)


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """The SQLAlchemy URL of an empty MariaDB of the tests' own, reached by a socket only."""
    program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("MariaDB is not on this machine: `make servers` installs it")
    with tempfile.TemporaryDirectory(
        prefix="traveler-mariadb-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        server = _start_mariadb(program, folder)
        try:
            _wait_for(folder / "log", server, b"ready for connections")
            _make_user(f"mysql+pymysql://root@/mysql?unix_socket={folder}/socket")
            yield f"mysql+pymysql://traveler@/plant?unix_socket={folder}/socket"
        finally:
            server.kill()
            server.wait()


def _start_mariadb(program: str, folder: Path) -> subprocess.Popen[bytes]:
    if os.getuid() == 0:  # the server gives up being root before it does anything
        shutil.chown(folder, "nobody")
    command = [program, "--no-defaults", f"--user={folder.owner()}", f"--datadir={folder}/data"]
    command += ["--innodb-flush-method=nosync", "--innodb-log-file-size=4M"]
    (folder / "data").mkdir()
    shutil.chown(folder / "data", folder.owner())
    subprocess.run([*command, "--bootstrap"], input=_system_tables(), check=True)
    options = ["--skip-networking", f"--socket={folder}/socket", "--character-set-server=utf8mb4"]
    options += ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([*command, *options], stdout=log, stderr=log)


def _system_tables() -> bytes:
    """The server's own tables, without its help texts and its time zones."""
    share = next(
        path for path in map(Path, ("/usr/share/mariadb", "/usr/share/mysql")) if path.is_dir()
    )
    scripts = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")
    tables = b"\n".join((share / name).read_bytes() for name in scripts)
    return b"CREATE DATABASE mysql;\nUSE mysql;\n" + tables


def _wait_for(log: Path, server: subprocess.Popen[bytes], said: bytes) -> None:
    deadline = time.monotonic() + 60
    while said not in log.read_bytes():
        assert server.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.05)


def _make_user(url: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE plant")
        connection.exec_driver_sql("CREATE USER traveler@localhost")
        connection.exec_driver_sql("GRANT ALL ON *.* TO traveler@localhost WITH GRANT OPTION")
    engine.dispose()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Fail a module that skips as a whole, for want of Spark, where `make test-all` brought it."""
    report = yield
    if _is_all_required() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid}: required here, but: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Fail a test that skips for want of its server where `make test-all` promised servers."""
    report = yield
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if _is_all_required() and is_skip and item.get_closest_marker("server"):
        report.outcome = "failed"
        report.longrepr = f"its server is required here, but: {_reason(report)}"
    return report


def _is_all_required() -> bool:
    return os.environ.get("TRAVELER_REQUIRE_SERVERS") == "1"


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
