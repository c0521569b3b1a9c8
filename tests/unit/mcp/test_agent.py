"""The README's agent, run as it stands there, with what a model said on record."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
RECORD = Path(__file__).with_name("recorded_model.json")
MOST_LINES = 40


@pytest.fixture
def agent() -> dict[str, Any]:
    """The agent's module: the code of the README and nothing else."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n# agent\.py\n(.*?)```", readme, re.DOTALL)
    assert len(code.splitlines()) <= MOST_LINES
    module: dict[str, Any] = {"__name__": "agent"}
    exec(compile(code, "README.md", "exec"), module)
    return module


def test_the_agent_answers_from_what_the_plant_told(
    agent: dict[str, Any], client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    turns: list[list[dict[str, Any]]] = []

    def ask_model(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> tuple[str, Any]:
        assert {"get_context", "get_facts"} <= {tool["name"] for tool in tools}
        turns.append([dict(message) for message in messages])
        turn = record[len(turns) - 1]
        return turn["text"], turn["calls"]

    agent["ask_model"] = ask_model
    url = f"{str(client.base_url).rstrip('/')}/mcp/"
    told = asyncio.run(agent["answer"]("How is the valve body doing?", url))
    assert told == record[-1]["text"]
    assert len(turns) == len(record)
    system, question = turns[0]
    assert "MISSING" in system["content"]
    assert question == {"role": "user", "content": "How is the valve body doing?"}
    given = {one["call_id"]: one["content"] for one in turns[-1] if one["role"] == "tool"}
    assert "- job/1043 " in given["c1"]
    assert "## Why it is late" in given["c2"]
    assert json.loads(given["c3"])["facts"][0]["value"] == "in-progress"
    assert "1034" in given["c4"]
    # What the model says and cites stands in what it was told.
    cited = set(re.findall(r"\[\d+\]", told))
    assert cited
    assert all(mark in given["c2"] for mark in cited)


def test_an_agent_that_goes_on_and_on_is_ended(
    agent: dict[str, Any], client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    agent["ask_model"] = lambda _messages, _tools: ("", [["c", "list_gaps", {}]])
    url = f"{str(client.base_url).rstrip('/')}/mcp/"
    assert asyncio.run(agent["answer"]("?", url, most_turns=2)) == "no answer within 2 turns"


def test_without_a_model_the_agent_says_what_to_fill_in(agent: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match="your chat API"):
        agent["ask_model"]([], [])
