"""Curves of a run: what is drawn, where the axis ends, and what is said of it."""

from typing import Any

import pytest

from mnist_core.runs.numbers import BatchPoint
from mnist_core.training.run import EpochResult
from tests.ui.tools import with_plain_spaces
from ui.charts import learning
from ui.charts.learning import (
    Measure,
    OtherRun,
    lasting_changes,
    learning_curves,
    learning_in_words,
)
from ui.charts.learning_figure import learning_figure
from ui.charts.ranges import points_beyond, y_range


def results(*accuracies: float, losses: tuple[float, ...] = ()) -> list[EpochResult]:
    losses = losses or tuple(1 - accuracy for accuracy in accuracies)
    return [
        EpochResult(epoch, loss, accuracy, loss, accuracy, 1.0)
        for epoch, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True), start=1)
    ]


def batches(*accuracies: float, of: int = 1) -> list[BatchPoint]:
    """Points of `of` batches each, ten batches an epoch."""
    return [
        BatchPoint(of * number, of, 1 - accuracy, accuracy)
        for number, accuracy in enumerate(accuracies, start=1)
    ]


def drawn(measure: Measure, *arguments: Any, **options: Any) -> dict[str, Any]:
    return learning_figure(
        measure, learning_curves(measure, *arguments, **options), epochs=10, revision="a"
    )


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (trace for trace in figure["data"] if trace["name"] == name)
    return found


def test_the_line_of_batches_is_thinned_by_averages() -> None:
    line = [BatchPoint(step, 1, float(step % 2), 0.5) for step in range(1, 1001)]
    faint = learning_curves("loss", [], line, 100)[0]
    assert 75 <= len(faint.y) <= 150
    assert set(faint.y) == {0.5}  # leaving out points would have left zeros or ones


def test_a_mean_stands_in_the_middle_of_its_batches() -> None:
    assert learning_curves("loss", [], batches(0.5, 0.6, of=10), 10)[0].x == [0.55, 1.55]


def test_the_last_epochs_mark_is_whole() -> None:
    figure = drawn("accuracy", results(*[0.9] * 10), [], 10)
    _, end = figure["layout"]["xaxis"]["range"]
    narrowest = 140  # pixels of the axis
    assert (end - 10) / end * narrowest > trace(figure, "validation")["marker"]["size"] / 2


def test_the_axis_follows_92_to_99_percent() -> None:
    curves = learning_curves("accuracy", results(0.92, 0.97, 0.99), [], 10)
    low, high = y_range("accuracy", curves)
    assert low == 90 and 100 < high < 101


def test_everything_is_in_sight_until_the_first_epoch_has_ended() -> None:
    line = batches(0.1, 0.5, 0.95)
    for measure in ("accuracy", "error", "loss"):
        curves = learning_curves(measure, [], line, 10)
        assert points_beyond(measure, curves, y_range(measure, curves)) == []


def test_the_first_points_are_marked_where_the_axis_has_left_them_and_the_error_shows_them() -> (
    None
):
    run = results(0.95, 0.98), batches(0.1, 0.5, *[0.96] * 18), 10
    curves = learning_curves("accuracy", *run)
    (mark,) = points_beyond("accuracy", curves, y_range("accuracy", curves))
    assert (mark.x, mark.above) == (0.1, False)
    assert mark.words == "training, batch by batch: 10.00\N{NO-BREAK SPACE}% at epoch 0.1"
    assert trace(drawn("accuracy", *run), "beyond the axis")["marker"]["symbol"] == [
        "triangle-down"
    ]
    curves = learning_curves("error", *run)
    assert points_beyond("error", curves, y_range("error", curves)) == []


@pytest.mark.parametrize("spike", [8.0, 1e9])
def test_one_spike_does_not_flatten_the_loss_for_ever(spike: float) -> None:
    losses = (0.5, 0.3, spike, 0.2, 0.18, 0.16)
    run = results(*[0.9] * 6, losses=losses), [], 10
    curves = learning_curves("loss", *run)
    low, high = y_range("loss", curves)
    assert low == 0 and 0.5 < high < 0.7
    marks = points_beyond("loss", curves, (low, high))
    assert [(mark.x, mark.y, mark.above) for mark in marks] == [(3, high, True)] * 2


