"""Answers go on while a rebuild takes the store away under them."""

from __future__ import annotations

import httpx

from api.desk import Desk
from kg.answer import Answers
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


def test_an_answer_under_way_is_given_again_from_the_new_store(own_owner: Owner) -> None:
    seen: list[Answers] = []

    def work(answers: Answers) -> str:
        seen.append(answers)
        if len(seen) == 1:
            own_owner.pipeline.rebuild(own_owner.clock())
        return answers.context("SAW-01", own_owner.clock()).entity["id"]

    assert Desk(own_owner).ask(work) == "machine/SAW-01"
    assert len(seen) == 2
