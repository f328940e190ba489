"""Settings as the reader sees them: widgets, their one-line explanations, and a link.
Every widget is bound to the page's address, so that a copied link restores the whole choice.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.augment import AUGMENTATIONS, Augmentation, augment
from mnist_core.nn.builders import MAX_CHANNELS, MAX_CONVOLUTIONS, MAX_HIDDEN_LAYERS, MAX_UNITS
from mnist_core.nn.layers import ACTIVATIONS
from mnist_core.nn.optimizers import OPTIMIZERS
from mnist_core.nn.schedules import SCHEDULES
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from ui.html import in_a_row, picture

LEARNING_RATES = [
    float(f"{digit}e{power}") for power in range(-5, 1) for digit in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
]
BATCH_SIZES = [1, 2, 5, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000]
TRAIN_SIZES = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 40_000, 50_000]
INITIAL_WEIGHTS = ["glorot", "he", "normal(0.01)", "normal(0.1)"]
WEIGHT_DECAYS = [0.0, 1e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2]
AVERAGES = [0.0, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999]
MODEL_NAMES = {"mlp": "MLP", "cnn": "CNN"}
PREVIEWS = 11  # variations of a training image
PRESET_NAMES = {
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
DEFAULT_PRESET = "quick-and-good"
EXPLANATIONS = {
    "preset": "A whole recipe at once; change anything below afterwards.",
    "model": "MLP: every unit sees all pixels. CNN: small filters slide over the picture.",
    "convolutions": "How many times filters look, each time at a picture half as wide.",
    "channels": "How many different filters a convolution has.",
    "kernel": "How many pixels wide each filter is.",
    "dense": "Units between the last filters and the ten answers; 0 for none.",
    "threads": "Two threads share each batch of a CNN, if the machine has two cores free.",
    "average": "Predicts with an average of the last steps' weights; 0 for the last weights.",
    "layers": "How many layers of units lie between the pixels and the ten answers.",
    "units": "How many patterns the layer can look for, from 1 to 1,024.",
    "activation": "The curve that turns a unit's weighted sum into its answer.",
    "initialisation": "How wide the random weights spread before the first step.",
    "dropout": "Share of units switched off at random in each step, against learning by heart.",
    "optimizer": "How a gradient becomes a step: plain, with momentum, or scaled per weight.",
    "learning_rate": "How far each step goes. Too small is slow, too large diverges.",
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
    units = {f"units{i}": n for i, n in enumerate(config.hidden, 1)}
    filters = {f"channels{i}": n for i, n in enumerate(config.channels, 1)}
    kernels = {f"kernel{i}": n for i, n in enumerate(config.kernel_sizes, 1)}
    names = {settings: name for name, settings in AUGMENTATIONS.items()}
    return (
        units
        | filters
        | kernels
        | {
            "model": config.model,
            "convolutions": len(config.channels),
            "dense": config.dense[0] if config.dense else 0,
            "threads": config.threads,
            "average": config.ema_decay,
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
    )


def _apply_preset() -> None:
    """Set every widget to the chosen preset's value."""
    for key, value in _values(PRESETS[st.session_state["preset"]]).items():
        st.session_state[key] = value


def bound(key: str) -> dict[str, Any]:
    """The arguments that bind a widget to the page's address."""
    return {"key": key, "bind": "query-params"}


def settings(example: Array) -> Settings:
    """All settings of the next run, in three groups; what they say now.

    `example` is the image uint8 (28, 28) that augmentation is previewed on.
    """
    default = _values(PRESETS[DEFAULT_PRESET])

    st.selectbox(
        "Recipe",
        list(PRESET_NAMES),
        format_func=PRESET_NAMES.__getitem__,
        on_change=_apply_preset,
        **bound("preset"),
    )
    explained("preset")
    with st.expander("Network"):
        model = st.segmented_control(
            "Kind",
            list(MODEL_NAMES),
            default=default["model"],
            format_func=MODEL_NAMES.__getitem__,
            required=True,
            **bound("model"),
        )
        explained("model")
        sizes = _mlp_sizes(default) if model == "mlp" else _cnn_sizes(default)
        activation = _choice("Activation", list(ACTIVATIONS), default, "activation")
        initialisation = _choice("Initial weights", INITIAL_WEIGHTS, default, "initialisation")
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
            WEIGHT_DECAYS,
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
        average = st.select_slider(
            "Averaged weights", AVERAGES, default["average"], **bound("average")
        )
        explained("average")
        threads = st.segmented_control(
            "Threads", [1, 2], default=default["threads"], required=True, **bound("threads")
        )
        explained("threads")
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
        _preview(example, AUGMENTATIONS[augmentation])
        seed = st.number_input("Seed", 0, 2**32 - 1, default["seed"], **bound("seed"))
        explained("seed")
    try:
        config = TrainConfig(
            model=model,
            **sizes,
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
            ema_decay=average,
            threads=threads,
            seed=int(seed),
        )
    except ValueError as error:
        return Settings(None, str(error))
    return Settings(config)


