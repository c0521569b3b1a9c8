"""A Mosquitto of the tests' own, which can be stopped, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
PROGRAM = shutil.which("mosquitto", path=SEARCHED)


class Mosquitto:
    """One broker on one port, with what it keeps in a folder."""

    def __init__(self, folder: Path, lines: str = "", *, tls: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        user = "user root\n" if os.getuid() == 0 else ""
        anonymous = "" if "allow_anonymous" in lines else "allow_anonymous true\n"
        (folder / "mosquitto.conf").write_text(
            f"{user}listener {self.port} 127.0.0.1\n{tls}{anonymous}persistence true\n"
            f"persistence_location {folder}/\nmax_queued_messages 0\n{lines}\n"
        )

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert PROGRAM is not None
        command = [PROGRAM, "-c", str(self._folder / "mosquitto.conf")]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._is_up, "Mosquitto did not start")

    def _is_up(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, (self._folder / "log").read_text()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stop it; asked kindly it writes down what it keeps."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait()
            self._server = None


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Publisher:
    """A client that keeps what it could not hand over yet, and goes on when the broker is back."""

    def __init__(self, broker: Mosquitto, name: str = "machine") -> None:
        self._acknowledged = 0
        self._lock = threading.Lock()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
        self.client.on_publish = self._count
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.port, clean_start=False)
        self.client.loop_start()

    def _count(self, *_: object) -> None:
        with self._lock:
            self._acknowledged += 1

    @property
    def acknowledged(self) -> int:
        return self._acknowledged

    def send(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=qos, retain=retain)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.reinitialise()  # closes the sockets between its threads
