"""A Sparkplug B edge node, whose payloads are written byte by byte as protobuf's wire format says.

It knows nothing of the product's own description of payloads, so both can be wrong only apart.
"""

from __future__ import annotations

import json
import struct
import threading
from typing import Any

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from tests.mqtt_broker import Mosquitto, wait_until

INT32, INT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATE_TIME = 3, 4, 9, 10, 11, 12, 13


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def value_of(datatype: int, value: Any, first: int = 10) -> bytes:
    """Write a value; ``first`` is the number of int_value among the fields."""
    if datatype in {1, 2, INT32}:
        return number(first, value & 0xFFFFFFFF)
    if datatype in {INT64, 8, DATE_TIME}:
        return number(first + 1, value & 0xFFFFFFFFFFFFFFFF)
    if datatype == FLOAT:
        return varint((first + 2) << 3 | 5) + struct.pack("<f", value)
    if datatype == DOUBLE:
        return varint((first + 3) << 3 | 1) + struct.pack("<d", value)
    if datatype == BOOLEAN:
        return number(first + 4, int(value))
    return block(first + 5, str(value).encode())


def metric(
    name: str = "",
    value: Any = None,
    datatype: int = STRING,
    *,
    alias: int | None = None,
    at: int | None = None,
    is_typed: bool = True,
    is_historical: bool = False,
    quality: int | None = None,
) -> bytes:
    parts = [block(1, name.encode()) if name else b""]
    parts.append(number(2, alias) if alias is not None else b"")
    parts.append(number(3, at) if at is not None else b"")
    parts.append(number(4, datatype) if is_typed else b"")
    parts.append(number(5, 1) if is_historical else b"")
    parts.append(number(7, 1) if value is None else b"")
    if quality is not None:
        code = number(1, INT32) + number(3, quality)
        parts.append(block(9, block(1, b"Quality") + block(2, code)))
    parts.append(value_of(datatype, value) if value is not None else b"")
    return b"".join(parts)


def payload(*metrics: bytes, at: int | None = None, seq: int | None = None) -> bytes:
    parts = [number(1, at) if at is not None else b""]
    parts += [block(2, one) for one in metrics]
    parts.append(number(3, seq) if seq is not None else b"")
    return b"".join(parts)


class EdgeNode:
    """A node ``press`` of the group ``plant``, with one device: answers a rebirth command."""

    def __init__(self, broker: Mosquitto, bd_seq: int, births: list[tuple[str, list[bytes]]]):
        self.bd_seq = bd_seq
        self.seq = -1
        self.births = births
        self.rebirths = 0
        self.states: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="press", protocol=MQTTv311)
        self.client.will_set("spBv1.0/plant/NDEATH/press", self._death(), qos=1)
        self.client.on_message = self._hear
        self.client.connect("127.0.0.1", broker.port, keepalive=5)
        self.client.loop_start()
        wait_until(self.client.is_connected, "the node is not connected")
        self.client.subscribe([("spBv1.0/plant/NCMD/press", 1), ("spBv1.0/STATE/#", 1)])

    def _death(self) -> bytes:
        return payload(metric("bdSeq", self.bd_seq, INT64))

    def _hear(self, _client: object, _data: object, message: Any) -> None:
        if message.topic.startswith("spBv1.0/STATE/"):
            self.states.append(json.loads(message.payload))
        elif b"Node Control/Rebirth" in message.payload:
            self.rebirths += 1
            self.be_born()

    def be_born(self) -> None:
        with self._lock:
            self.seq = -1
            head = [metric("bdSeq", self.bd_seq, INT64), metric("Node Control/Rebirth", 0, BOOLEAN)]
            for device, metrics in self.births:
                kind = "DBIRTH" if device else "NBIRTH"
                self.send(kind, *([] if device else head), *metrics, device=device, at=AT)

    def send(self, kind: str, *metrics: bytes, device: str = "", at: int | None = None) -> None:
        self.seq = (self.seq + 1) % 256
        topic = f"spBv1.0/plant/{kind}/press" + (f"/{device}" if device else "")
        self.client.publish(topic, payload(*metrics, at=at, seq=self.seq))

    def lose(self, count: int = 1) -> None:
        """Count messages that never arrive."""
        self.seq = (self.seq + count) % 256

    def vanish(self) -> None:
        """Break the connection, so that the broker says that the node is dead."""
        sock = self.client.socket()
        assert sock is not None
        self.client.loop_stop()
        sock.close()
        self.client.reinitialise()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.reinitialise()  # closes the sockets between its threads


AT = 1_795_420_800_000
"""2026-11-23T08:00:00Z in milliseconds."""