def _mlp_sizes(default: dict[str, Any]) -> dict[str, Any]:
    """The hidden layers of an MLP."""
    layers = st.segmented_control(
        "Hidden layers",
        list(range(1, MAX_HIDDEN_LAYERS + 1)),
        default=default["layers"],
        required=True,
        **bound("layers"),
    )
    explained("layers")
    hidden = []
    for i in range(1, layers + 1):
        label = f"Units in hidden layer {i}" if layers > 1 else "Hidden units"
        key = f"units{i}"
        hidden.append(int(st.number_input(label, 1, MAX_UNITS, default.get(key, 64), **bound(key))))
    explained("units")
    return {"hidden": tuple(hidden)}


def _cnn_sizes(default: dict[str, Any]) -> dict[str, Any]:
    """The convolutions of a CNN, and the dense layer after them."""
    convolutions = st.segmented_control(
        "Convolutions",
        list(range(1, MAX_CONVOLUTIONS + 1)),
        default=default["convolutions"],
        required=True,
        **bound("convolutions"),
    )
    explained("convolutions")
    channels, kernel_sizes = [], []
    for i in range(1, convolutions + 1):
        one, two = st.columns(2)
        key = f"channels{i}"
        label = f"Filters in {i}"
        channels.append(
            int(one.number_input(label, 1, MAX_CHANNELS, default.get(key, 16), **bound(key)))
        )
        key = f"kernel{i}"
        label = f"Width in {i} (pixels)"
        kernel_sizes.append(int(two.number_input(label, 1, 28, default.get(key, 3), **bound(key))))
    explained("channels")
    explained("kernel")
    dense = int(st.number_input("Dense units", 0, MAX_UNITS, default["dense"], **bound("dense")))
    explained("dense")
    return {
        "channels": tuple(channels),
        "kernel_sizes": tuple(kernel_sizes),
        "dense": (dense,) if dense else (),
    }


def _preview(example: Array, augmentation: Augmentation) -> None:
    """One training image as it is, and as training may see it."""
    copies = np.repeat(example[None], PREVIEWS, axis=0)  # (PREVIEWS, 28, 28)
    varied = augment(copies, augmentation, rng=np.random.default_rng(1))
    pictures = np.concatenate([example[None], varied])
    words = "a training image, and variations of it"
    st.html(
        in_a_row([picture(image, alt=words, width=40) for image in pictures], gap=".3rem")
        + f"<small>{words[0].upper()}{words[1:]}.</small>"
    )


def _choice(label: str, options: list[str], default: dict[str, Any], key: str) -> str:
    """One of a few words."""
    index = options.index(default[key])
    value = st.selectbox(label, options, index, **bound(key))
    explained(key)
    return value


def run_summary(config: TrainConfig, *, short: bool = False) -> str:
    """A run's network and main settings in a few words; `short`: the network alone."""
    if config.model == "mlp":
        network = "-".join(str(n) for n in (784, *config.hidden, 10)) + f" {config.activation}"
    else:
        blocks = zip(config.kernel_sizes, config.channels, strict=True)
        network = "CNN " + " · ".join(f"{k}x{k}x{n}" for k, n in blocks)
        network += "".join(f" · dense {n}" for n in config.dense)
    if short:
        return network
    return (
        f"{network}, {config.optimizer} {config.learning_rate:g} ({config.schedule}), "
        f"batch {config.batch_size}, {config.train_size:,} images, seed {config.seed}"
    )
