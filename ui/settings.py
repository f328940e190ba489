"""The settings of the next run: a recipe, and behind a button every setting with its explanation.
All widgets are made from the core's table of settings. The page's address always says what they
say, so that a copied link restores the whole choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.augment import Augmentation, augment
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESET_LABELS
from mnist_core.training.setting import Setting
from mnist_core.training.settings import GROUPS, SETTINGS
from ui.choices import TRAIN
from ui.components.opened import keyboard_goes_here
from ui.html import in_a_row, picture
from ui.links import DEFAULT_PRESET, OTHER_PARAMETERS, PARAMETERS, Choice, in_code
from ui.session import session

LEARNING_RATES: Sequence[float] = SETTINGS["learning_rate"].offered
PREVIEWS = 11  # variations of a training image
ROW_WIDTH = 560  # pixels of the recipe and the button, where there is room
WIDTH = 320  # pixels of a widget in the panel: two stand side by side where there is room
# What else the address of the page says: names of its choices.
ALSO_IN_LINK = ("step", "image", "show", "picture")
CHANGED_SIGN = "✎"  # beside the word: what differs from the recipe
EXPLANATIONS = {name: setting.explanation for name, setting in SETTINGS.items()} | {
    "preset": "A recipe sets everything in Settings. You can change any of it afterwards.",
    "learning_rate_now": "Used from the next step on; the schedule scales whatever it is.",
}


@dataclass(frozen=True)
class Settings:
    """What the widgets say: a configuration, or why there is none."""

    config: TrainConfig | None
    problem: str = ""


def settings_panel(example: Array) -> Settings:
    """The recipe of the next run, and a button that opens all its settings; what they say now.

    `example` is the image uint8 (28, 28) that augmentation is previewed on.
    """
    choice = _choice()
    with st.container(horizontal=True, vertical_alignment="bottom", width=ROW_WIDTH):
        st.selectbox(
            "Recipe",
            list(PRESET_LABELS),
            format_func=PRESET_LABELS.__getitem__,
            on_change=_take_recipe,
            help=EXPLANATIONS["preset"],
            **_held("preset", choice.preset),
        )
        changed = len(_changed(choice))
        changes = f" · {CHANGED_SIGN} {changed} changed" if changed else ""
        # Not in the address: one whose being open is known closes when its label changes.
        with st.popover(f"Settings{changes}", icon=":material/tune:", key="settings"):
            _panel(choice, example)
    if session().link_problem:
        st.warning(session().link_problem)
    try:
        return Settings(choice.config())
    except ValueError as error:
        return Settings(None, str(error))


def _choice() -> Choice:
    """What the widgets say now, and with a session's first look what the link says.

    Later the address follows the widgets. It is not read again: a browser may send one that it has
    not heard to be out of date, which would take back what was just changed.
    """
    mine = session()
    if mine.choice is None:
        mine.choice, mine.link_problem = _linked()
    before = mine.choice
    said = {key: st.session_state[key] for key in PARAMETERS if key in st.session_state}
    mine.choice = Choice(before.preset, {**before.values, **said})
    if mine.choice != before:
        mine.link_problem = ""
    TRAIN.say_beside(mine.choice.parameters)
    return mine.choice


def _linked() -> tuple[Choice, str]:
    """What the link says of settings, and what of it is not used."""
    said = {key: TRAIN.linked(key) for key in ("preset", *PARAMETERS)}
    try:
        choice = Choice.from_parameters(
            {key: text for key, text in said.items() if text is not None}
        )
    except ValueError as error:
        instead = PRESET_LABELS[DEFAULT_PRESET]
        words = f"The link's settings were not used: {error}. Shown instead: **{instead}**."
        return Choice.of_recipe(DEFAULT_PRESET), words
    known = (*OTHER_PARAMETERS, *ALSO_IN_LINK)
    unknown = [key for key in TRAIN.not_asked_for() if key not in known]
    if unknown:
        return choice, f"The link also says {in_code(unknown[0])}, which is the name of no setting."
    return choice, ""


def _take_recipe() -> None:
    """Set every widget to the recipe's value."""
    take(Choice.of_recipe(st.session_state["preset"]))


def take(choice: Choice) -> None:
    """Have the next run begin with that choice, whatever the widgets say now."""
    mine = session()
    mine.choice, mine.link_problem = choice, ""
    for key in ("preset", *PARAMETERS):
        st.session_state.pop(key, None)


