"""Settings that are known to work, by name."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.training.config import TrainConfig
from mnist_core.training.settings import SETTINGS

# Recipes, chosen on validation images. The report's own network is the 64 sigmoid units with
# summed gradients and the rate 0.0001 of its section 3.
_REPORT = TrainConfig(
    activation="sigmoid",
    optimizer="sgd",
    learning_rate=0.0001,
    reduction="sum",
    schedule="constant",
    batch_size=100,
    epochs=100,
)
_MLP_BEST = TrainConfig(
    optimizer="adam",
    learning_rate=0.004,
    batch_size=128,
    epochs=40,
    augmentation=AUGMENTATIONS["mild"],
    ema_decay=0.999,
)
_CNN = TrainConfig(model="cnn", initialisation="he", threads=2)
_BEST = replace(
    _CNN,
    channels=(16, 32),
    dense=(128,),
    learning_rate=0.15,
    weight_decay=5e-5,
    batch_size=128,
    epochs=12,
    augmentation=AUGMENTATIONS["affine"],
    ema_decay=0.99,
)
# What they are called where there is room for more than a word.
PRESET_LABELS = {
    "quick-and-good": "Quick and good",
    "report-2000": "The report's network (2,000 images)",
    "report-50000": "The report's network (50,000 images)",
    "mlp-best": "MLP, best",
    "first-light": "CNN, first light",
    "quick": "CNN, quick",
    "good": "CNN, good",
    "best": "CNN, best",
    "handwriting": "CNN for anybody's handwriting (minutes)",
    "mlp-handwriting": "MLP for anybody's handwriting (minutes)",
}
PRESETS: dict[str, TrainConfig] = {
    "quick-and-good": TrainConfig(epochs=5),
    "report-2000": replace(_REPORT, train_size=2000),
    "report-50000": _REPORT,
    "mlp-best": _MLP_BEST,
    "first-light": replace(_CNN, momentum=0.85, learning_rate=0.15, epochs=1),
    "quick": replace(_CNN, momentum=0.85, learning_rate=0.25, batch_size=128, epochs=4),
    "good": replace(
        _CNN,
        channels=(16, 32),
        kernel_sizes=(3, 3),
        dense=(64,),
        learning_rate=0.15,
        batch_size=128,
        epochs=8,
        augmentation=AUGMENTATIONS["affine"],
        ema_decay=0.99,
    ),
    "best": _BEST,
    # The shipped networks: they must read anybody's drawings, with any pen.
    "handwriting": replace(
        _BEST,
        dropout=0.2,
        epochs=50,
        augmentation=AUGMENTATIONS["handwriting"],
        strokes=0.2,
        ema_decay=0.998,
    ),
    "mlp-handwriting": replace(
        _MLP_BEST, epochs=100, augmentation=AUGMENTATIONS["mild handwriting"], strokes=0.3
    ),
}


def nearest_preset(config: TrainConfig) -> tuple[str, dict[str, Any]]:
    """The recipe that the fewest settings differ from, and those, by name, as `config` has them.

    Settings that this kind of network, or its optimizer, does not use are left out.
    """
    values = vars(config)
    used = {
        name: values[name]
        for name, row in SETTINGS.items()
        if all(values[other] in choices for other, choices in row.belongs_to.items())
    }
    found = {preset: used.items() - vars(base).items() for preset, base in PRESETS.items()}
    nearest = min(found, key=lambda preset: len(found[preset]))
    different = dict(found[nearest])
    return nearest, {name: value for name, value in used.items() if name in different}


@lru_cache(1024)  # a list of runs asks for those of each again
def in_few_words(config: TrainConfig) -> str:
    """The settings as the nearest recipe and what differs from it: "quick, epochs 2, seed 7"."""
    preset, differences = nearest_preset(config)
    words = []
    for name, value in differences.items():
        row = SETTINGS[name]
        typed = row.as_typed(value) or "none"
        words.append(f"{name.replace('_', ' ')} {typed if row.can_be_typed(value) else 'its own'}")
    return ", ".join([preset, *words])
