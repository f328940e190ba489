"""Links that hold settings: what is written can be read, and what can't be set is refused."""

from dataclasses import replace

import pytest

from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.settings import SETTINGS
from tests.other_settings import OTHERS
from ui.links import PARAMETERS, Choice, link_to_run


@pytest.mark.parametrize("name", PRESETS)
def test_the_link_of_a_recipe_leads_back_to_it(name: str) -> None:
    choice = Choice.of_recipe(name)
    assert choice.config() == PRESETS[name]
    assert Choice.from_parameters(choice.parameters) == choice
    assert not choice.changed


@pytest.mark.parametrize("recipe", PRESETS)
@pytest.mark.parametrize("name", OTHERS)
def test_the_link_of_a_changed_setting_leads_back_to_the_same_run(recipe: str, name: str) -> None:
    link, value = OTHERS[name]
    model = {"model": SETTINGS[name].model} if SETTINGS[name].model else {}
    choice = Choice.from_parameters({"preset": recipe} | model | link)
    again = Choice.from_parameters(choice.parameters)
    assert again.config() == choice.config()
    assert getattr(again.config(), name) == value


def test_a_link_holds_the_recipe_and_what_differs_from_it_alone() -> None:
    best = Choice.of_recipe("best")
    changed = Choice("best", {**best.values, "epochs": 3, "units1": 9, "channels2": 8})
    assert changed.parameters == {
        "preset": "best",
        "convolutions": "2",
        "channels1": "16",
        "channels2": "8",
        "epochs": "3",
    }
    assert Choice.of_recipe("quick-and-good").parameters == {}


@pytest.mark.parametrize(
    ("link", "named", "possible"),
    [
        ({"preset": "beste"}, "preset=beste", "quick-and-good, report-2000"),
        ({"model": "rnn"}, "model=rnn", "mlp, cnn"),
        ({"learning_rate": "0.123"}, "learning_rate=0.123", "1e-05 to 8, the nearest 0.1 and 0.15"),
        ({"learning_rate": "fast"}, "learning_rate=fast", "54 values from 1e-05 to 8"),
        ({"momentum": "0.905"}, "momentum=0.905", "0 to 0.99, the nearest 0.9 and 0.91"),
        ({"momentum": "nan"}, "momentum=nan", "0 to 0.99"),
        ({"batch_size": "7"}, "batch_size=7", "the nearest 5 and 10"),
        ({"epochs": "0"}, "epochs=0", "a whole number from 1 to 10000"),
        ({"epochs": "2.5"}, "epochs=2.5", "a whole number from 1 to 10000"),
        ({"layers": "4"}, "layers=4", "a whole number from 1 to 3"),
        ({"units1": ""}, "units1=", "a whole number from 1 to 1024"),
        ({"threads": "3"}, "threads=3", "1, 2"),
        ({"augmentation": "wild"}, "augmentation=wild", "none, affine, mild"),
        ({"seed": "9" * 5000}, "seed=99", "a whole number from 0 to 4294967295"),
        ({"activation": "`relu"}, "activation='relu", "relu"),
    ],
)
def test_a_value_that_cannot_be_set_is_refused_with_those_that_can(
    link: dict[str, str], named: str, possible: str
) -> None:
    with pytest.raises(ValueError) as refused:
        Choice.from_parameters(link)
    assert f"`{named}" in str(refused.value) and possible in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "link", [{"channels1": "8"}, {"layers": "1", "units2": "8"}, {"preset": "best", "units1": "8"}]
)
def test_a_setting_of_another_network_is_refused(link: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"`{list(link)[-1]}`, which its network does not have"):
        Choice.from_parameters(link)


def test_settings_that_make_no_network_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="kernel size"):
        Choice.from_parameters({"preset": "quick", "convolutions": "1", "kernel1": "28"})


def test_every_widget_of_the_table_has_a_parameter() -> None:
    for preset in PRESETS:
        assert Choice.of_recipe(preset).values.keys() <= PARAMETERS.keys()


def test_a_link_to_a_run_leads_to_the_train_page_with_its_settings_and_nothing_else() -> None:
    address = "http://example.org:8501/?epochs=3&run=old#there"
    usual, changed = PRESETS["quick-and-good"], replace(PRESETS["best"], epochs=3)
    assert link_to_run(address, "abc", Choice.of_run(usual)) == "http://example.org:8501/?run=abc"
    settings = Choice.of_run(changed)
    watch = "http://example.org:8501/?run=abc&preset=best&epochs=3"
    assert link_to_run(address, "abc", settings) == watch
    assert link_to_run(address, "abc", settings, command_key="key") == watch + "&command=key"


@pytest.mark.parametrize("name", PRESETS)
def test_the_settings_of_a_run_are_those_of_its_recipe(name: str) -> None:
    assert Choice.of_run(PRESETS[name]) == Choice.of_recipe(name)


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(learning_rate=0.0371),
        replace(PRESETS["best"], dense=(64, 32)),
    ],
)
def test_settings_that_no_widget_can_have_are_in_no_link(config: TrainConfig) -> None:
    assert Choice.of_run(config) is None
