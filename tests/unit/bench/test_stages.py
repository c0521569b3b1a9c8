from __future__ import annotations

import pytest

from bench.stages import growth


@pytest.mark.parametrize("power", [0, 1, 2])
def test_growth_is_the_exponent_of_a_power_law(power: int) -> None:
    sizes = [1_000, 3_000, 10_000]
    assert growth(sizes, [7e-4 * size**power for size in sizes]) == pytest.approx(power)


def test_growth_of_noisy_seconds_is_the_least_squares_line_through_their_logarithms() -> None:
    # Slopes between the three points are 1 and 2; the middle one has no weight at equal steps.
    assert growth([1, 10, 100], [1, 10, 1_000]) == pytest.approx(1.5)


def test_one_size_has_no_growth() -> None:
    assert growth([1_000], [3.0]) is None
    assert growth([1_000, 1_000], [3.0, 4.0]) is None


def test_a_stage_too_short_for_the_clock_still_has_a_growth() -> None:
    assert growth([10, 100], [0.0, 0.0]) == pytest.approx(0)
