"""Publish events at a fixed rate, each at its planned time: ``python -m bench.live.generate``.

Open loop: an event is not put off because an earlier one waits. Its time is what the plan says,
so that what it waits for counts. What was done stands on standard output, as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from threading import Event as Flag

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from bench.live.events import PROBE, PROBES_A_SECOND, planned

_LONGEST_SECONDS = 120.0


def publish(port: int, rate: int, seconds: float, jobs: int, start: float) -> dict[str, float]:
    """Publish with QoS 1 and wait until the broker has acknowledged all of it.

    ``start`` is a time of this machine's monotonic clock. Gives the events, the seconds that
    handing them over took, and by how much the latest was late.

    Raises:
        TimeoutError: the broker does not acknowledge.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"load-{rate}", protocol=MQTTv5)
    client.max_queued_messages_set(0)
    acknowledged, is_done = 0, Flag()
    every = rate // PROBES_A_SECOND
    count = int(rate * seconds) // every * every + 1  # the last one is a probe

    def on_publish(*_: object) -> None:
        nonlocal acknowledged
        acknowledged += 1
        if acknowledged == count + 1:
            is_done.set()

    client.on_publish = on_publish
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish(f"factory/{PROBE}/machine", b'{"name": "Probe"}', qos=1)
    to_clock = time.time() - time.monotonic()
    latest = 0.0
    for number in range(count):
        due = start + number / rate
        event = planned(number, rate, jobs, start + to_clock)
        if (early := due - time.monotonic()) > 0:
            time.sleep(early)
        latest = max(latest, time.monotonic() - due)
        client.publish(event.topic, event.payload, qos=1)
    took = time.monotonic() - start
    if not is_done.wait(_LONGEST_SECONDS):
        raise TimeoutError(f"{count + 1 - acknowledged} events were not acknowledged")
    client.disconnect()
    client.loop_stop()
    return {"events": count, "seconds": took, "latest_seconds": latest}


def main() -> int:
    """Publish as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.live.generate", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of the broker, on this machine")
    parser.add_argument("--rate", type=int, required=True, help="events a second, 20 at least")
    parser.add_argument("--seconds", type=float, required=True, help="for how long")
    parser.add_argument("--jobs", type=int, required=True, help="jobs of the plant")
    parser.add_argument("--start", type=float, required=True, help="monotonic time of the first")
    told = parser.parse_args()
    json.dump(publish(told.port, told.rate, told.seconds, told.jobs, told.start), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
