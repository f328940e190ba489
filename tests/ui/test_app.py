"""The pages without a browser: what a first visitor finds, and what settings come to."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESET_LABELS, PRESETS
from mnist_core.training.settings import SETTINGS
from tests.other_settings import OTHERS
from ui import settings as controls

APP = str(Path(__file__).parents[2] / "app.py")
DRAW = """
import ui.draw.page
ui.draw.page.page()
"""


@pytest.fixture
def chosen(pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> list[controls.Settings]:
    """What the widgets of the Train page said, at each run of the page."""
    said = []

    def settings(*arguments: Any) -> controls.Settings:
        said.append(controls.settings(*arguments))
        return said[-1]

    monkeypatch.setattr("ui.train.page.settings", settings)
    return said


def opened(app: AppTest) -> AppTest:
    app.run(timeout=30)
    assert not app.exception
    return app


def test_a_first_visitor_is_told_to_press_start(pool: LocalPool) -> None:
    app = opened(AppTest.from_file(APP))
    assert app.title[0].value == "Train"
    assert app.button(key="start").label == "Start"
    for name in ("pause", "batch", "epoch", "stop", "rewind"):
        assert app.button(key=name).disabled


def test_start_begins_a_run_with_the_settings_on_the_page(pool: LocalPool) -> None:
    app = opened(AppTest.from_file(APP))
    app.number_input(key="epochs").set_value(2)
    app.select_slider(key="train_size").set_value(200)
    app.number_input(key="units1").set_value(7)
    app.button(key="start").click()
    opened(app)
    handle = pool.get("".join(app.query_params["run"]))
    assert handle is not None
    config = handle.watch().config
    assert (config.hidden, config.epochs, config.train_size) == ((7,), 2, 200)
    view = handle.wait_for(lambda view: view.ended, timeout=60)
    assert view.status == "finished" and len(view.results) == 2
    opened(app)
    assert "After epoch 2" in " ".join(caption.value for caption in app.caption)
    assert app.button(key="start").label == "Start a new run"


def test_a_recipe_sets_every_widget(pool: LocalPool) -> None:
    app = opened(AppTest.from_file(APP))
    app.selectbox(key="preset").set_value("report-2000")
    opened(app)
    assert app.number_input(key="epochs").value == 100
    assert app.select_slider(key="learning_rate").value == 0.0001
    assert app.selectbox(key="reduction").value == "sum"
    assert app.selectbox(key="activation").value == "sigmoid"


def test_a_blank_canvas_is_no_digit(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(DRAW))
    assert any("Draw a digit" in html.proto.body for html in app.get("html"))


@pytest.mark.parametrize("name", PRESETS)
def test_every_recipe_can_be_set_with_the_widgets(
    chosen: list[controls.Settings], name: str
) -> None:
    app = opened(AppTest.from_file(APP))
    app.selectbox(key="preset").set_value(name)
    opened(app)
    assert chosen[-1].config == PRESETS[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_on_the_page_explained_and_in_the_link(
    chosen: list[controls.Settings], name: str
) -> None:
    link, value = OTHERS[name]
    app = AppTest.from_file(APP)
    for key, said in link.items():
        app.query_params[key] = said
    opened(app)
    assert SETTINGS[name].explanation in [caption.value for caption in app.caption]
    assert SETTINGS[name].link_key in "".join(link)
    assert getattr(chosen[-1].config, name) == value != getattr(TrainConfig(), name)


def test_every_recipe_of_the_command_line_has_a_label_on_the_page() -> None:
    assert set(PRESET_LABELS) == set(PRESETS)


def test_a_summary_names_the_network_and_how_it_learns() -> None:
    words = controls.run_summary(TrainConfig(hidden=(64, 32), activation="relu", seed=3))
    assert "784-64-32-10 relu" in words and "nesterov 0.1" in words and "seed 3" in words
    cnn = controls.run_summary(TrainConfig(model="cnn", dense=(128,)))
    assert "CNN 5x5x8 · 5x5x16 · dense 128" in cnn
