"""The pages without a browser: what a first visitor finds, and what Start begins."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.local import LocalPool

APP = str(Path(__file__).parents[2] / "app.py")
DRAW = """
import ui.draw.page
ui.draw.page.page()
"""


def opened(app: AppTest) -> AppTest:
    app.run(timeout=30)
    assert not app.exception
    return app


def test_a_first_visitor_is_told_to_press_start(pool: LocalPool) -> None:
    app = opened(AppTest.from_file(APP))
    assert "learn to read digits" in app.title[0].value
    assert app.button(key="start").label == "Start"
    keys = {button.key for button in app.button}
    assert not keys & {"pause", "batch", "epoch", "stop", "rewind"}  # nothing else to press


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({}, "Not started. Press Start: 5 epochs of 50,000 images."),
        ({"preset": "first-light"}, ": 1 epoch of 50,000 images."),
        ({"epochs": "1000", "train_size": "2000", "batch_size": "32"}, "1,000 epochs of 2,000"),
    ],
)
def test_before_the_start_it_is_told_how_much_there_is_to_do_with_the_chosen_settings(
    pool: LocalPool, link: dict[str, str], words: str
) -> None:
    app = AppTest.from_file(APP)
    app.query_params.update(link)
    bar = opened(app).get("progress")[0]
    assert words in bar.proto.text and "second" not in bar.proto.text


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
    assert "After epoch 2" in " ".join(piece.proto.body for piece in app.get("html"))
    assert app.button(key="start").label == "Start a new run"


def test_a_blank_canvas_is_no_digit(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(DRAW))
    assert any("Draw a digit" in html.proto.body for html in app.get("html"))


def test_the_networks_picture_comes_before_the_charts_that_keep_a_browser_busy(
    pool: LocalPool,
) -> None:
    app = AppTest.from_file(APP).run(timeout=30)
    assert not app.get("plotly_chart")
    app.run(timeout=30)
    assert len(app.get("plotly_chart")) == 2
