"""The settings of a run: what is refused, what older files say, and the table's rows."""

import tracemalloc
from dataclasses import fields

import pytest

from mnist_core.paths import MODELS_FOLDER
from mnist_core.training.checkpoint import load_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.settings import GROUPS, SETTINGS


def test_the_former_name_of_ema_decay_in_a_file_is_understood():
    settings = PRESETS["best"].to_dict()
    settings["average"] = settings.pop("ema_decay")
    assert TrainConfig.from_dict(settings) == PRESETS["best"]
    assert "average" in settings  # the caller's own dict stays as it was


def test_both_names_of_ema_decay_at_once_are_refused():
    with pytest.raises(ValueError, match="unknown settings: average"):
        TrainConfig.from_dict({"ema_decay": 0.9, "average": 0.99})


@pytest.mark.parametrize(("name", "ema_decay"), [("mlp", 0.999), ("cnn", 0.998)])
def test_the_settings_in_the_shipped_networks_are_understood(name, ema_decay):
    settings = load_checkpoint(MODELS_FOLDER / f"{name}.npz").config
    assert TrainConfig.from_dict(settings).ema_decay == ema_decay


def test_every_setting_has_one_row_in_the_table():
    rows = [row.name for group in GROUPS.values() for row in group]
    assert sorted(rows) == sorted(field.name for field in fields(TrainConfig))


@pytest.mark.parametrize("row", SETTINGS.values(), ids=lambda row: row.name)
def test_a_row_says_what_the_setting_means_and_what_it_may_be(row):
    assert row.label and row.explanation.endswith(".")
    assert row.limits or row.choices or row.named or row.offered
    if row.limits and row.offered and row.widget != "slider":
        assert row.limits[0] <= min(row.offered) and max(row.offered) <= row.limits[1]
    row.check(getattr(TrainConfig(), row.name))


def test_checking_the_largest_network_does_not_build_it():
    tracemalloc.start()
    try:
        TrainConfig(model="cnn", channels=(128,), kernel_sizes=(3,), dense=(1024,))  # 22 million
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000  # bytes; its parameters would take 88 million
