from __future__ import annotations

from pathlib import Path

import pytest

from bench.expected import Counts, expected_counts

TABLES = {
    "machine": "id,name,area\nM1,Mill,A\n",
    "customer": "id,name,country\nC1,Buyer,NO\n",
    "part": "id,rev,material,tol\nP1,A,42CrMo4,0.1\n",
    "batch": "id,material,heat,supplier\nB1,42CrMo4,H1,S1\n",
    "order": "id,customer,due\nO1,C1,2026-01-01\n",
    "job": "id,order,part,qty,status,batch\nJ1,O1,P1,5,done,B1\nJ2,,,5,running,\nJ3,,,5,planned,\n",
    "operation": "id,job,seq,machine,start,end,good\n"
    "J1-10,J1,1,M1,2026-01-01T00:00:00,2026-01-01T01:00:00,5\n"
    "J1-20,J1,2,M1,2026-01-01T01:00:00,,5\n"
    "J2-10,J2,1,,2026-01-01T02:00:00,,5\n",
}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_counts_follow_from_the_cells_that_are_filled(tables: Path) -> None:
    assert expected_counts(tables) == Counts(
        records=11,
        facts=(4 + 3 + 9 + 5 + 6) + (11 + 4 + 4) + (10 + 9 + 8),
        # J1 ran twice on one machine, and its second run has not ended.
        links={"runningOn": 1, "forCustomer": 1, "presumedSpec": 1, "consumes": 1, "madeOn": 1},
        # J2 has begun and has nothing; J3 is only planned and owes nothing yet.
        gaps={"customer": 1, "spec": 1, "batch": 1, "machine": 1},
    )
