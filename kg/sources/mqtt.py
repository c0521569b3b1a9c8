"""MQTT with JSON payloads: the topics of a source's tables, whose levels become columns."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.sources.broker import Broker
from kg.sources.messages import Message
from kg.sources.topics import subscription, tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from kg.settings import SourceSettings
    from kg.sources.broker import Arrived
    from kg.sources.feeds import Take


class MqttFeed:
    """Follows the topics of a source's tables; a topic may be several tables' (see ``where``).

    Raises:
        ConfigError: url or certificates cannot be used.
    """

    def __init__(self, source: SourceSettings, take: Take, clock: Callable[[], datetime]) -> None:
        self._source = source
        self._broker = Broker(source, take, self._plan, clock)
        topics = [subscription(table.topic) for table in source.tables]
        self._broker.subscriptions = list(dict.fromkeys(topics))
        self.health = self._broker.health

    def start(self) -> None:
        """Connect and subscribe as soon as the broker is there."""
        self._broker.start()

    def stop(self) -> None:
        """Take what is under way, and disconnect."""
        self._broker.stop()

    def _plan(self, batch: Sequence[Arrived]) -> list[tuple[str, list[Message]]]:
        of_tables: dict[str, list[Message]] = defaultdict(list)
        for arrived in batch:
            tables = list(tables_of(self._source, arrived.topic))
            for table, columns in tables:
                message = Message(arrived.topic, arrived.payload, columns)
                of_tables[table.name].append(message)
            if not tables:  # a session of earlier settings still subscribes to it
                of_tables[""].append(Message(arrived.topic, arrived.payload))
        return list(of_tables.items())
