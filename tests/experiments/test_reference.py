"""The report's experiment: its sentences say what the numbers say, whichever these are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.reference import rates
from mnist_core.experiments.reference.charts import coloured
from mnist_core.experiments.reference.found import SWEEP, WELL, Found, Recognised, gathered
from mnist_core.experiments.reference.page import About, figures, page
from mnist_core.experiments.reference.plan import CNN, FASTER, FEW, MANY, Plan, planned
from mnist_core.experiments.reference.sizes import course, statements
from mnist_core.experiments.reference.weights import (
    WeightPictures,
    in_a_grid,
    smoothness,
    weight_pictures,
)
from mnist_core.experiments.reference.weights_in_words import what_the_weights_show
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import Score
from mnist_core.figures import colours
from mnist_core.nn.builders import build_model
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Run
from tests.report.test_report import Parsed

PLAN = planned(50_000)
EPOCHS = 100
UP = np.linspace(0, 1, EPOCHS)


def made_up(
    config: TrainConfig,
    training: Sequence[float] | Array,
    validation: Sequence[float] | Array | None = None,
    *,
    status: str = "finished",
    loss: float = 0.1,
) -> Finished:
    """A run with these accuracies after its epochs."""
    both = zip(training, training if validation is None else validation, strict=True)
    history = tuple(
        EpochResult(epoch, loss, float(seen), loss, float(held_out), 0.1)
        for epoch, (seen, held_out) in enumerate(both, start=1)
    )
    return Finished(0, config, status, history=history)  # type: ignore[arg-type]


def said(few: Sequence[float] | Array, many: Sequence[float] | Array, gaps=(0.0, 0.0), faster=None):
    """The statements on runs with these validation accuracies, and gaps above them."""
    small, large = (
        course(made_up(PLAN.named[name], np.asarray(reached) + gap, reached), 10_000)
        for name, reached, gap in zip((FEW, MANY), (few, many), gaps, strict=True)
    )
    assert small and large
    return statements(small, large, faster)


def test_all_three_statements_may_be_supported() -> None:
    few, many = 0.75 + 0.05 * UP, 0.88 + 0.06 * UP
    faster = course(made_up(PLAN.named[FASTER], [1.0], [0.9]), 10_000)
    one, two, three = said(few, many, (0.1, 0.01), faster)
    assert [s.verdict for s in (one, two, three)] == ["supported"] * 3
    assert "10.0 points apart with 2,000 images and 1.0 point with 50,000" in one.words
    assert "as overfitting has it" in one.words and "with a gap of 10.0 points" in one.words
    assert "maximum is 94.0 % with 50,000 images and 80.0 % with 2,000" in two.words
    # 0.88 + 0.06 n / 99 is 0.9 at n = 33, which is epoch 34.
    assert "90 % is reached in epoch 34 with 50,000 images and in none of 100" in two.words
    assert "all 100 epochs of 2,000 images are 2,000 steps, as many as 4 epochs" in two.words
    # 0.05 / 99 and 0.06 / 99 an epoch.
    assert "+0.051 points an epoch with 2,000 images, and by +0.061 points" in three.words
    assert "One is 1.2 times the other" in three.words


def test_all_three_statements_may_be_refuted() -> None:
    few, many = 0.85 + 0.1 * UP, 0.9 - 0.02 * UP
    one, two, three = said(few, many, (0.0, 0.08))
    assert [s.verdict for s in (one, two, three)] == ["refuted", "supported in part", "refuted"]
    assert "not overfitted yet" in one.words
    assert "Only 2,000 images still climb" in three.words
    assert said(few, many - 0.05)[1].verdict == "refuted"
    assert "climb 5 times as fast" in said(0.5 + 0.1 * UP, 0.8 + 0.02 * UP)[2].words


def test_what_may_be_chance_decides_nothing() -> None:
    one, two, three = said(0.8 + 0 * UP, 0.8 + 0 * UP)
    assert (one.verdict, two.verdict) == ("not decided", "not decided")
    assert three.verdict == "supported" and "Neither climbs any more" in three.words


def test_validation_above_training_is_not_called_overfitting() -> None:
    one, *_ = said(0.84 + 0 * UP, 0.93 + 0 * UP, (-0.05, 0))
    assert one.verdict == "supported" and "That is no overfitting" in one.words


def swept(values: Mapping[tuple[str, float], object], *, seeds: int = 2) -> list[Score]:
    """The sweep with these accuracies at the end; "diverged" or "still" for one that failed."""
    found = []
    for one in PLAN.sweep:
        value = values.get((one.settings["reduction"], one.settings["learning_rate"]), 0.5)
        runs = []
        for config in one.configs[:seeds]:
            if value == "diverged":
                runs.append(made_up(config, [0.3], status="diverged"))
            elif value == "still":
                runs.append(made_up(config, [0.1], loss=2.3))
            else:
                runs.append(made_up(config, [value]))  # type: ignore[list-item]
        found.append(Score(replace(one, configs=one.configs[:seeds]), tuple(runs)))
    return found


def sentences(values: dict, own: Sequence[float] | Array = (0.905, 0.94)) -> str:
    report = made_up(PLAN.named[MANY], own)
    return " ".join(rates.sentences(swept(values), report)).replace("**", "")


def test_a_sum_is_a_mean_with_the_batch_size_times_the_rate() -> None:
    words = sentences({("sum", 1e-4): 0.905, ("mean", 0.01): 0.906, ("mean", 1e-4): "still"})
    assert "is what 0.01 is as a mean" in words
    assert "In 24 of 26 pairs" in words
    assert "ends at 90.5 % after 20 epochs if the gradients of a batch are summed" in words
    assert "and at 10.0 % if they are averaged" in words
    assert "can have been a good and a bad rate" in words


def test_curves_that_are_not_the_same_are_not_called_so() -> None:
    rate_of_sum = {("sum", rates.rate_of(s)): 0.8 for s in rates.of_reduction(swept({}), "sum")}
    words = sentences(rate_of_sum | {("mean", 1e-4): 0.8})
    assert "so the two curves are not the same one, moved" in words
    assert "does not explain why the report names it twice" in words


def test_rates_that_diverge_stand_still_or_are_thrown_off_are_named() -> None:
    words = sentences(
        {("sum", 1.0): "diverged", ("sum", 1e-6): "still", ("mean", 100.0): "still",
         ("mean", 1.0): 0.97, ("sum", 0.01): 0.96}
    )  # fmt: skip
    assert "Stands still: summed 0.000001." in words
    assert "Diverges: summed 1." in words
    assert "Thrown off to no better than guessing: mean 100." in words
    assert "the best of 13 rates is 0.01, with 96.0 % in validation" in words
    assert "No rate diverges" not in words and "No rate diverges" in sentences({})


def test_where_all_rates_diverge_no_best_one_is_named() -> None:
    every = {(s.candidate.settings["reduction"], rates.rate_of(s)): "diverged" for s in swept({})}
    words = sentences(every)
    assert "With summed gradients no rate went well with every seed" in words
    assert "can't be compared here" in words
    assert rates.best_rates(swept(every)) == {"sum": None, "mean": None}
    assert rates.best_rates(swept({("sum", 0.01): 0.9}))["sum"] == 0.01


def test_what_the_report_reached_is_looked_for_among_all_settings() -> None:
    words = sentences({("sum", 3e-4): 0.94, ("mean", 0.1): 0.907, ("sum", 0.1): 0.85})
    assert "90 to 91 %: its own setting in epoch 1 and after 20 epochs mean 0.1" in words
    assert "94 %: its own setting in epoch 2 and after 20 epochs summed 0.0003" in words
    assert "80 to 90 %: after 20 epochs summed 0.1" in words
    assert "94 %: no setting here" in sentences({}, own=[0.5])


def of_weights(name: str, initial: float, blank: float) -> WeightPictures:
    pictures = np.random.default_rng(0).normal(size=(64, 28, 28))
    return WeightPictures(name, pictures, initial, 100, blank, 0.1)


def test_pictures_of_chance_are_told_from_those_that_are_not() -> None:
    called = {MANY: "the large run", WELL: "the good one"}
    *_, noise = what_the_weights_show(
        [of_weights(MANY, 0.9, 0.1), of_weights(WELL, 0.05, 0.0)], called
    )
    assert "mostly the random numbers that training began with (90 %, against 5 %" in noise
    *_, other = what_the_weights_show(
        [of_weights(MANY, 0.1, 0.0), of_weights(WELL, 0.2, 0.1)], called
    )
    assert "that is not what made them hard to read" in other


def test_weights_that_never_moved_are_all_initial(small: Dataset) -> None:
    config = TrainConfig(hidden=(4,), train_size=200, seed=5)
    run = Run(config, small)
    new = weight_pictures("new", config, run.model, small.train)
    assert new.initial_share == pytest.approx(1)
    assert abs(new.smoothness) < 0.1
    assert new.blank_pixels == int((~run.train.images.any(axis=0)).sum()) > 0
    other = build_model(**config.network, rng=np.random.default_rng(9))
    assert weight_pictures("other", config, other, small.train).initial_share < 0.01


def test_smooth_pictures_are_smooth_and_constant_ones_have_no_correlation() -> None:
    slope = np.add.outer(np.arange(28.0), np.arange(28.0))
    assert smoothness(np.array([slope, -slope])) > 0.99
    assert smoothness(np.ones((2, 28, 28))) == 0


def test_colours_are_centred_at_zero() -> None:
    values = np.array([[-1.0, 0.0, 0.5, np.nan]])
    (negative, zero, half, gap) = coloured(values, 1.0)[0].tolist()
    as_text = "#{:02x}{:02x}{:02x}".format
    assert (as_text(*negative[:3]), negative[3]) == (colours.NEGATIVE, 255)
    assert (as_text(*half[:3]), half[3]) == (colours.POSITIVE, 128)
    assert zero[3] == 0 and gap[:3] == [128, 128, 128]
    assert in_a_grid(np.zeros((9, 28, 28))).shape == (58, 238)


def found(plan: Plan = PLAN, *, status: str = "finished") -> Found:
    """Made-up results of a whole experiment."""
    runs = {name: made_up(config, [0.5, 0.93]) for name, config in plan.named.items()}
    runs[FEW] = made_up(plan.named[FEW], [0.4], status=status)
    scored = swept({})
    runs |= {SWEEP: scored[0].runs[0], WELL: runs["adam"]}
    tests = {name: Recognised(9000, 10_000) for name in (MANY, WELL, CNN)}
    weights = (of_weights(MANY, 0.9, 0.1), of_weights(WELL, 0.1, 0.0))
    return Found(plan, runs, tuple(scored), tests, weights, 10_000)


ABOUT = About("1 May 2026", "Python 3, NumPy 2", "report --out <a>", "MNIST")


def test_the_page_is_well_formed_and_asks_nothing_of_any_network() -> None:
    parsed = Parsed(page(found(), ABOUT))
    assert len(parsed.all("h1")) == 1 and len(parsed.all("h2")) == 6
    assert len(parsed.all("caption")) == len(parsed.all("table"))
    assert all(chart["aria-label"] for chart in parsed.all("svg") if chart.get("role") == "img")
    for _, attributes in parsed.found:
        for name in ("src", "href", "srcset", "action"):
            assert str(attributes.get(name) or "data:").startswith("data:")
        assert str(attributes.get("fill") or "").removeprefix("url(#scale-").find("url(") == -1
    assert not parsed.all("script")
    identifiers = [attributes["id"] for _, attributes in parsed.found if "id" in attributes]
    assert len(identifiers) == len(set(identifiers)) == 2
    assert "report --out <a>" in parsed.text


def test_every_figure_is_an_svg_of_its_own() -> None:
    drawn = figures(found())
    assert len(drawn) == 7
    for chart in drawn.values():
        ElementTree.fromstring(chart)


def test_a_report_run_that_diverged_leaves_its_statements_unjudged() -> None:
    words = Parsed(page(found(status="diverged"), ABOUT)).text
    assert "The run with 2,000 images diverged after 1 epoch." in words
    assert "statements can't be judged" in words and "statements on overfitting" not in words


def test_a_page_without_any_network_says_so() -> None:
    words = Parsed(page(replace(found(), tests={}, weights=()), ABOUT)).text
    assert "no network was tested" in words and "no weights to show" in words


def test_a_run_that_failed_is_told_and_not_judged(small: Dataset, tmp_path) -> None:
    plan = planned(600, quick=True)
    failed = Finished(0, plan.configs[0], "failed", "there is not enough memory")
    with pytest.raises(ValueError, match="1 of 1 runs failed, .*: there is not enough memory"):
        gathered(plan, [failed], KeptRuns(tmp_path, small), small)


def test_the_full_plan_has_the_rates_of_six_decades_and_the_quick_one_less() -> None:
    for reduction, low in (("sum", 1e-6), ("mean", 1e-4)):
        tried = [
            one.settings["learning_rate"]
            for one in PLAN.sweep
            if one.settings["reduction"] == reduction
        ]
        assert len(tried) == 13 and tried == sorted(tried)
        assert (tried[0], tried[-1]) == (low, pytest.approx(low * 1e6))
    assert all(len(one.configs) == 3 for one in PLAN.sweep)
    quick = planned(50_000, quick=True)
    assert len(quick.configs) < len(PLAN.configs) / 3
    with pytest.raises(ValueError, match="at least 200 training images, not 150"):
        planned(150)
