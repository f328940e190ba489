"""Settings as the reader sees them: widgets, their one-line explanations, and a link.
Every widget is bound to the page's address, so that a copied link restores the whole choice.
"""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from mnist_core.augment import AUGMENTATIONS
from mnist_core.layers import ACTIVATIONS
from mnist_core.models import MAX_HIDDEN_LAYERS, MAX_UNITS
from mnist_core.optim import OPTIMIZERS, SCHEDULES
from mnist_core.training import PRESETS, TrainConfig

LEARNING_RATES = [
    float(f"{digit}e{power}") for power in range(-5, 1) for digit in (1, 1.5, 2, 3, 4, 5, 6, 8)
]
BATCH_SIZES = [1, 2, 5, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000]
TRAIN_SIZES = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 40_000, 50_000]

PRESET_NAMES = {
    "quick-and-good": "Quick and good",
    "report-2000": "The report's network (2,000 images)",
    "report-50000": "The report's network (50,000 images)",
}
DEFAULT_PRESET = "quick-and-good"

EXPLANATIONS = {
    "preset": "A whole recipe at once; change anything below afterwards.",
    "layers": "How many layers of units lie between the pixels and the ten answers.",
    "units": "How many patterns the layer can look for, from 1 to 1,024.",
    "activation": "The curve that turns a unit's weighted sum into its answer.",
    "initialisation": "How wide the random weights spread before the first step.",
    "dropout": "Share of units switched off at random in each step, against learning by heart.",
    "optimizer": "How a gradient becomes a step: plain, with momentum, or scaled per weight.",
    "learning_rate": "How far each step goes. Too small is slow, too large explodes.",
    "learning_rate_now": "Used from the next step on; the schedule scales whatever it is.",
    "schedule": "How the learning rate changes from the first step to the last.",
    "momentum": "How much of the last step's direction the next one keeps.",
    "weight_decay": "A pull of every weight towards zero, against learning by heart.",
    "reduction": "A batch's gradients averaged, or summed as in the report (then the learning "
    "rate must be smaller by the batch size).",
    "batch_size": "How many images each step looks at.",
    "epochs": "How often every training image is seen.",
    "train_size": "How many images there are to learn from, each digit equally often.",
    "augmentation": "Random variation of the training images: moved, turned, bent.",
    "seed": "Where all randomness starts: the same seed gives the same run.",
}


def explained(name: str) -> None:
    """The setting's explanation in small letters below its widget."""
    st.caption(EXPLANATIONS[name])


@dataclass(frozen=True)
class Settings:
    """What the widgets say: a configuration, or why there is none."""

    config: TrainConfig | None
    problem: str = ""


def _values(config: TrainConfig) -> dict[str, Any]:
    """The widgets' values for a configuration, by widget key."""
    units = {f"units{i + 1}": n for i, n in enumerate(config.hidden)}
    names = {settings: name for name, settings in AUGMENTATIONS.items()}
    return units | {
        "layers": len(config.hidden),
        "activation": config.activation,
        "initialisation": config.initialisation,
        "dropout": config.dropout,
        "optimizer": config.optimizer,
        "learning_rate": config.learning_rate,
        "schedule": config.schedule,
        "momentum": config.momentum,
        "weight_decay": config.weight_decay,
        "reduction": config.reduction,
        "batch_size": config.batch_size,
        "epochs": config.epochs,
        "train_size": config.train_size,
        "augmentation": names[config.augmentation],
        "seed": config.seed,
    }


def _apply_preset() -> None:
    """Set every widget to the chosen preset's value."""
    for key, value in _values(PRESETS[st.session_state["preset"]]).items():
        st.session_state[key] = value


