"""Settings as the reader sees them: widgets, their one-line explanations, and a link.
All are made from the core's table of settings. Every widget is bound to the page's address, so
that a copied link restores the whole choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.augment import Augmentation, augment
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESET_LABELS, PRESETS
from mnist_core.training.settings import GROUPS, SETTINGS, Setting
from ui.html import in_a_row, picture

LEARNING_RATES: Sequence[float] = SETTINGS["learning_rate"].offered
PREVIEWS = 11  # variations of a training image
DEFAULT_PRESET = "quick-and-good"
EXPLANATIONS = {name: setting.explanation for name, setting in SETTINGS.items()} | {
    "preset": "A recipe sets everything below. You can change any of it afterwards.",
    "learning_rate_now": "Used from the next step on; the schedule scales whatever it is.",
}


@dataclass(frozen=True)
class Settings:
    """What the widgets say: a configuration, or why there is none."""

    config: TrainConfig | None
    problem: str = ""


def explained(name: str) -> None:
    """The setting's explanation in small letters below its widget."""
    st.caption(EXPLANATIONS[name])


def bound(key: str) -> dict[str, Any]:
    """The arguments that bind a widget to the page's address."""
    return {"key": key, "bind": "query-params"}


def settings(example: Array) -> Settings:
    """All settings of the next run, in groups; what they say now.

    `example` is the image uint8 (28, 28) that augmentation is previewed on.
    """
    _recipe()
    values: dict[str, Any] = {}
    for group, rows in GROUPS.items():
        with st.expander(group):
            for row in rows:
                if row.name in values or row.model not in ("", values.get("model")):
                    continue  # asked for together with an earlier one, or of no use to this model
                if row.layers:
                    values |= _layers([other for other in rows if other.layers == row.layers])
                else:
                    values[row.name] = _value(row)
                if row.name == "augmentation":
                    _preview(example, values[row.name])
    try:
        return Settings(TrainConfig(**values))
    except ValueError as error:
        return Settings(None, str(error))


def widget_values(config: TrainConfig) -> dict[str, Any]:
    """The widgets' values for a configuration, by widget key."""
    values: dict[str, Any] = {}
    for name, row in SETTINGS.items():
        values |= row.widget_values(getattr(config, name))
    return values


# A widget begins with its value in this recipe.
DEFAULTS = widget_values(PRESETS[DEFAULT_PRESET])


def _recipe() -> None:
    """The choice of a recipe, which sets every other widget."""
    st.selectbox(
        "Recipe",
        list(PRESET_LABELS),
        format_func=PRESET_LABELS.__getitem__,
        on_change=_apply_preset,
        **bound("preset"),
    )
    explained("preset")


def _apply_preset() -> None:
    """Set every widget to the chosen preset's value."""
    for key, value in widget_values(PRESETS[st.session_state["preset"]]).items():
        st.session_state[key] = value


def _value(row: Setting) -> Any:
    """One setting's widget with its explanation; the value that it says."""
    said = WIDGETS[row.widget](row, DEFAULTS[row.link_key])
    explained(row.name)
    return row.value_of(said)


def _layers(rows: list[Setting]) -> dict[str, tuple[int, ...]]:
    """Settings that have a number for each layer: how many layers, then the numbers of each."""
    layers = rows[0].layers
    assert layers is not None
    count = _buttons(layers.label, list(range(1, layers.most + 1)), layers.key)
    st.caption(layers.explanation)
    values: dict[str, list[int]] = {row.name: [] for row in rows}
    for layer in range(1, count + 1):
        for column, row in zip(st.columns(len(rows)), rows, strict=True):
            key, (low, high) = f"{row.link_key}{layer}", row.bounds
            label, default = row.label.format(layer=layer), DEFAULTS.get(key, row.new_layer)
            number = column.number_input(label, low, high, default, **bound(key))
            values[row.name].append(int(number))
    for row in rows:
        explained(row.name)
    return {name: tuple(numbers) for name, numbers in values.items()}


def _shown(row: Setting) -> dict[str, Any]:
    """The arguments that say how a widget writes the setting's values."""
    return {"format_func": lambda value: row.display.get(value, format(value, row.shown))}


def _buttons(label: str, options: Sequence[Any], key: str, **how: Any) -> Any:
    """One of a few values, all of them in sight."""
    return st.segmented_control(
        label, options, default=DEFAULTS[key], required=True, **how, **bound(key)
    )


def _choice(row: Setting, default: Any) -> Any:
    index = list(row.options).index(default)
    return st.selectbox(row.label, row.options, index, **_shown(row), **bound(row.link_key))


def _select_slider(row: Setting, default: Any) -> Any:
    return st.select_slider(row.label, row.options, default, **_shown(row), **bound(row.link_key))


def _slider(row: Setting, default: Any) -> float:
    low, high, step = row.bounds
    return st.slider(row.label, low, high, default, step, **bound(row.link_key))


def _number(row: Setting, default: Any) -> int:
    low, high = row.bounds
    return int(st.number_input(row.label, low, high, default, **bound(row.link_key)))


# How each kind of widget in the table is drawn; "layers" are drawn by _layers.
WIDGETS = {
    "choice": _choice,
    "buttons": lambda row, _: _buttons(row.label, row.options, row.link_key, **_shown(row)),
    "select slider": _select_slider,
    "slider": _slider,
    "number": _number,
    "number or none": _number,
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
