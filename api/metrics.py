"""Metrics, in the exposition format of Prometheus: what this process counts and how it stands."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from api.access import principal_of
from api.desk import desk_of
from api.lane import lane_of
from kg.tally import BUCKETS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from prometheus_client import Metric

    from api.desk import Desk
    from api.lane import Lane
    from api.streams import Streams

router = APIRouter(tags=["Health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": "traveler_gaps_open 3.0\n"}}}},
    summary="How is this process doing, in numbers?",
)
def get_metrics(request: Request) -> Response:
    """Tell counters and gauges for Prometheus: intake, lag, stages, sources, gaps, disk, queries.

    Counters begin with the process. What each one means stands beside it. Sources that your role
    does not see are left out; numbers of the whole plant are not.
    """
    registry = CollectorRegistry()
    hidden = principal_of(request).hiding.sources
    registry.register(
        _Collector(desk_of(request), lane_of(request), request.app.state.streams, hidden)
    )
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Collector(Collector):
    """Reads one plant's numbers when it is asked; nothing is kept here."""

    def __init__(self, desk: Desk, lane: Lane, streams: Streams, hidden: Collection[str]) -> None:
        self._desk = desk
        self._pipeline = desk.pipeline
        self._lane = lane
        self._streams = streams
        self._hidden = hidden

    def describe(self) -> Iterable[Metric]:
        """Give nothing: a registry of one request has no names to clash."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give every metric."""
        yield InfoMetricFamily(
            "traveler_build", "The version that runs.", {"version": version("traveler-kg")}
        )
        yield from self._intake()
        yield from self._lag()
        yield from self._stages()
        yield from self._sources()
        yield from self._disk()
        yield from self._served()

    def _intake(self) -> Iterator[Metric]:
        tally = self._pipeline.tally
        yield _counter(
            "traveler_records_appended",
            "Versions of records that were new to the journal.",
            "source",
            self._shown(tally.appended),
        )
        yield _counter(
            "traveler_records_quarantined",
            "Rows that could not be read, each time that they were tried.",
            "source",
            self._shown(tally.quarantined),
        )
        yield _counter(
            "traveler_records_applied",
            "Records that were folded into the graph.",
            "source",
            self._shown(tally.applied),
        )
        waiting: dict[str, float] = {source.name: 0 for source in self._pipeline.plant.sources}
        for count in self._pipeline.journal.waiting_counts():
            waiting[count.source] = waiting.get(count.source, 0) + count.rows
        yield _gauge(
            "traveler_quarantine_rows",
            "Rows that wait in quarantine.",
            "source",
            self._shown(waiting),
        )

    def _shown(self, by_source: Mapping[str, float]) -> dict[str, float]:
        return {name: n for name, n in by_source.items() if name not in self._hidden}

    def _lag(self) -> Iterator[Metric]:
        journal, store = self._pipeline.journal, self._pipeline.store
        applied = store.applied_seq()
        last = journal.last_seq()
        yield _one("traveler_journal_last_seq", "The journal's last record.", last)
        yield _one("traveler_graph_applied_seq", "The record that the graph reached.", applied)
        yield _one("traveler_graph_checked_seq", "The record up to which gaps were looked for.",
                   journal.checked_seq())  # fmt: skip
        yield _one(
            "traveler_apply_lag_records", "Records that the graph lacks yet.", last - applied
        )
        yield _one(
            "traveler_apply_lag_seconds",
            "Age of the oldest record that the graph lacks; 0 where it lacks none.",
            self._oldest_age_seconds(applied),
        )

    def _oldest_age_seconds(self, applied: int) -> float:
        found = self._pipeline.journal.records_after(applied, 1)
        if not found:
            return 0.0
        age = self._desk.owner.clock() - datetime.fromisoformat(found[0].recorded)
        return max(0.0, age.total_seconds())

    def _stages(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "traveler_stage_duration_seconds",
            "How long each stage of folding a batch took.",
            labels=["stage"],
        )
        bounds = [*map(str, map(float, BUCKETS_SECONDS)), "+Inf"]
        for stage, durations in sorted(self._pipeline.tally.stages.items()):
            counts = accumulate(durations.counts)
            family.add_metric(
                [stage], list(zip(bounds, counts, strict=True)), durations.sum_seconds
            )
        yield family

    def _sources(self) -> Iterator[Metric]:
        rows = self._desk.answers().sources(self._desk.owner.clock())
        rows = [row for row in rows if row["name"] not in self._hidden]
        states = self._pipeline.changes.source_states()
        confirmed = {
            row["name"]: datetime.fromisoformat(row["confirmed_at"]).timestamp()
            for row in rows
            if row["confirmed_at"]
        }
        yield _gauge(
            "traveler_source_up",
            "1 while a source can be read, 0 while it cannot.",
            "source",
            {row["name"]: float(states.get(row["name"]) != "error") for row in rows},
        )
        yield _gauge(
            "traveler_source_stale",
            "1 where a source vouched for its data too long ago.",
            "source",
            {row["name"]: float(row["is_stale"]) for row in rows},
        )
        yield _gauge(
            "traveler_source_confirmed_timestamp_seconds",
            "When a source last vouched for its data.",
            "source",
            confirmed,
        )

    def _disk(self) -> Iterator[Metric]:
        disks = self._pipeline.space.look()
        names = {disk.folder: disk.folder.name for disk in disks}
        yield _gauge(
            "traveler_disk_free_bytes",
            "Free on the disk of a folder of the plant.",
            "folder",
            {names[disk.folder]: disk.free_bytes for disk in disks},
        )
        yield _gauge(
            "traveler_disk_ballast_bytes",
            "Held on it, to be given up when it is full.",
            "folder",
            {names[disk.folder]: disk.ballast_bytes for disk in disks},
        )
        yield _one(
            "traveler_accepting",
            "1 while records are taken in, 0 while there is too little room.",
            not any(disk.is_low for disk in disks),
        )

    def _served(self) -> Iterator[Metric]:
        gaps: dict[str, float] = {"violation": 0, "warning": 0, "info": 0}
        for gap in self._pipeline.journal.open_gaps():
            gaps[gap.severity] = gaps.get(gap.severity, 0) + 1
        yield _gauge("traveler_gaps_open", "Gaps that are open.", "severity", gaps)
        yield _counter(
            "traveler_queries",
            "Ad-hoc SPARQL queries, by what became of them.",
            "outcome",
            {"answered": 0, **self._lane.outcomes},
        )
        yield _counter(
            "traveler_context_answers",
            "Contexts as of now, as JSON: given from memory (kept), or made (new).",
            "outcome",
            {"kept": self._desk.cache.hits, "new": self._desk.cache.misses},
        )
        yield _one("traveler_stream_clients", "Listeners of /v1/stream.", len(self._streams))


def _counter(name: str, what: str, label: str, values: Mapping[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, what, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _gauge(name: str, what: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def _one(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)
