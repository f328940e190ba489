"""The Weights page without a browser: the gallery, a unit, units that are off, a run's moments."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.jobs.local import LocalPool, PoolSettings

WEIGHTS = """
import ui.pages.weights
ui.pages.weights.page()
"""
ONE_UNIT = """
from ui.session import shipped
from ui.unit_panels import Looked, one_unit
one_unit(Looked("{network}", "a network", shipped("{network}")), 3)
"""


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPool]:
    """A server's runs, kept in a folder of the test's own and ended with it."""
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        monkeypatch.setattr("ui.session.pool", lambda: pool)
        yield pool


def opened(app: AppTest) -> AppTest:
    app.run(timeout=60)
    assert not app.exception
    return app


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_the_shipped_network_is_shown_and_measured_at_once(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    assert "64 hidden units" in captions(app)
    assert "dead" in captions(app)


@pytest.mark.parametrize("sort", ["importance", "digit", "similarity", "activity"])
def test_the_tiles_can_be_sorted(pool: LocalPool, sort: str) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.selectbox(key="weights_sort").set_value(sort)
    opened(app)
    assert ("Importance on 10,000" in captions(app)) == (sort == "importance")


def test_units_that_are_switched_off_change_the_accuracy(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.segmented_control(key="panel").set_value("Switch off")
    opened(app)
    app.multiselect(key="off_mlp").set_value(list(range(60)))
    opened(app)
    before, after = app.dataframe[0].value.iloc[0, 1:], app.dataframe[0].value.iloc[1, 1:]
    assert np.mean(after) < np.mean(before) - 20
    app.button[-1].click()
    opened(app)
    assert app.multiselect(key="off_mlp").value == []


def test_the_pruning_curve_is_drawn_on_demand(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.segmented_control(key="panel").set_value("Pruning")
    opened(app)
    app.button(key="ask_pruned_mlp").click()
    opened(app)
    assert "less than one percentage point below" in captions(app)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_a_chosen_unit_is_shown_with_images_and_accuracy_without_it(
    pool: LocalPool, network: str
) -> None:
    app = opened(AppTest.from_string(ONE_UNIT.format(network=network)))
    assert app.subheader[0].value.endswith(" 3")
    assert any("Without it" in text.value for text in app.markdown)
    app.button(key=f"switch_{network}").click()
    opened(app)
    assert app.button(key=f"switch_{network}").label.startswith("Switch on")


@pytest.mark.parametrize("panel", ["What excites them", "Feature maps"])
def test_the_panels_of_the_cnn_can_be_opened(pool: LocalPool, panel: str) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.segmented_control(key="weights_of").set_value("cnn")
    opened(app)
    app.segmented_control(key="panel").set_value(panel)
    opened(app)
    if panel == "What excites them":
        app.button(key="ask_exciting_cnn").click()
        opened(app)
        assert not app.info