def _panel(choice: Choice, example: Array) -> None:
    """All settings that the chosen kind of network has, in the groups of the table."""
    _way_back(choice)
    st.html(_marked_groups(choice))
    for tab, rows in zip(st.tabs(list(GROUPS), key="groups"), GROUPS.values(), strict=True):
        asked = [row for row in rows if row in choice.rows]
        with tab, st.container(horizontal=True):
            for number, row in enumerate(asked):
                if row.layers is None:
                    WIDGETS[row.widget](row, **_common(row, row.link_key, row.label, choice))
                elif row.layers not in [other.layers for other in asked[:number]]:
                    _layers([other for other in asked if other.layers == row.layers], choice)
        if (augmentation := SETTINGS["augmentation"]) in rows:
            with tab:
                _preview(example, augmentation.value_in(choice.values))
    keyboard_goes_here(key="settings_opened")


def _way_back(choice: Choice) -> None:
    """The button that undoes all changes, and their names."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back to the recipe",
            icon=":material/undo:",
            key="back_to_recipe",
            on_click=_take_recipe,
            disabled=not choice.changed,
        )
        names = ", ".join(_changed(choice))
        words = f"{CHANGED_SIGN} Changed: {names}." if names else "All as in the recipe."
        st.markdown(f":small[{words}]")


def _marked_groups(choice: Choice) -> str:
    """The sign on the tabs of groups with changes, as a style: another label would close a tab."""
    changed = choice.changed
    numbers = [n for n, rows in enumerate(GROUPS.values(), 1) if any(r in changed for r in rows)]
    tabs = ", ".join(f"[role=tab]:nth-of-type({n})" for n in numbers)
    mark = f'content: " {CHANGED_SIGN}" / " changed"'
    return f"<style>.st-key-groups :is({tabs}) p::after {{ {mark} }}</style>"


def _changed(choice: Choice) -> list[str]:
    """The names, as widgets have them, of what differs from the recipe."""
    labels = [row.layers.label if row.layers else row.label for row in choice.changed]
    return list(dict.fromkeys(labels))


def _layers(rows: list[Setting], choice: Choice) -> None:
    """Settings that have a number for each layer: how many layers, then the numbers of each."""
    layers = rows[0].layers
    assert layers is not None
    how = _common(rows[0], layers.key, layers.label, choice)
    how["help"] = layers.explanation
    st.segmented_control(options=range(1, layers.most + 1), required=True, **how)
    for layer in range(1, choice.values[layers.key] + 1):
        for row in rows:
            label = row.label.format(layer=layer)
            _number(row, **_common(row, f"{row.link_key}{layer}", label, choice))


def _common(row: Setting, key: str, label: str, choice: Choice) -> dict[str, Any]:
    """What all widgets are told: value, width, explanation, and whether it differs."""
    value = choice.values.get(key, row.new_layer)
    recipe = Choice.of_recipe(choice.preset).values.get(key)
    if value != recipe:
        label += f" {CHANGED_SIGN} changed" + (
            f" from {row.words(recipe)}" if recipe is not None else ""
        )
    return {"label": label, "help": row.explanation, "width": WIDTH, **_held(key, value)}


def _held(key: str, value: Any) -> dict[str, Any]:
    """The key of a widget that has this value, unless it holds one already."""
    # Set anew each time: the browser builds the panel when it is opened, from what came last, and
    # Streamlit sends a value only in the run of the page that has set it.
    st.session_state[key] = st.session_state.get(key, value)
    return {"key": key}


def _choice_of_words(row: Setting, **how: Any) -> None:
    st.selectbox(options=row.options, format_func=row.words, **how)


def _buttons(row: Setting, **how: Any) -> None:
    st.segmented_control(options=row.options, format_func=row.words, required=True, **how)


def _select_slider(row: Setting, **how: Any) -> None:
    st.select_slider(options=row.options, format_func=row.words, **how)


def _slider(row: Setting, **how: Any) -> None:
    low, high, step = row.bounds
    st.slider(min_value=low, max_value=high, step=step, **how)


def _number(row: Setting, **how: Any) -> None:
    low, high = row.bounds
    st.number_input(min_value=low, max_value=high, **how)


# How each kind of widget in the table is drawn; "layers" are drawn by _layers.
WIDGETS = {
    "choice": _choice_of_words,
    "buttons": _buttons,
    "select slider": _select_slider,
    "slider": _slider,
    "number": _number,
    "number or none": _number,
}


def _preview(example: Array, augmentation: Augmentation) -> None:
    """One training image as it is, and as training may see it; nothing where it stays as it is."""
    if not augmentation:
        return
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
        f"batch {config.batch_size:,}, {config.train_size:,} images, seed {config.seed}"
    )
