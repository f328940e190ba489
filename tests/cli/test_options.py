"""The options of `train`: one for every setting in the table, and what its help says."""

import argparse

import pytest

from mnist_core.cli.main import COMMANDS, parser
from mnist_core.cli.parser import given_settings
from mnist_core.training.config import TrainConfig
from mnist_core.training.settings import SETTINGS
from tests.other_settings import OTHERS


def typed(value: object) -> str:
    """A value as a person types it."""
    if isinstance(value, tuple):
        return ",".join(str(number) for number in value)
    return str(value)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_an_option_that_its_help_explains(name, capsys):
    row = SETTINGS[name]
    value = OTHERS[name][1]
    text = next((word for word, named in row.named.items() if named == value), typed(value))
    for flag in row.flags:
        assert given_settings(parser().parse_args(["train", flag, text])) == {name: value}
    with pytest.raises(SystemExit):
        parser().parse_args(["train", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert row.explanation in words
    for choice in row.choices:
        assert choice in words


def test_without_options_there_are_the_defaults_alone():
    assert given_settings(parser().parse_args(["train"])) == {}


@pytest.mark.parametrize(("text", "units"), [("0", ()), ("", ()), ("64", (64,)), ("9,8", (9, 8))])
def test_no_dense_layer_can_be_typed_as_on_the_page(text, units):
    assert parser().parse_args(["train", "--dense", text]).dense == units


def test_the_help_names_limits_and_defaults(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["train", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "A recipe: its values take the place of the defaults below" in words
    assert "Only for the model cnn. A number for each convolution, as 5,5. Default: 5,5." in words
    assert "From 1 to 10000. Default: 10." in words  # epochs
    assert (
        "Only for the model mlp. A number for each hidden layer, as 64 or 128,64. Default: 64."
        in words
    )
    assert f"Default: {TrainConfig().learning_rate}." in words
    assert "--ema-decay NUMBER, --average NUMBER" in words


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_option_names_its_default(command):
    below = argparse.ArgumentParser()
    for made in parser()._actions:
        if isinstance(made, argparse._SubParsersAction):
            below = made.choices[command]
    options = [made for made in below._actions if made.option_strings and made.dest != "help"]
    for option in options:
        assert "Default: " in (option.help or ""), option.option_strings
