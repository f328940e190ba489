"""Two kinds of training beside each other: what is made equal, what is said, what comes out."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.data.mnist import Dataset
from mnist_core.evaluation.scores import McNemar
from mnist_core.experiments.comparison import (
    Judged,
    Pair,
    aspects,
    common_start,
    compare,
    curve,
    differences,
    mean_curve,
)
from mnist_core.experiments.comparison_files import curves_chart, pair_row, write_comparison
from mnist_core.experiments.runner import Finished
from mnist_core.nn.builders import build_model
from mnist_core.nn.network import Sequential
from mnist_core.training.config import TrainConfig
from mnist_core.training.random_streams import INITIAL, random_stream
from mnist_core.training.run import EpochResult
from tests.experiments.test_runner import CONFIG, straight

PLAIN = replace(CONFIG, dropout=0.0, ema_decay=0.0)


def initial(config: TrainConfig) -> Sequential:
    """The network that a run begins with."""
    return build_model(**config.network, rng=random_stream(config.seed, INITIAL))


def all_of(comparison) -> tuple[list, list[Pair]]:
    """What a comparison yields, and what it returns."""
    yielded = []
    while True:
        try:
            yielded.append(next(comparison))
        except StopIteration as end:
            return yielded, end.value


def test_only_settings_that_are_used_differ() -> None:
    cnn = replace(PLAIN, model="cnn", optimizer="sgd", momentum=0.5, seed=8, threads=2)
    assert differences(PLAIN, cnn) == {
        "model": ("mlp", "cnn"),
        "hidden": ("8", "-"),
        "channels": ("-", "8+16"),
        "kernel_sizes": ("-", "5+5"),
        "dense": ("-", "none"),
        "optimizer": ("adam", "sgd"),
        "momentum": ("0.9", "-"),
    }
    assert differences(PLAIN, replace(PLAIN, seed=8, threads=2)) == {}


def test_layers_of_the_same_shape_begin_with_the_same_weights() -> None:
    first = replace(PLAIN, model="cnn", channels=(2, 3), kernel_sizes=(7, 3), dense=(4,))
    second = replace(first, kernel_sizes=(3, 3), dropout=0.5)
    parameters, said = common_start(first, second)
    model = initial(second)
    model.parameters.flat[...] = parameters
    named, theirs = model.parameters.named(), initial(first).parameters.named()
    # Dropout stands before each dense layer, so these have other numbers with it.
    assert said == [
        ("0.W", "A's are 2 x 1 x 7 x 7, B's are 2 x 1 x 3 x 3"),
        ("2.W", ""),
        ("6.W", "A's are 4 x 48, B's are 4 x 75"),
        ("9.W", ""),
    ]
    assert np.array_equal(named["2.W"], theirs["2.W"])
    assert np.array_equal(named["9.W"], theirs["7.W"])
    assert np.array_equal(named["0.W"], initial(second).parameters.named()["0.W"])


def test_weights_of_another_initialisation_or_another_depth_are_not_the_same() -> None:
    he = replace(PLAIN, initialisation="he")
    assert {why for _, why in common_start(PLAIN, he)[1]} == {"the initialisation is what differs"}
    deep = replace(PLAIN, hidden=(8, 10))  # its second layer is as large as the other's last
    assert common_start(PLAIN, deep)[1] == [
        ("0.W", ""), ("2.W", ""), ("4.W", "A has no such layer"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "not_the_same"),
    [
        ({"learning_rate": 0.1}, []),
        ({"batch_size": 10}, ["the batches"]),
        ({"train_size": 100}, ["training images, and their order in every epoch", "the batches"]),
        ({"strokes": 0.1}, ["training images, and their order in every epoch", "the batches"]),
        ({"dropout": 0.5}, ["which units dropout switches off"]),
        (
            {"augmentation": AUGMENTATIONS["mild"]},
            ["how each image is moved, turned and bent"],
        ),
    ],
)
def test_what_can_not_be_the_same_is_said(change: dict, not_the_same: list[str]) -> None:
    found = aspects(PLAIN, replace(PLAIN, **change))
    assert [aspect.words for aspect in found if not aspect.same] == not_the_same
    assert "validation and test images" in [aspect.words for aspect in found if aspect.same]


def test_both_sides_are_the_runs_of_train(small: Dataset) -> None:
    second = replace(PLAIN, learning_rate=0.03)
    yielded, pairs = all_of(compare(PLAIN, second, small, [5, 6]))
    assert sorted((side, run.config.seed) for side, run in yielded) == [
        ("first", 5), ("first", 6), ("second", 5), ("second", 6),
    ]  # fmt: skip
    assert [pair.seed for pair in pairs] == [5, 6]
    for pair in pairs:
        for judged, config in ((pair.first, PLAIN), (pair.second, second)):
            run = straight(replace(config, seed=pair.seed), small)
            assert list(judged.run.history) == run.history
            right = run.network().predict(small.test.images) == small.test.labels
            assert np.array_equal(judged.right, right)


def test_sides_that_differ_in_nothing_have_the_same_numbers(small: Dataset) -> None:
    _, (pair,) = all_of(compare(CONFIG, CONFIG, small, [1]))
    assert pair.first.run.history == pair.second.run.history
    assert pair.test.only_first == pair.test.only_second == 0 and pair.test.p_value == 1


def test_a_seed_that_diverged_on_one_side_is_left_out(small: Dataset) -> None:
    wild = replace(PLAIN, optimizer="sgd", learning_rate=100, reduction="sum")
    yielded, pairs = all_of(compare(PLAIN, wild, small, [1]))
    assert sorted((side, run.status) for side, run in yielded) == [
        ("first", "finished"), ("second", "diverged"),
    ]  # fmt: skip
    assert pairs == []


def judged(seconds: float, right: list[int], *accuracies: float) -> Judged:
    history = tuple(
        EpochResult(epoch, 1.0, 0.5, 1.5, share, seconds)
        for epoch, share in enumerate(accuracies, start=1)
    )
    return Judged(Finished(0, CONFIG, "finished", history=history), np.array(right, bool))


def pair() -> Pair:
    """Ten test images: both recognise 4, A alone 1, B alone 3, and neither 2."""
    first = judged(0.5, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0], 0.2, 0.4)
    second = judged(2.0, [1, 1, 1, 1, 0, 1, 1, 1, 0, 0], 0.6, 0.8)
    return Pair(3, first, second)


def test_a_pair_is_judged_by_mcnemars_exact_test() -> None:
    row = pair_row(pair())
    assert pair().test == McNemar(both=4, only_first=1, only_second=3, neither=2)
    assert (row["seed"], row["first_accuracy"], row["second_accuracy"]) == (3, 0.5, 0.7)
    assert row["difference"] == pytest.approx(0.2)
    # Of 4 images one of the two is right alone: 2 x (C(4, 0) + C(4, 1)) / 16.
    assert row["p_value"] == pytest.approx(10 / 16)
    # Wilson for 5 of 10: 0.5 -+ z sqrt(0.25 / 10 + z2 / 400) / (1 + z2 / 10), with z = 1.96.
    assert (row["first_low"], row["first_high"]) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert (row["first_seconds_per_epoch"], row["second_seconds_per_epoch"]) == (0.5, 2.0)


def test_curves_count_seconds_from_the_start_and_average_over_seeds() -> None:
    slow, fast = pair().second.run, judged(1.0, [1], 0.4, 0.6).run
    assert [(p.epoch, p.seconds, p.validation_accuracy) for p in curve(slow)] == [
        (1, 2.0, 0.6), (2, 4.0, 0.8),
    ]  # fmt: skip
    mean = mean_curve([slow, fast])
    assert [(p.epoch, p.seconds) for p in mean] == [(1, 1.5), (2, 3.0)]
    assert [p.validation_accuracy for p in mean] == pytest.approx([0.5, 0.7])


def test_the_axis_of_epochs_is_whole_before_any_epoch_has_ended() -> None:
    config = replace(CONFIG, epochs=40)
    sides = {side: [Finished(number, config, "unfinished")] for number, side in enumerate("AB")}
    assert ">40</text>" in curves_chart("epochs", sides)


def test_files_have_a_row_an_epoch_a_row_a_seed_and_two_charts(tmp_path: Path) -> None:
    write_comparison(tmp_path, [pair()])
    with open(tmp_path / "curves.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["side"], r["epoch"], r["seconds"]) for r in rows] == [
        ("A", "1", "0.5"), ("A", "2", "1.0"), ("B", "1", "2.0"), ("B", "2", "4.0"),
    ]  # fmt: skip
    assert len((tmp_path / "tests.csv").read_text().splitlines()) == 2
    for name, title in (("epochs", "epoch"), ("seconds", "seconds of training")):
        chart = (tmp_path / f"{name}.svg").read_text()
        assert f">{title}</text>" in chart
        assert "A ends at 40 on average" in chart and "B ends at 80 on average" in chart
