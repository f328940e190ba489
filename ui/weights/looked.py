"""The network that the page looks at, and which of its units the visitor has switched off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from mnist_core.inspection.activations import HiddenLayer, hidden_layers
from mnist_core.nn.network import Sequential
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


def switch_off(looked: Looked, units: Sequence[int]) -> None:
    """Switch these units off, and all others on."""
    st.session_state[f"off_{looked.key}"] = sorted(units)
