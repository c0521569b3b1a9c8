"""Answerers: the functions that answer the saved questions for which a query is not enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from kg.answer.asking.certificates import certificate_verdicts
from kg.answer.asking.completion import completion_dates
from kg.answer.asking.hindsight import (
    what_changed,
    what_was_believed,
    what_was_corrected,
    what_was_true,
)
from kg.answer.asking.hits import whom_it_hits
from kg.answer.asking.lateorders import why_order_is_late
from kg.answer.asking.mending import best_repairs, ids_without_partner
from kg.answer.asking.notesays import contradicting_notes
from kg.answer.asking.planninganswers import (
    jobs_that_cannot_start,
    what_blocks_it,
    what_runs_next,
    what_to_stage_now,
    who_can_take_over,
)
from kg.answer.asking.staleruns import stale_runs
from kg.answer.asking.traceanswers import unused_of_batch, where_chain_breaks
from kg.answer.flow.asked import (
    dark_steps,
    processes_to_connect,
    single_points,
    where_facts_arise,
)

if TYPE_CHECKING:
    from kg.answer.answers import Answers
    from kg.answer.asking.given import Given

Row: TypeAlias = dict[str, str]
"""Column → short id, label or plain literal; a cell without a value is absent."""
Answerer: TypeAlias = Callable[["Answers", "Given", datetime], list[Row]]

ANSWERERS: Mapping[str, Answerer] = {
    "best_repairs": best_repairs,
    "certificate_verdicts": certificate_verdicts,
    "completion_dates": completion_dates,
    "contradicting_notes": contradicting_notes,
    "dark_steps": dark_steps,
    "ids_without_partner": ids_without_partner,
    "jobs_that_cannot_start": jobs_that_cannot_start,
    "processes_to_connect": processes_to_connect,
    "single_points": single_points,
    "stale_runs": stale_runs,
    "unused_of_batch": unused_of_batch,
    "what_blocks_it": what_blocks_it,
    "what_changed": what_changed,
    "what_runs_next": what_runs_next,
    "what_to_stage_now": what_to_stage_now,
    "what_was_believed": what_was_believed,
    "what_was_corrected": what_was_corrected,
    "what_was_true": what_was_true,
    "where_chain_breaks": where_chain_breaks,
    "where_facts_arise": where_facts_arise,
    "who_can_take_over": who_can_take_over,
    "whom_it_hits": whom_it_hits,
    "why_order_is_late": why_order_is_late,
}
"""By the name that ``computed`` has in a question's header; rows come in a fixed order."""
