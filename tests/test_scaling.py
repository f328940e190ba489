"""The simulation of many visitors agrees with what can be worked out by hand."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def scaling() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "scaling.py"))


def test_one_who_draws_alone_waits_for_no_more_than_the_answer(scaling: dict[str, Any]) -> None:
    habits, rng = scaling["Habits"](), np.random.default_rng(0)
    p95 = scaling["pen_p95"](1, 1, 0.010, habits, rng)
    assert 0.018 < p95 < 0.023  # e^(0.5 · 1.645 - 0.125) = 2.0 times the mean


def test_more_front_ends_answer_sooner_and_a_full_one_late(scaling: dict[str, Any]) -> None:
    habits = scaling["Habits"]()
    waits = [
        scaling["pen_p95"](100, front_ends, 0.010, habits, np.random.default_rng(0))
        for front_ends in (1, 2, 4)
    ]
    assert waits == sorted(waits, reverse=True)
    # A server that is never idle answers 100 a second: 400 messages take 4 s, of which 1.5 rest.
    assert waits[0] == pytest.approx((4 - 1.5) / 4, rel=0.25)


def test_runs_wait_as_long_as_the_formula_for_one_place_says(scaling: dict[str, Any]) -> None:
    habits = scaling["Habits"](trainings_an_hour=3600 / 30, training_seconds=15.0)
    waited = scaling["start_p95"](1, 1, habits, np.random.default_rng(0))
    # M/M/1 at half load: P(wait > t) = 0.5 e^(-t / 30).
    assert waited == pytest.approx(30 * np.log(0.5 / 0.05), rel=0.15)
