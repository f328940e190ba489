"""The unit or output that is chosen in a network's picture, in the address of the page.

There it is called "1-12", unit 12 of the first hidden layer, or "output-3".
"""

from functools import partial
from typing import Any

import streamlit as st

from mnist_core.arrays import CLASSES
from mnist_core.inspection.activations import hidden_layers
from mnist_core.nn.network import Sequential
from ui.choices import Choices
from ui.components.network_picture import Choice, Frame, network_activity
from ui.links import value_of

NAME = "picture"


def activity_in_link(
    model: Sequential, *frames: Frame, key: str, choices: Choices, **options: Any
) -> None:
    """`network_activity`, with the choice that the link says at first; the address follows it."""
    first = partial(_choice_of_link, choices, model)
    choice = network_activity(model, *frames, key=key, first=first, **options)
    choices.say(NAME, None if choice is None else _name(choice, len(hidden_layers(model))))


def _choice_of_link(choices: Choices, model: Sequential) -> Choice | None:
    """What is chosen in a picture that has just come: what was chosen last, else what the link
    says."""
    kept, linked = st.session_state.get(choices.key(NAME)), choices.linked(NAME)
    units = [*(layer.units for layer in hidden_layers(model)), CLASSES]
    there = [Choice(level, unit) for level, count in enumerate(units) for unit in range(count)]
    names = [_name(choice, len(units) - 1) for choice in there]
    if kept in names:
        return there[names.index(kept)]
    if linked is not None:
        try:
            return there[names.index(value_of(NAME, linked, names))]
        except ValueError as error:
            choices.refuse(NAME, None, str(error))
    return None


def _name(choice: Choice, layers: int) -> str:
    layer = "output" if choice.level == layers else str(choice.level + 1)
    return f"{layer}-{choice.unit}"