def settings() -> Settings:
    """All settings of the next run, in three groups; what they say now."""
    default = _values(PRESETS[DEFAULT_PRESET])

    def bound(key: str) -> dict[str, Any]:
        return {"key": key, "bind": "query-params"}

    st.selectbox(
        "Recipe",
        list(PRESET_NAMES),
        format_func=PRESET_NAMES.__getitem__,
        on_change=_apply_preset,
        **bound("preset"),
    )
    explained("preset")
    with st.expander("Network"):
        layers = st.segmented_control(
            "Hidden layers",
            list(range(1, MAX_HIDDEN_LAYERS + 1)),
            default=default["layers"],
            required=True,
            **bound("layers"),
        )
        explained("layers")
        hidden = tuple(
            int(
                st.number_input(
                    f"Units in hidden layer {i}" if layers > 1 else "Hidden units",
                    1,
                    MAX_UNITS,
                    default.get(f"units{i}", 64),
                    **bound(f"units{i}"),
                )
            )
            for i in range(1, layers + 1)
        )
        explained("units")
        activation = _choice("Activation", list(ACTIVATIONS), default, "activation")
        initialisation = _choice(
            "Initial weights", ["glorot", "he", "normal(0.01)", "normal(0.1)"], default,
            "initialisation",
        )  # fmt: skip
        dropout = st.slider("Dropout", 0.0, 0.8, default["dropout"], 0.05, **bound("dropout"))
        explained("dropout")
    with st.expander("Learning"):
        optimizer = _choice("Optimizer", list(OPTIMIZERS), default, "optimizer")
        learning_rate = st.select_slider(
            "Learning rate at the start",
            LEARNING_RATES,
            default["learning_rate"],
            format_func=lambda rate: f"{rate:g}",
            **bound("learning_rate"),
        )
        explained("learning_rate")
        schedule = _choice("Schedule", list(SCHEDULES), default, "schedule")
        momentum = st.slider("Momentum", 0.0, 0.99, default["momentum"], 0.01, **bound("momentum"))
        explained("momentum")
        weight_decay = st.select_slider(
            "Weight decay",
            [0.0, 1e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2],
            default["weight_decay"],
            format_func=lambda decay: f"{decay:g}",
            **bound("weight_decay"),
        )
        explained("weight_decay")
        reduction = _choice("Gradient of a batch", ["mean", "sum"], default, "reduction")
        batch_size = st.select_slider(
            "Batch size (images)", BATCH_SIZES, default["batch_size"], **bound("batch_size")
        )
        explained("batch_size")
        epochs = st.number_input("Epochs", 1, 1000, default["epochs"], **bound("epochs"))
        explained("epochs")
    with st.expander("Data"):
        train_size = st.select_slider(
            "Training images",
            TRAIN_SIZES,
            default["train_size"],
            format_func=lambda n: f"{n:,}",
            **bound("train_size"),
        )
        explained("train_size")
        augmentation = _choice("Augmentation", list(AUGMENTATIONS), default, "augmentation")
        seed = st.number_input("Seed", 0, 2**32 - 1, default["seed"], **bound("seed"))
        explained("seed")
    try:
        config = TrainConfig(
            hidden=hidden,
            activation=activation,
            initialisation=initialisation,
            dropout=dropout,
            optimizer=optimizer,
            learning_rate=learning_rate,
            momentum=momentum,
            weight_decay=weight_decay,
            reduction=reduction,
            schedule=schedule,
            batch_size=batch_size,
            epochs=int(epochs),
            train_size=train_size,
            augmentation=AUGMENTATIONS[augmentation],
            seed=int(seed),
        )
    except ValueError as error:
        return Settings(None, str(error))
    return Settings(config)


def _choice(label: str, options: list[str], default: dict[str, Any], key: str) -> str:
    """One of a few words."""
    index = options.index(default[key])
    value = st.selectbox(label, options, index, key=key, bind="query-params")
    explained(key)
    return value


def run_summary(config: TrainConfig) -> str:
    """A run's network and main settings in a few words."""
    sizes = "-".join(str(n) for n in (784, *config.hidden, 10))
    return (
        f"{sizes} {config.activation}, {config.optimizer} {config.learning_rate:g} "
        f"({config.schedule}), batch {config.batch_size}, {config.train_size:,} images, "
        f"seed {config.seed}"
    )
