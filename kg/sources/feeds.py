"""Feeds: the connections of sources that speak by themselves, and how each is doing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from kg.errors import ConfigError
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from kg.records import Rejected
    from kg.settings import SourceSettings
    from kg.sources.messages import Message

    Take = Callable[[str, Sequence[Message]], "Taken"]
    """Takes messages of a table into the journal: they are durable when it returns."""

_MOST_WARNINGS = 20
_counting = threading.Lock()
_FEEDS = {
    "mqtt": ("kg.sources.mqtt", "MqttFeed", "mqtt"),
    "opcua": ("kg.sources.opcua", "OpcuaFeed", "opcua"),
    "sparkplug": ("kg.sources.sparkplug", "SparkplugFeed", "mqtt"),
}
"""For each adapter its module, its class, and the extra that brings its packages."""


class Taken(Protocol):
    """What became of messages: the balance of the intake, as far as a feed asks."""

    new: int
    unchanged: int
    quarantined: int
    warnings: list[str]

    @property
    def alarm(self) -> Rejected | None:
        """A message that lacks what settings name."""


@dataclass(slots=True)
class FeedHealth:
    """How a feed is doing; the times are ISO 8601 in UTC, "" before the first.

    ``since`` is when it was connected or lost. ``error`` is what keeps it from going on, ``alarm``
    tells of a sender that seems to have changed; ``warnings`` are the last ones.
    """

    source: str
    is_connected: bool = False
    since: str = ""
    last_message: str = ""
    new: int = 0
    unchanged: int = 0
    quarantined: int = 0
    error: str = ""
    hint: str = ""
    alarm: str = ""
    warnings: list[str] = field(default_factory=list)

    def count(self, taken: Taken, now: datetime) -> None:
        """Add what was taken; any thread may."""
        with _counting:
            self.last_message = format_time(now)
            self.new += taken.new
            self.unchanged += taken.unchanged
            self.quarantined += taken.quarantined
            self.warnings = [*self.warnings, *taken.warnings][-_MOST_WARNINGS:]
            if taken.alarm is not None:
                self.alarm = f"{taken.alarm.message}; {taken.alarm.hint}"
            elif taken.new or taken.unchanged:
                self.alarm = ""


class Feed(Protocol):
    """One source's connection, which brings messages by itself in threads of its own."""

    health: FeedHealth

    def start(self) -> None:
        """Connect, now or as soon as the other side is there, and go on until stopped."""

    def stop(self) -> None:
        """Take what is under way, and disconnect; what was not acknowledged is sent again."""


class PushFeed:
    """A source whose records are sent over HTTP: there is nothing to connect to."""

    def __init__(self, source: SourceSettings) -> None:
        self.health = FeedHealth(source.name, is_connected=True)

    def start(self) -> None:
        """Do nothing: the routes are there as long as the server is."""

    def stop(self) -> None:
        """Do nothing."""


def open_feed(source: SourceSettings, take: Take, clock: Callable[[], datetime]) -> Feed | None:
    """Give the feed of a source, not started; None for one that is read by polling.

    Raises:
        ConfigError: its settings cannot be used, or a package that it needs is not installed.
    """
    if source.adapter == "push":
        return PushFeed(source)
    if source.adapter not in _FEEDS:
        return None
    module, name, extra = _FEEDS[source.adapter]
    try:
        # What reaches one kind of system is installed where it is needed only.
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"source {source.name}: adapter = {source.adapter!r} needs the package {error.name}",
            hint=f"pip install 'traveler-kg[{extra}]'",
        ) from error
    feed: Feed = found(source, take, clock)
    return feed
