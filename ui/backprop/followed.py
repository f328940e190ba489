"""The weight that the page follows, whichever panel asks: of which layer, row and column."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.inspection.stations import Station
from ui.backprop.chosen import ChosenStep
from ui.backprop.formulas import in_letters
from ui.backprop.link import PREFIX, choose, said

PLACE = ("row", "column")  # of the weight in its matrix
UNCHOSEN = PREFIX + "unchosen"  # the place of the weight that is followed without being chosen


@dataclass(frozen=True)
class FollowedWeight:
    """A weight of a fully connected layer; `station` is the gradient of that layer's weights."""

    station: Station
    row: int
    column: int

    @property
    def path(self) -> str:
        """Its array's name in the network: "0.W"."""
        return f"{self.station.layer}.W"

    @property
    def gradient(self) -> float:
        """The slope of the loss for it, by back-propagation."""
        return float(self.station.value[self.row, self.column])

    @property
    def words(self) -> str:
        """Its name in plain letters: "W₁[3, 17]"."""
        return f"{in_letters(f'W{self.station.number}')}[{self.row}, {self.column}]"


def layers_to_follow(chosen: ChosenStep) -> dict[int, Station]:
    """The gradients of the weights of fully connected layers by the layer's number."""
    weights = [one for one in chosen.stations if one.kind == "weights" and one.value.ndim == 2]
    return {station.number: station for station in reversed(weights)}


def followed_weight(chosen: ChosenStep) -> FollowedWeight:
    """The weight that was chosen, else the one with the largest gradient in its layer."""
    layers = layers_to_follow(chosen)
    station = layers[said("layer", next(iter(layers)), layers)]
    strongest = [int(at) for at in np.unravel_index(np.abs(station.value).argmax(), station.shape)]
    now = [st.session_state.get(PREFIX + name) for name in PLACE]
    if now == st.session_state.get(UNCHOSEN) and now != strongest:
        for name, at in zip(PLACE, strongest, strict=True):
            choose(name, at)  # of another step, or layer, another one stands out
    row, column = (
        said(name, at, range(size))
        for name, at, size in zip(PLACE, strongest, station.shape, strict=True)
    )
    st.session_state[UNCHOSEN] = strongest if [row, column] == strongest else None
    return FollowedWeight(station, row, column)
