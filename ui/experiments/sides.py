"""The two sides of a comparison as they are chosen: a recipe or a run, and one changed setting."""

from dataclasses import replace

import streamlit as st

from mnist_core.cli.parser import chosen_config
from mnist_core.data.mnist import MIN_TRAIN_SIZE
from mnist_core.experiments.space import Range
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESET_LABELS, PRESETS
from mnist_core.training.settings import SETTINGS
from ui import session
from ui.choices import EXPERIMENTS
from ui.components.visitor import visitor
from ui.experiments.asked import NOTHING, can_vary, setting_in_words, usual_values, values_of
from ui.links import DEFAULT_PRESET

CHANGED_AT_FIRST = {"a": NOTHING, "b": "activation"}


def side(letter: str) -> TrainConfig | str:
    """The settings of side "a" or "b", with the widgets that choose them; or why there are none."""
    runs = {one.id: one for one in session.pool().listed(visitor())}
    names = PRESET_LABELS | {id: f"Your run: {one.name}" for id, one in runs.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = EXPERIMENTS.said(letter, DEFAULT_PRESET, names)
        st.selectbox(
            letter.upper(),
            list(names),
            format_func=names.__getitem__,
            key=EXPERIMENTS.key(letter),
            persist_state="session",
            width=330,
        )
        images = len(session.mnist().train)
        base = chosen_config(chosen, {}, images) if chosen in PRESETS else runs[chosen].config
        config = replace(base, seed=0)
        changed = _changed_setting(letter, config.model)
        if changed == NOTHING:
            return _checked(config)
        text = _value(letter, changed, config)
    try:
        values = values_of(changed, text)
        if isinstance(values, Range) or len(values.values) != 1:
            return f"{letter.upper()} needs one value of the {changed.replace('_', ' ')}"
        return _checked(replace(config, **{changed: values.values[0]}))
    except ValueError as error:
        return str(error)


def _changed_setting(letter: str, model: str) -> str:
    names = [NOTHING, *can_vary(model)]
    usual = CHANGED_AT_FIRST[letter]
    changed = EXPERIMENTS.said(f"{letter}_change", usual if usual in names else NOTHING, names)
    st.selectbox(
        f"{letter.upper()}, changed",
        names,
        format_func=lambda one: "Nothing" if one == NOTHING else setting_in_words(one),
        key=EXPERIMENTS.key(f"{letter}_change"),
        persist_state="session",
        width=170,
    )
    return changed


def _value(letter: str, name: str, config: TrainConfig) -> str:
    """The value of the changed setting, as it is typed."""
    now = SETTINGS[name].as_typed(getattr(config, name)).replace(",", "+")
    options = [value for value in usual_values(name).split(",") if value != now]

    def check(text: str) -> None:
        values_of(name, text)

    place, of = f"{letter}_to", f"{name} "
    text = EXPERIMENTS.typed(place, options[0], check, of=of)
    st.selectbox(
        f"to (it is {now})",
        list(dict.fromkeys([*options, text])),
        accept_new_options=True,
        key=EXPERIMENTS.key(of + place),
        persist_state="session",
        width=170,
    )
    return text


def _checked(config: TrainConfig) -> TrainConfig | str:
    images = len(session.mnist().train)
    if not MIN_TRAIN_SIZE <= config.train_size <= images:
        return f"there are {images:,} training images, not {config.train_size:,}"
    return config
