"""What flows.yml may say, and that whatever else stands in it is an error with file and line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from kg import vocab
from kg.answer.flow.declared import LATE_AFTER_MINUTES, MOST_BYTES, MOST_STEPS, load_declared
from kg.errors import MappingError
from kg.settings import Plant, SourceSettings, TableSettings

BASE = "https://plant.example/"
BAD = sorted((Path(__file__).parent / "flows" / "bad").iterdir())
GOOD = """\
late_after_minutes: 7.5
steps:
  slip:
    label: "Slip \\"A\\" \\\\ of the store"
    process: material issue
    medium: paper
    by: hand
    who: [P03, P04]
    times_per_day: 20
    latency_minutes: 240
    carries: [job-batch, job-machine]
    passes_to: [booking, board]
  booking:
    carries: [job-batch]
    recorded_in: [shop.run, elsewhere.stock]
    passes_to: slip          # the paper goes back: a circle
  board:
    carries: job-machine
"""


def plant_of(folder: Path) -> Plant:
    table = TableSettings(name="run", mapping="run.yml", key=("id",), file="run.csv")
    source = SourceSettings(name="shop", adapter="files", tables=(table,))
    return Plant(name="Test", base=BASE, sources=(source,), path=folder / "plant.toml")


def write(folder: Path, text: str) -> Plant:
    (folder / "flows.yml").write_text(text, encoding="utf-8")
    return plant_of(folder)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_what_cannot_be_is_told_with_its_line(case: Path) -> None:
    message, hint = (case / "error").read_text(encoding="utf-8").splitlines()
    with pytest.raises(MappingError) as found:
        load_declared(plant_of(case))
    assert found.value.message.startswith(f"{case / 'flows.yml'}:{message}")
    assert hint in found.value.hint


def test_there_are_cases() -> None:
    assert len(BAD) >= 20


def test_a_plant_without_the_file_declares_nothing(tmp_path: Path) -> None:
    declared = load_declared(plant_of(tmp_path))
    assert (declared.file, declared.steps) == (None, {})
    assert declared.late_after_minutes == LATE_AFTER_MINUTES


def test_steps_are_read_as_they_are_written(tmp_path: Path) -> None:
    declared = load_declared(write(tmp_path, GOOD))
    assert declared.late_after_minutes == Fraction(15, 2)
    slip, booking, board = declared.steps.values()
    assert (slip.line, booking.line) == (4, 14)
    assert slip.label == 'Slip "A" \\ of the store'
    assert (slip.medium, slip.handover, slip.people) == ("paper", "hand", ("P03", "P04"))
    assert (slip.times_per_day, slip.latency_minutes) == (20, 240)
    assert slip.passes_to == ("booking", "board")
    assert [place[:2] for place in booking.recorded_in] == [("shop", "run"), ("elsewhere", "stock")]
    assert board.carries == ("job-machine",)


def test_a_step_is_told_as_one_in_the_graph_is(tmp_path: Path) -> None:
    rows = list(load_declared(write(tmp_path, GOOD)).rows(BASE))
    slip = f"<{BASE}flow-step/slip>"
    onward = {(row["link"], row["next"]) for row in rows if row["step"] == slip and "next" in row}
    assert onward == {
        (vocab.code("link", "job-batch"), f"<{BASE}flow-step/booking>"),
        (vocab.code("link", "job-machine"), f"<{BASE}flow-step/board>"),
    }
    head = rows[0]
    assert head["label"] == '"Slip \\"A\\" \\\\ of the store"'
    assert head["times"] == f'"20"^^<{vocab.XSD}decimal>'
    assert {row["person"] for row in rows if "person" in row} == {
        f"<{BASE}person/P03>",
        f"<{BASE}person/P04>",
    }


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    assert len(load_declared(write(tmp_path, GOOD)).steps) == 3
    assert len(load_declared(write(tmp_path, "steps:\n  one:\n    carries: job-spec\n")).steps) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#" * (MOST_BYTES + 1), "is too large"),
        ("steps: " + "[" * 20_000, "nested too deep"),
        (
            "steps:\n" + "".join(f"  s{n}: {{carries: job-spec}}\n" for n in range(MOST_STEPS + 1)),
            "are too many",
        ),
        (
            "steps:\n  one:\n    carries: &a [job-spec]\n    who: [*a, *a]\n",
            "here must stand one value",
        ),
        ("steps: &s\n  one:\n    carries: *s\n", "here must stand one value"),
    ],
    ids=["too large", "too deep", "too many", "aliases", "an alias of itself"],
)
def test_a_file_made_to_hurt_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        load_declared(write(tmp_path, text))
