"""The settings of a run: what is refused, what older files say, and how long checking takes."""

import pytest

from mnist_core.paths import MODELS_FOLDER
from mnist_core.training.checkpoint import load_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS


def test_the_former_name_of_ema_decay_in_a_file_is_understood():
    settings = PRESETS["best"].to_dict()
    settings["average"] = settings.pop("ema_decay")
    assert TrainConfig.from_dict(settings) == PRESETS["best"]
    assert "average" in settings  # the caller's own dict stays as it was


def test_both_names_of_ema_decay_at_once_are_refused():
    with pytest.raises(ValueError, match="unknown settings: average"):
        TrainConfig.from_dict({"ema_decay": 0.9, "average": 0.99})


@pytest.mark.parametrize(("name", "ema_decay"), [("mlp", 0.999), ("cnn", 0.995)])
def test_the_settings_in_the_shipped_networks_are_understood(name, ema_decay):
    settings = load_checkpoint(MODELS_FOLDER / f"{name}.npz").config
    assert TrainConfig.from_dict(settings).ema_decay == ema_decay
