"""Whatever is asked in SPARQL, the server lives, and nothing is its fault but that it took long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.counts import HARDENING
from tests.hardening.conftest import Attacked
from tests.hardening.sparql_fuzz import Fuzz

CLIENTS = 4
AT_FAULT = 500
OF_TIME = 504


def test_any_query_is_answered_or_refused(attacked: Attacked, tell: Callable[[str], None]) -> None:
    count = HARDENING.times("queries", few=400, full=50_000)
    with ThreadPoolExecutor(CLIENTS) as pool:
        tallies = pool.map(
            lambda seed: _ask(attacked, seed, count // CLIENTS), range(1, CLIENTS + 1)
        )
        outcomes: Counter[str] = sum(tallies, Counter())
    faults = {name: many for name, many in outcomes.items() if int(name[:3]) >= AT_FAULT}
    told = ", ".join(f"{many} {name}" for name, many in sorted(outcomes.items()))
    tell(f"any query: {outcomes.total()} asked: {told}")
    assert outcomes.total() >= count // CLIENTS * CLIENTS
    assert outcomes["200"] > count // 10
    assert outcomes["400 query-syntax"] > count // 20
    assert set(faults) <= {"504 query-timeout"}, faults
    assert attacked.is_alive()


def _ask(attacked: Attacked, seed: int, count: int) -> Counter[str]:
    fuzz, outcomes = Fuzz(seed), Counter[str]()
    with attacked.client() as client:
        for _ in range(count):
            query = fuzz.query()
            answer = _post(client, query)
            name = str(answer.status_code)
            if answer.status_code != httpx.codes.OK:
                name = f"{name} {answer.json()['code']}"
            outcomes[name] += 1
            assert answer.status_code < AT_FAULT or answer.status_code == OF_TIME, (
                f"{answer.text}: {query[:2_000]}"
            )
    return outcomes


def _post(client: httpx.Client, query: str) -> httpx.Response:
    headers = {"Content-Type": "application/sparql-query"}
    content = query.encode("utf-8", "replace")
    return client.post("/sparql?timeout=1", content=content, headers=headers)
