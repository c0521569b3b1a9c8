"""A plant that changes between two calls: what was replaced is told, what went is gone."""

from __future__ import annotations

from pathlib import Path

import httpx
from mcp import Client

from kg.owner import Owner
from tests.unit.mcp.talking import error_of, facts_of, over_http, text_of


def _rewrite(plant: Path, table: str, old: str, new: str) -> None:
    path = plant.parent / "data" / f"{table}.csv"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_changes_between_calls_is_told(
    own_plant: Path, own_owner: Owner, own_client: httpx.Client
) -> None:
    def change(table: str, old: str, new: str) -> None:
        _rewrite(own_plant, table, old, new)
        own_owner.round()
        own_owner.pipeline.validate(own_owner.clock())

    async def work(plant: Client) -> None:
        before = await facts_of(plant, entity="job/1043", predicates=["label"])
        assert [one["value"] for one in before["facts"]] == ["Valve body"]
        first = await facts_of(plant, entity="job/1043", limit=1)

        change("job", "1043,Valve body,in-progress,Nordwind", "1043,Valve block,in-progress,Sund")
        (now,) = (await facts_of(plant, entity="job/1043", predicates=["label"]))["facts"]
        told = await text_of(plant, "explain_fact", fact_id=now["id"])
        assert "- label was Valve body from " in told
        assert "version 2" in told
        (customer,) = (await facts_of(plant, entity="job/1043", predicates=["forCustomer"]))[
            "facts"
        ]
        derived = await text_of(plant, "explain_fact", fact_id=customer["id"])
        assert "- orderedBy was customer/Nordwind from " in derived
        gone = await error_of(plant, "explain_fact", fact_id=before["facts"][0]["id"])
        assert "it may have been corrected" in gone
        assert first["next_cursor"]

        change("job", "10 46,Lid,released,Nordwind\n", "")
        assert await error_of(plant, "get_context", entity="job/10%2046")
        assert await error_of(plant, "get_facts", entity="job/10%2046")
        open_gaps = await text_of(plant, "list_gaps")
        assert "job/10%2046" not in open_gaps

    over_http(str(own_client.base_url).rstrip("/"), work)
