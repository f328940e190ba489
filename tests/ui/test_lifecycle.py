"""A run from the queue to its end, as the pages tell of it: waiting, stopping, rewinding, ills."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.commands import Pause, Stop
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.status import why_waiting
from mnist_core.training.config import TrainConfig
from tests.ui.tools import again

PAGE = "import ui.{0}.page\nui.{0}.page.page()"
LONG = TrainConfig(hidden=(8,), epochs=1000)
SMALL = TrainConfig(hidden=(8,), epochs=3, train_size=1_000, batch_size=50)


def opened(page: str, run: RunHandle) -> AppTest:
    app = AppTest.from_string(PAGE.format(page))
    app.query_params["run"] = run.id
    return again(app)


def pressed(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return again(app)


def told(app: AppTest) -> str:
    return " ".join(info.value for info in app.info)


def warnings(app: AppTest) -> list[str]:
    said = [piece.proto.body for piece in app.get("html")]  # pyright: ignore[reportAttributeAccessIssue]
    return [words for words in said if 'class="warning"' in words]


def status(app: AppTest) -> str:
    return app.get("progress")[0].proto.text  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunHandle]:
    """A run that waits for another one's place."""
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1)) as pool:
        monkeypatch.setattr("ui.session.pool", lambda: pool)
        first = pool.start(LONG)
        first.wait_for(lambda view: view.seconds_left is not None, timeout=60)
        yield pool.start(LONG)


@pytest.mark.parametrize("page", ["train", "weights"])
def test_a_run_that_waits_says_why_and_how_long(waiting: RunHandle, page: str) -> None:
    app = opened(page, waiting)
    assert (
        "Another run trains on this server now. Visitors take turns: it starts by itself in about"
        in told(app)
    )
    assert "Press Start" not in told(app)


def test_the_run_is_chosen_on_the_weights_page_before_its_first_step(waiting: RunHandle) -> None:
    app = opened("weights", waiting)
    assert app.segmented_control(key="weights_network").value == "run"


def test_how_long_a_run_waits_is_left_out_where_it_is_not_known() -> None:
    assert why_waiting(1, 0, None).endswith("when a place is free.")
    assert why_waiting(2, 3, 41.7).endswith("in about 42 s.")


@pytest.fixture
def learning(pool: LocalPool) -> RunHandle:
    """A run that goes on for long."""
    handle = pool.start(LONG)
    handle.wait_for(lambda view: view.step > 0, timeout=60)
    return handle


def test_stop_answers_at_once_however_long_the_run_takes_to_end(learning: RunHandle) -> None:
    app = opened("train", learning)
    process = learning.process_id
    assert process is not None
    os.kill(process, signal.SIGSTOP)  # it can't obey now
    try:
        pressed(app, "stop")
        assert status(app).startswith("Stopping")
        assert app.button(key="stop").disabled and app.button(key="pause").disabled
    finally:
        os.kill(process, signal.SIGCONT)
    learning.wait_for(lambda view: view.ended, timeout=60)
    assert status(again(app)).startswith("Stopped")
    assert app.button(key="pause").label == "Go on"


def test_a_run_that_was_stopped_before_its_first_step_offers_no_going_on(pool: LocalPool) -> None:
    handle = pool.start(SMALL, paused=True)
    handle.send(Stop())
    handle.wait_for(lambda view: view.ended, timeout=60)
    app = opened("train", handle)
    assert (app.button(key="pause").label, app.button(key="pause").disabled) == ("Pause", True)


def test_rewind_asks_where_work_would_be_lost(
    learning: RunHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.train.controls.WORTH_ASKING", 0.0)
    learning.send(Pause())
    step = learning.wait_for(lambda view: view.status == "paused", timeout=60).step
    app = pressed(opened("train", learning), "rewind")
    assert any("Rewind deletes" in caption.value for caption in app.caption)
    assert app.button(key="rewind").label == "Keep"  # what a second click would do
    pressed(app, "rewind")
    assert learning.peek().step == step and app.button(key="rewind").label == "Rewind"
    pressed(app, "rewind")
    assert app.button(key="batch").label == "Rewind"
    pressed(app, "batch")
    learning.wait_for(lambda view: view.status == "paused" and view.step == 0, timeout=60)


def test_rewind_does_not_ask_for_a_moments_work(learning: RunHandle) -> None:
    learning.send(Pause())
    learning.wait_for(lambda view: view.status == "paused", timeout=60)
    pressed(opened("train", learning), "rewind")
    learning.wait_for(lambda view: view.status == "paused" and view.step == 0, timeout=60)


def test_a_run_that_diverges_is_told_on_the_train_page_and_cured_by_one_click(
    pool: LocalPool,
) -> None:
    config = TrainConfig(hidden=(64, 64), learning_rate=30.0, train_size=2_000, schedule="constant")
    handle = pool.start(config)
    assert handle.wait_for(lambda view: view.ended, timeout=60).status == "diverged"
    app = opened("train", handle)
    assert status(app).startswith("Diverged") and "Diverging" in warnings(app)[0]
    assert not app.error
    pressed(app, "remedy")
    cured = pool.get("".join(app.query_params["run"]))
    assert cured is not None and cured.config.learning_rate < 1
    view = cured.wait_for(lambda view: view.ended, timeout=60)
    assert view.status == "finished" and view.results[-1].validation_accuracy > 0.8


def test_a_dead_network_is_told_so_on_the_train_page_once(pool: LocalPool) -> None:
    handle = pool.start(
        TrainConfig(learning_rate=3.0, epochs=3, train_size=2_000, schedule="constant")
    )
    handle.wait_for(lambda view: view.ended, timeout=60)
    (warning,) = warnings(opened("train", handle))
    assert "answer to no image" in warning and "Lower the learning rate" in warning


def test_a_healthy_run_is_not_even_measured(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = pool.start(SMALL)
    handle.wait_for(lambda view: view.ended, timeout=60)
    monkeypatch.setattr("ui.diagnosing.activities", lambda *_: pytest.fail("it was measured"))
    assert not warnings(opened("train", handle))
