"""Backup: the graph's part of it, which only the graph's owner can make."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.desk import desk_of
from api.models import CheckpointAnswer
from kg.backup import make_checkpoint

router = APIRouter(tags=["Backup"])


@router.post("/v1/checkpoint", summary="What belongs into a backup of the graph?")
def make_graph_checkpoint(request: Request) -> CheckpointAnswer:
    """Copy the graph as it stands, by hard links in the plant's own folder.

    `traveler backup` asks for it, copies it with the journal, and removes it.
    """
    pipeline = desk_of(request).pipeline
    made = make_checkpoint(pipeline.plant, pipeline.store)
    return CheckpointAnswer(has_graph=made is not None, recipe=made.recipe if made else "")
