"""A link to a step of a run leads to what is still kept, and the page says if that is another."""

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from tests.runs.tools import wait_without_process
from tests.ui.test_backprop_link import address

PAGES = "backprop", "evaluate"


@pytest.fixture(scope="module")
def thinned_run(kept_pool: LocalPool) -> RunHandle:
    config = TrainConfig(hidden=(8,), epochs=1, train_size=800, batch_size=50)
    handle = kept_pool.start(config)
    handle.wait_for(lambda view: view.ended, timeout=60)
    wait_without_process(kept_pool, handle)
    handle.snapshots.forget_after(4)
    return handle


@pytest.fixture
def run(thinned_run: RunHandle, shown_pool: LocalPool) -> RunHandle:
    """A run of 16 steps that keeps none between the 4th and the last."""
    return thinned_run


def opened(page: str, run: RunHandle, step: str) -> AppTest:
    app = AppTest.from_string(f"import ui.{page}.page\nui.{page}.page.page()", default_timeout=60)
    app.query_params["run"], app.query_params["network"] = run.id, "run"
    app.query_params["step"] = step
    return looked_at(app)


def looked_at(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> list[str]:
    return [one.value for one in app.caption if "the nearest that is kept" in one.value]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("step", "nearest"), [("5", 4), ("10", 4), ("11", 16)])
def test_a_step_that_is_no_longer_kept_leads_to_the_nearest_that_is(
    run: RunHandle, page: str, step: str, nearest: int
) -> None:
    app = opened(page, run, step)
    for _ in ("at first", "when it is looked at again"):
        assert said(app) == [
            f"Step {step} of your run is not kept: the nearest that is kept is step {nearest}."
        ]
        assert not app.warning
        assert address(app)["step"] == str(nearest)
        looked_at(app)


@pytest.mark.parametrize("page", PAGES)
def test_of_a_step_that_is_kept_nothing_is_said(run: RunHandle, page: str) -> None:
    app = opened(page, run, "4")
    assert said(app) == [] and not app.warning
    assert address(app)["step"] == "4"


@pytest.mark.parametrize("page", PAGES)
def test_the_newest_weights_are_nobodys_nearest(run: RunHandle, page: str) -> None:
    app = opened(page, run, "5")
    app.button(key=f"{page}_newest").click()
    looked_at(app)
    assert said(app) == [] and address(app)["step"] == "16"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("step", ["17", "-1", "NaN", "9" * 5_000])
def test_what_is_no_step_of_the_run_is_refused(run: RunHandle, page: str, step: str) -> None:
    app = opened(page, run, step)
    (warning,) = app.warning
    assert "a whole number from 0 to 16" in warning.value
    assert said(app) == [] and address(app)["step"] == "16"
