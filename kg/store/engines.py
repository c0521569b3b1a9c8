"""Which engine holds a plant's graph: the only place that tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.embedded import EmbeddedStore
from kg.store.endpoint import Endpoint
from kg.store.endpoint_queries import EndpointQueries
from kg.store.generations import FolderGenerations
from kg.store.remote import RemoteStore
from kg.store.remote_generations import RemoteGenerations
from kg.store.workers import QueryWorkers

if TYPE_CHECKING:
    from pathlib import Path

    from kg.settings import Plant
    from kg.store.protocol import Generations, Queries, Store


def open_generations(plant: Plant) -> Generations:
    """Give the generations of a plant's graph, none of them opened yet."""
    place = plant.store
    if not place.endpoint:
        return FolderGenerations(plant.store_path, plant.base)
    endpoint = Endpoint(
        place.endpoint, place.update, place.graph_store, place.account, place.timeout_seconds
    )
    return RemoteGenerations(endpoint, plant.base, plant.store_path)


def open_queries(store: Store, folder: Path, workers: int = 1) -> Queries:
    """Start what runs ad-hoc queries on a store; ``folder`` is for its own files."""
    if isinstance(store, RemoteStore):
        return EndpointQueries(store)
    assert isinstance(store, EmbeddedStore)
    return QueryWorkers(store, folder, workers=workers)


def copy_store(store: Store, folder: Path) -> bool:
    """Copy a graph's files by hard links into a new folder; False where they are not here."""
    if not isinstance(store, EmbeddedStore):
        return False
    store.checkpoint(folder)
    return True
