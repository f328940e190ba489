"""Several runs in one chart: over epochs and seconds, without anybody's words in it."""

import pytest

from mnist_core.training.run import EpochResult
from ui.charts.runs_figure import look_of, runs_figure, runs_in_words

FAST = [EpochResult(n, 1, 0.5, 1 / n, 0.9 + n / 100, 0.5) for n in (1, 2, 3)]
SLOW = [EpochResult(n, 1, 0.5, 2 / n, 0.8 + n / 100, 4.0) for n in (1, 2)]
DIVERGED = [*SLOW, EpochResult(3, 1, 0.5, float("nan"), 0.1, 4.0)]


def test_curves_are_drawn_over_epochs_and_over_seconds() -> None:
    fast, slow = runs_figure([FAST, SLOW], "accuracy", "epochs")["data"]
    assert (fast["x"], fast["y"]) == ([1, 2, 3], [91, 92, 93])
    assert (slow["x"], slow["y"]) == ([1, 2], [81, 82])
    fast, slow = runs_figure([FAST, SLOW], "loss", "seconds")["data"]
    assert (fast["x"], fast["y"]) == ([0.5, 1.0, 1.5], [1, 0.5, 0.3333])
    assert (slow["x"], slow["y"]) == ([4, 8], [2, 1])


def test_a_loss_that_is_no_number_ends_its_curve() -> None:
    (curve,) = runs_figure([DIVERGED], "loss", "epochs")["data"]
    assert (curve["x"], curve["y"]) == ([1, 2], [2, 1])


def test_each_of_eight_runs_has_a_look_of_its_own_and_its_letter_at_its_end() -> None:
    figure = runs_figure([FAST] * 8, "accuracy", "epochs")
    looks = {(one["line"]["color"], one["line"]["dash"]) for one in figure["data"]}
    letters = [one["text"] for one in figure["layout"]["annotations"]]
    assert len(looks) == 8 and letters == list("ABCDEFGH")


@pytest.mark.parametrize("measure", ["accuracy", "loss"])
def test_a_run_without_an_epoch_is_said_and_not_drawn(measure) -> None:
    figure = runs_figure([[], FAST], measure, "epochs")
    assert figure["data"][0]["x"] == [] and len(figure["layout"]["annotations"]) == 1
    assert "A no epoch yet; B " in runs_in_words([[], FAST], measure)


def test_a_piece_of_a_dashed_line_is_a_background_that_repeats() -> None:
    assert look_of(1).line == (
        "repeating-linear-gradient(90deg,transparent 0px 0px,#d55e00 0px 8px,"
        "transparent 8px 12px,#d55e00 12px 12px)"
    )
