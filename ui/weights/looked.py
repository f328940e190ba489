"""The network that the page looks at, and which of its units the visitor has switched off."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from mnist_core.inspection.activations import HiddenLayer, hidden_layers
from mnist_core.nn.network import Sequential
from ui.choices import WEIGHTS
from ui.links import value_of
from ui.networks import BEST, RUNNING

HeldOut = Literal["validation", "test"]


@dataclass(frozen=True)
class Looked:
    """The network that the page looks at; `key` tells one from another, whatever their weights.

    `step` is that of the run to which the weights belong, None for a network without a run.
    `changes` says that it will have other weights in a moment: it is measured when that is asked
    for, any other network at once.
    """

    key: str
    name: str
    network: Sequential
    step: int | None = None
    changes: bool = False

    @property
    def held_out(self) -> HeldOut:
        """The images that it has not learned from, as far as is known.

        The visitor's own runs learn from the training images. The networks that come with the
        program learned from the validation images too, and of one from a file nobody knows.
        """
        return "validation" if self.key.startswith((RUNNING, BEST)) else "test"

    @property
    def layer(self) -> HiddenLayer:
        """The layer whose units are the tiles: the first hidden one."""
        return hidden_layers(self.network)[0]

    @property
    def noun(self) -> str:
        """What one of the tiles is called."""
        return "filter" if self.layer.has_maps else "hidden unit"


def units_off(looked: Looked) -> tuple[int, ...]:
    """The units that the visitor has switched off, rising."""
    return tuple(sorted(st.session_state.get(f"off_{looked.key}", [])))


def say_units_off(looked: Looked) -> None:
    """Let the address say which units are off ("3-17"), after those that the link says are so."""
    if (text := WEIGHTS.linked("off")) is not None:
        units = range(looked.layer.units)
        try:
            switch_off(looked, {value_of("off", unit, units) for unit in text.split("-")})
        except ValueError as error:
            WEIGHTS.refuse("off", None, str(error))
    WEIGHTS.say("off", "-".join(map(str, units_off(looked))) or None)


def switch_off(looked: Looked, units: Iterable[int]) -> None:
    """Switch these units off, and all others on."""
    st.session_state[f"off_{looked.key}"] = sorted(units)
