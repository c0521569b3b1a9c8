"""The protocol over standard input and output, by the real command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError

from kg.owner import announce, withdraw
from tests.unit.api.conftest import opened, served
from tests.unit.mcp.talking import GENERATIONS, error_of, facts_of, over_stdio, text_of

TRAVELER = str(Path(sys.executable).parent / "traveler")
CLOCK = "2026-11-23T09:00:00Z"
SHADOW = 'raise ModuleNotFoundError("No module named \'mcp\'", name="mcp")\n'


def _command(plant: Path, *more: str) -> StdioServerParameters:
    return StdioServerParameters(command=TRAVELER, args=["mcp", "--plant", str(plant), *more])


@pytest.mark.slow
def test_a_plant_is_opened_served_and_let_go_of(own_plant: Path) -> None:
    """One process lives through all that can happen to its plant."""
    with opened(own_plant):
        pass

    async def work(plant: Client) -> None:
        assert plant.protocol_version == GENERATIONS["auto"]
        told = await text_of(plant, "get_context", entity="SAW-01")
        assert "as of 2026-11-2" not in told  # the clock is this machine's
        facts = await facts_of(plant, entity="job/1043", limit=1)
        assert facts["facts"]
        with pytest.raises(MCPError, match="1034"):
            await plant.read_resource("factory://job/1034")

    over_stdio(_command(own_plant), work)

    async def asked_of_the_owner(plant: Client) -> None:
        assert "as of 2026-11-23T08:00:00Z" in await text_of(plant, "get_context", entity="SAW-01")
        assert await error_of(plant, "get_context", entity="job/1034")
        assert (await facts_of(plant, entity="job/1043", limit=1))["facts"]
        assert (await plant.read_resource("factory://job/1043")).contents[0].text
        with pytest.raises(MCPError, match="1034"):
            await plant.read_resource("factory://job/1034")
        (message,) = (await plant.get_prompt("why_late", {"job": "1043"})).messages
        assert "# job/1043" in message.content.text
        withdraw(store)
        assert "another process has the plant open" in await error_of(plant, "list_gaps")

    with opened(own_plant) as owner, served(owner) as client:
        store = owner.pipeline.plant.store_path
        announce(store, str(client.base_url).rstrip("/"), "")
        over_stdio(_command(own_plant), asked_of_the_owner, "legacy")
    with opened(own_plant):
        pass  # the process that asked holds it no more


def test_nothing_but_the_protocol_stands_on_standard_output(own_plant: Path) -> None:
    with opened(own_plant):
        pass
    asked = [
        _message(1, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=_ME),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        _message(2, "tools/list"),
        _message(3, "tools/call", name="get_context", arguments={"entity": "SAW-01"}),
        _message(4, "tools/call", name="get_context", arguments={"entity": ""}),
        "this is no message",
        _message(5, "nonsense"),
    ]
    lines = [one if isinstance(one, str) else json.dumps(one) for one in asked]
    process = subprocess.Popen(
        [TRAVELER, "mcp", "--plant", str(own_plant), "--now", CLOCK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(lines) + "\n")
    process.stdin.flush()
    answers = {}
    while len(answers) < 5:
        answer = json.loads(process.stdout.readline())
        assert answer["jsonrpc"] == "2.0"
        answers[answer.get("id")] = answer
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest == ""
    assert "Traceback" not in errors
    assert f"as of {CLOCK}" in answers[3]["result"]["content"][0]["text"]
    assert answers[4]["result"]["isError"] is True
    assert "error" in answers[5]


_ME = {"name": "test", "version": "0"}


def _message(number: int, method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def test_without_the_package_the_extra_is_named(own_plant: Path, tmp_path: Path) -> None:
    shadows = tmp_path / "shadows"
    shadows.mkdir()
    (shadows / "mcp.py").write_text(SHADOW, encoding="utf-8")
    done = subprocess.run(
        [TRAVELER, "mcp", "--plant", str(own_plant)],
        env=os.environ | {"PYTHONPATH": str(shadows)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "pip install 'traveler-kg[mcp]'" in done.stderr


def test_a_server_without_the_package_answers_all_else(
    own_client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in {"mcp", "mcp_types"}]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "kg.mcp.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)
    answer = own_client.post("/mcp/", json={})
    assert (answer.status_code, answer.json()["code"]) == (501, "not-here")
    assert "traveler-kg[mcp]" in answer.json()["hint"]
    assert own_client.get("/v1/context/job/1043").status_code == 200


def test_no_other_command_loads_the_package() -> None:
    told = (
        "import sys; from kg.cli import COMMANDS, make_app; make_app(list(COMMANDS));"
        "import api.app; print([name for name in sys.modules"
        " if name.split('.')[0] in ('mcp', 'mcp_types', 'httpx2')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
