"""Networks on the Evaluate page: their temperature, those that can't answer, and runs."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import load_model
from mnist_core.data.mnist import Dataset
from mnist_core.evaluation.answers import answers_of
from mnist_core.evaluation.calibration import (
    at_temperature,
    cross_fitted,
    fit_temperature,
    reliability,
)
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from mnist_core.words import percent
from tests.ui.test_evaluate_page import done, looked_at, opened, text, untrained
from tests.ui.test_evaluate_page import few as few
from ui.evaluate.page import LOOKS

# ---- temperature --------------------------------------------------------------------------------


def test_a_shipped_networks_temperatures_are_from_the_other_half(few: Dataset) -> None:
    said = text(opened(look="Confidence", network="mlp", against="none"))
    answers = answers_of(load_model("mlp"), few.test)
    after, (one, other) = cross_fitted(answers)
    error = percent(reliability(after.confidence, after.right).error)
    assert f"after temperature scaling {error} (T = {one:.2f} and {other:.2f}: each half" in said


@pytest.mark.parametrize("images", ["test", "validation"])
def test_another_networks_temperature_is_from_validation_images_unless_they_are_judged(
    few: Dataset, images: str
) -> None:
    network = untrained()
    said = text(
        opened(network, look="Confidence", network="loaded_0", against="none", images=images)
    )
    if images == "validation":
        assert "each half of the images has the T that suits the other half" in said
        return
    validation, test = (answers_of(network, split) for split in (few.validation, few.test))
    temperature = fit_temperature(validation.logits, validation.labels)
    after = at_temperature(test, temperature)
    error = percent(reliability(after.confidence, after.right).error)
    assert f"{error} (T = {temperature:.2f}, from the validation images)" in said


# ---- networks that can't answer, and runs -------------------------------------------------------


@pytest.mark.parametrize("against", ["none", "mlp"])
@pytest.mark.parametrize("look", LOOKS)
def test_a_network_without_finite_answers_gets_a_sentence(
    few: Dataset, look: str, against: str
) -> None:
    diverged = load_model("mlp")
    diverged.parameters.flat[-1] = np.nan
    app = opened(diverged, look=look, network="loaded_0", against=against)
    (error,) = app.error
    assert "Loaded: n0.npz can't be judged" in error.value


def test_a_run_before_its_first_weights_is_not_there_yet(few: Dataset, pool: LocalPool) -> None:
    config = TrainConfig(hidden=(8,), epochs=1_000, train_size=1_000)
    handles = [pool.start(config) for _ in range(pool.settings.trainings + 1)]
    assert handles[-1].peek().status == "queued"
    app = opened(run=handles[-1].id)
    assert app.segmented_control(key="evaluate_network").options == ["MLP", "CNN"]
    assert "● CNN" in text(app)
    (warning,) = opened(run=handles[-1].id, network="run").warning
    assert "`network=run` (possible: mlp, cnn)" in warning.value


@pytest.fixture(scope="module")
def ended_run(kept_pool: LocalPool) -> RunHandle:
    config = TrainConfig(hidden=(8,), epochs=2, train_size=200, batch_size=50)
    handle = kept_pool.start(config)
    handle.wait_for(lambda view: view.ended, timeout=60)
    return handle


@pytest.fixture
def run(few: Dataset, ended_run: RunHandle, shown_pool: LocalPool) -> RunHandle:
    """A run that has ended, on a server with few images."""
    return ended_run


@pytest.mark.parametrize("look", LOOKS)
def test_a_run_that_has_ended_is_judged_first(few: Dataset, run: RunHandle, look: str) -> None:
    app = done(opened(run=run.id, look=look))
    assert "● Your run, at step 8, finished" in text(app)
    assert "● MLP" in text(app)
    assert "evaluate_newest" not in [button.key for button in app.button]
    snapshot = run.peek().snapshot
    assert snapshot is not None
    accuracy = answers_of(snapshot.network(run.peek().config), few.test).accuracy
    assert f"{percent(accuracy)} right" in text(app)


def test_the_weights_of_a_run_that_goes_on_are_held_until_others_are_taken(
    few: Dataset, pool: LocalPool
) -> None:
    def judged_step(app: AppTest) -> int:
        said = re.search(r"Your run, at step ([\d,]+), still training", text(app))
        assert said is not None
        return int(said[1].replace(",", ""))

    handle = pool.start(TrainConfig(hidden=(8,), epochs=1_000))
    handle.wait_for(lambda view: view.snapshot is not None, timeout=60)
    app = opened(run=handle.id)
    held = judged_step(app)
    newer = handle.wait_for(
        lambda view: view.snapshot is not None and view.snapshot.step > held, timeout=60
    )
    assert judged_step(looked_at(app)) == held
    app.button(key="evaluate_newest").click()
    assert newer.snapshot is not None
    assert judged_step(looked_at(app)) >= newer.snapshot.step
