from __future__ import annotations

import pytest

from bench.lift import microbatch
from kg.lift import Lifter
from kg.settings import load_source


def test_a_batch_is_what_the_mapping_says_and_takes_time() -> None:
    latency = microbatch.measure_latency(batches=3)
    assert 0 < latency.p50_ms <= latency.p95_ms < latency.first_ms


def test_a_wrong_fact_is_noticed() -> None:
    lifter = Lifter(load_source(microbatch.HERE), microbatch.BASE)
    (facts,) = lifter.lift([microbatch._event(0, 0)]).facts
    lifter.close()
    microbatch.check_facts([facts])
    with pytest.raises(ValueError, match="row 0 became"):
        microbatch.check_facts([facts[:-1]])
    s, p, o = facts[7]
    with pytest.raises(ValueError, match="row 0 became"):
        microbatch.check_facts([[*facts[:7], (s, p, o.upper()), *facts[8:]]])
