"""The settings of the next run on the Train page: what widgets, marks and the address say."""

from collections.abc import Mapping
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
KINDS = ("selectbox", "button_group", "slider", "select_slider", "number_input")


@pytest.fixture
def chosen(pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> list[controls.Settings]:
    """What the widgets of the Train page said, at each run of the page."""
    said = []

    def settings_panel(*arguments: Any) -> controls.Settings:
        said.append(controls.settings_panel(*arguments))
        return said[-1]

    monkeypatch.setattr("ui.train.page.settings_panel", settings_panel)
    return said


def page(link: Mapping[str, Any] | None = None) -> AppTest:
    """The page as a new visitor finds it at that link."""
    app = AppTest.from_file(APP)
    for key, said in (link or {}).items():
        app.query_params[key] = said
    return shown(app)


def shown(app: AppTest) -> AppTest:
    app.run(timeout=30)
    assert not app.exception
    return app


def explanations(app: AppTest) -> list[Any]:
    """What widgets explain by focus or touch."""
    return [widget.help for kind in KINDS for widget in app.get(kind)]


def said(app: AppTest) -> str:
    """The words beside the settings."""
    return " ".join(element.value for element in [*app.markdown, *app.warning])


def doors(app: AppTest) -> list[str]:
    """The words on the buttons that open something."""
    return [block.proto.popover.label for block in app.get("popover")]


def pictures(app: AppTest) -> list[str]:
    return [html.proto.body for html in app.get("html") if "variations" in html.proto.body]


@pytest.mark.parametrize("name", PRESETS)
def test_a_copied_link_trains_the_chosen_recipe(chosen: list[controls.Settings], name: str) -> None:
    app = page()
    app.selectbox(key="preset").set_value(name)
    shown(app)
    assert chosen[-1].config == PRESETS[name]
    page(app.query_params)
    assert chosen[-1].config == PRESETS[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_on_the_page_explained_and_in_the_link(
    chosen: list[controls.Settings], name: str
) -> None:
    link, value = OTHERS[name]
    app = page(link)
    config = chosen[-1].config
    assert SETTINGS[name].explanation in explanations(app)
    assert getattr(config, name) == value != getattr(TrainConfig(), name)
    page(app.query_params)
    assert chosen[-1].config == config


def test_a_recipe_sets_every_widget(pool: LocalPool) -> None:
    app = page()
    app.selectbox(key="preset").set_value("report-2000")
    shown(app)
    assert app.number_input(key="epochs").value == 100
    assert app.select_slider(key="learning_rate").value == 0.0001
    assert app.selectbox(key="reduction").value == "sum"
    assert app.selectbox(key="activation").value == "sigmoid"


def test_what_differs_from_the_recipe_is_marked_until_one_goes_back_to_it(
    chosen: list[controls.Settings],
) -> None:
    app = page({"preset": "good"})
    assert "Settings" in doors(app) and "All as in the recipe." in said(app)
    app.number_input(key="epochs").set_value(3)
    app.number_input(key="channels2").set_value(8)
    shown(app)
    assert "Settings · ✎ 2 changed" in doors(app)
    assert "✎ Changed: Convolutions, Epochs." in said(app)
    assert app.number_input(key="epochs").label == "Epochs ✎ changed from 8"
    assert app.number_input(key="channels2").label == "Filters in 2 ✎ changed from 32"
    assert app.number_input(key="channels1").label == "Filters in 1"
    app.button(key="back_to_recipe").click()
    shown(app)
    assert chosen[-1].config == PRESETS["good"] and "Settings" in doors(app)
    assert app.number_input(key="epochs").value == 8


def test_a_layer_more_and_another_kind_of_network_come_into_the_link(
    chosen: list[controls.Settings],
) -> None:
    app = page()
    app.button_group(key="layers").set_value(2)
    shown(app)
    assert chosen[-1].config == TrainConfig(epochs=5, hidden=(64, 64))
    assert app.number_input(key="units2").label.endswith("✎ changed")
    app.button_group(key="model").set_value("cnn")
    shown(app)
    assert chosen[-1].config == TrainConfig(epochs=5, model="cnn")
    link = {key: "".join(said) for key, said in app.query_params.items()}
    assert link == {"preset": "quick-and-good", "model": "cnn"}
    app.button_group(key="model").set_value("mlp")
    shown(app)
    assert chosen[-1].config == TrainConfig(epochs=5, hidden=(64, 64))


def test_a_link_that_cannot_be_set_is_refused_as_a_whole(
    chosen: list[controls.Settings],
) -> None:
    app = page({"preset": "best", "epochs": "3", "learning_rate": "0.123"})
    assert chosen[-1].config == PRESETS["quick-and-good"]
    assert app.query_params == {}
    assert "`learning_rate=0.123`" in said(app) and "0.1 and 0.15" in said(app)
    assert "**Quick and good**" in said(app)
    shown(app)
    assert "not used" in said(app)  # it stays until the settings are another matter
    app.selectbox(key="preset").set_value("good")
    assert "not used" not in said(shown(app))


def test_a_refused_link_is_forgotten_with_the_first_change(pool: LocalPool) -> None:
    app = page({"threads": "3"})
    assert "`threads=3`" in said(app)
    app.number_input(key="epochs").set_value(4)
    assert "not used" not in said(shown(app))


def test_a_parameter_that_is_no_setting_is_said(chosen: list[controls.Settings]) -> None:
    app = page({"epoch": "3", "batch_size": "32"})
    assert chosen[-1].config == TrainConfig(epochs=5, batch_size=32)
    assert "`epoch`" in said(app)


def test_settings_that_make_no_network_are_in_the_link_and_refused_there_too(
    chosen: list[controls.Settings],
) -> None:
    app = page({"preset": "quick"})
    app.number_input(key="kernel1").set_value(28)
    shown(app)
    assert chosen[-1].config is None and "kernel size" in chosen[-1].problem
    assert "kernel size" in said(page(app.query_params))


def test_an_address_that_a_browser_sends_too_late_takes_nothing_back(
    chosen: list[controls.Settings],
) -> None:
    app = page({"epochs": "3"})
    late = dict(app.query_params)
    app.number_input(key="epochs").set_value(4)
    shown(app)
    app.query_params.clear()
    for key, value in late.items():
        app.query_params[key] = value
    shown(app)
    assert chosen[-1].config == TrainConfig(epochs=4)
    assert "".join(app.query_params["epochs"]) == "4"


def test_pictures_are_shown_as_variations_only_where_something_varies(pool: LocalPool) -> None:
    assert pictures(page()) == []
    (varied,) = pictures(page({"augmentation": "mild"}))
    assert varied.count("<img") == 1 + controls.PREVIEWS


def test_every_recipe_of_the_command_line_has_a_label_on_the_page() -> None:
    assert set(PRESET_LABELS) == set(PRESETS)


def test_a_summary_names_the_network_and_how_it_learns() -> None:
    words = controls.run_summary(TrainConfig(hidden=(64, 32), activation="relu", seed=3))
    assert "784-64-32-10 relu" in words and "nesterov 0.1" in words and "seed 3" in words
    cnn = controls.run_summary(TrainConfig(model="cnn", dense=(128,)))
    assert "CNN 5x5x8 · 5x5x16 · dense 128" in cnn
