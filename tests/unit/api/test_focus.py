from __future__ import annotations

import httpx
import pytest

from api.models import ContextAnswer
from kg.answer.focus import FOCUSES
from kg.answer.planning.next import RULES


def context(client: httpx.Client, thing: str, **parameters: str) -> ContextAnswer:
    answer = client.get(f"/v1/context/{thing}", params=parameters)
    assert answer.status_code == 200, answer.text
    return ContextAnswer.model_validate_json(answer.content)


@pytest.mark.parametrize("focus", FOCUSES)
@pytest.mark.parametrize(
    "thing", ["machine/SAW-01", "job/1043", "job/1044", "customer/Nordwind", "order/1043"]
)
def test_every_focus_answers_about_every_kind(client: httpx.Client, thing: str, focus: str) -> None:
    found = context(client, thing, focus=focus)
    assert found.focus == focus
    known = {fact.id for fact in found.inputs}
    for slot in found.computed.values():
        assert slot.facts or slot.note, "nothing is silently empty"
        for fact in slot.facts:
            assert fact.inputs
            assert known.issuperset(fact.inputs)
    card = client.get(f"/v1/context/{thing}", params={"focus": focus, "format": "md"})
    assert card.status_code == 200
    document = client.get(f"/v1/context/{thing}", params={"focus": focus, "format": "jsonld"})
    assert document.status_code == 200
    assert "remainingQuantity" not in document.text


def test_the_focus_now_adds_nothing(client: httpx.Client) -> None:
    plain = context(client, "machine/SAW-01")
    assert plain == context(client, "machine/SAW-01", focus="now")
    assert (plain.order, plain.causes, plain.computed, plain.inputs) == (None, [], {}, [])


def test_a_job_that_lacks_everything_says_so(client: httpx.Client) -> None:
    found = context(client, "job/1043", focus="full")
    notes = {name: slot.note for name, slot in found.computed.items()}
    assert notes == {
        "late_by": "no record gives job/1043 a due date",
        "time_left": "no record gives job/1043 a due date",
        "remaining": "no record says how much job/1043 is to make",
        "forecast": "no record says which operations job/1043 has",
        "out_of_limits": "no record gives a measured value",
        "needed": "no connected source gives bills of material",
        "left": "no connected source gives bills of material",
    }
    assert {slot.state for slot in found.computed.values()} == {"unknown"}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_orders_what_waits(client: httpx.Client, rule: str) -> None:
    found = context(client, "machine/SAW-02", focus="next", rule=rule)
    assert found.order is not None
    assert (found.order.rule, found.order.ready, found.order.blocked) == (rule, 0, 0)
    assert {remark.kind for remark in found.order.remarks} >= {"material", "tool", "qualification"}


@pytest.mark.parametrize(
    ("name", "value"), [("focus", "yesterday"), ("focus", ""), ("rule", "gut-feeling")]
)
def test_a_focus_or_rule_that_is_none_is_refused(
    client: httpx.Client, name: str, value: str
) -> None:
    answer = client.get("/v1/context/machine/SAW-01", params={name: value})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert name in answer.json()["detail"]
