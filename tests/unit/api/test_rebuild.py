"""Answers go on while a rebuild takes the store away under them."""

from __future__ import annotations

import httpx

from api.desk import Desk
from kg.owner import Owner

COUNT = {"query": "SELECT (COUNT(*) AS ?jobs) { ?job a tr:Job }"}


def test_answers_follow_the_store_through_a_rebuild(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    before = own_client.get("/sparql", params=COUNT)
    own_owner.pipeline.rebuild(own_owner.clock())
    after = own_client.get("/sparql", params=COUNT)
    assert after.status_code == 200
    assert before.json() == after.json()
    assert own_client.get("/v1/context/job/1043").status_code == 200
    assert own_client.get("/v1/gaps").status_code == 200


def test_an_answer_under_way_ends_on_the_store_it_began_with(own_owner: Owner) -> None:
    answers = Desk(own_owner).answers()
    own_owner.pipeline.rebuild(own_owner.clock())
    assert answers.context("SAW-01", own_owner.clock()).entity["id"] == "machine/SAW-01"


def test_coverage_is_counted_anew_when_the_store_is_another(own_owner: Owner) -> None:
    desk = Desk(own_owner)
    first = desk.check()
    assert desk.check() is first
    own_owner.pipeline.rebuild(own_owner.clock())
    assert desk.check() is not first