def test_one_wild_batch_among_few_does_not_flatten_the_loss() -> None:
    run = results(0.9, losses=(0.5,)), batches(*[0.5] * 8, -1e36), 10
    curves = learning_curves("loss", *run)
    assert y_range("loss", curves)[1] < 0.6


def test_a_loss_that_stays_high_is_no_spike() -> None:
    curves = learning_curves("loss", results(*[0.5] * 4, losses=(0.5, 0.5, 4.0, 5.0)), [], 10)
    assert points_beyond("loss", curves, y_range("loss", curves)) == []


def test_no_error_at_all_lies_at_the_end_of_the_logarithmic_axis() -> None:
    figure = drawn("error", results(0.99, 1.0), [], 10)
    axis, line = figure["layout"]["yaxis"], trace(figure, "validation")
    assert axis["type"] == "log"
    assert line["y"] == [1, pytest.approx(10 ** axis["range"][0])]
    assert line["text"] == ["1.00\N{NO-BREAK SPACE}%", "0\N{NO-BREAK SPACE}%"]


def test_a_single_batch_is_a_point_that_can_be_read() -> None:
    faint = trace(drawn("accuracy", [], batches(0.09375), 10), learning.BATCHES)
    assert "markers" in faint["mode"] and "hoverinfo" not in faint
    assert faint["text"] == ["9.38\N{NO-BREAK SPACE}%"]


def test_a_run_of_one_epoch_that_is_laid_over_has_a_mark_and_says_how_it_stands() -> None:
    other = OtherRun("784-8-10", "diverged", "#123456", "□", results(0.9), diverged=True)
    figure = drawn("accuracy", results(0.92, 0.95), [], 10, [other])
    line = trace(figure, "784-8-10, diverged: validation")
    assert line["marker"]["symbol"] == "square-open" and line["line"]["dash"] == "dash"
    cross = trace(figure, "diverged")
    assert (cross["x"], cross["text"]) == ([1], ["diverged"])


def test_only_a_run_that_diverged_ends_with_a_cross() -> None:
    run = results(0.9), batches(*[0.9] * 12), 10
    assert [t["x"] for t in drawn("loss", *run, diverged=True)["data"] if t["name"] == "diverged"]
    assert "diverged" not in [t["name"] for t in drawn("loss", *run)["data"]]


def test_a_changed_learning_rate_is_marked_where_the_slider_came_to_rest() -> None:
    changes = [(500, 0.1), (501, 0.05), (502, 0.02), (800, 0.02), (900, 0.01)]
    assert lasting_changes(changes, 0.2, 1000) == [(502, 0.02), (900, 0.01)]
    curves = learning_curves("loss", [], [], 100)
    figure = learning_figure("loss", curves, epochs=10, revision="", rates=[(5.02, 0.02)])
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [5.02]
    assert [words["text"] for words in figure["layout"]["annotations"]] == ["rate 0.02"]


def test_words_say_what_the_chart_shows() -> None:
    other = OtherRun("CNN 5x5x8", "finished", "#123456", "◇", results(0.9996))
    curves = learning_curves("accuracy", results(0.92, 0.9841), batches(0.5), 10, [other])
    assert with_plain_spaces(learning_in_words("accuracy", curves)) == (
        "accuracy over epochs: training 92.00 % after epoch 1, 98.41 % after epoch 2; "
        "validation 92.00 % after epoch 1, 98.41 % after epoch 2; "
        "CNN 5x5x8, finished: validation 99.96 % after epoch 1; "
        "training, batch by batch: 50.00 % at last"
    )
    nothing = learning_in_words("loss", learning_curves("loss", [], [], 10, diverged=True))
    assert nothing == "loss over epochs: no epoch has ended yet; the run diverged"
