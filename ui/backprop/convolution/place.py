"""Which number of a convolution the panel takes apart: of which layer, filter and place."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnist_core.arrays import Array
from mnist_core.inspection.convolution_steps import ConvolutionStep, PatchProduct, convolution_step
from mnist_core.inspection.stations import Station
from ui.backprop.chosen import ChosenStep
from ui.backprop.formulas import in_letters, symbol
from ui.backprop.link import PREFIX, choose, said
from ui.backprop.picking import pick
from ui.backprop.signed_picture import WIDE
from ui.components.matrix import Cell, MatrixLook, matrix


@dataclass(frozen=True)
class ChosenPlace:
    """One number of a convolution; `station` is the convolution's, `channel` one of its input's."""

    station: Station
    found: ConvolutionStep
    filter: int
    row: int
    column: int
    channel: int

    @property
    def layer(self) -> int:
        """The number of the convolution's layer in the network."""
        assert self.station.layer is not None
        return self.station.layer

    @property
    def product(self) -> PatchProduct:
        """How the number is made."""
        return self.found.product_at(self.filter, self.row, self.column)

    @property
    def name(self) -> str:
        """The convolution's name in plain letters: "c₁"."""
        return in_letters(self.station.name)

    @property
    def source(self) -> str:
        """The name of what it reads, in plain letters: "x"."""
        return in_letters(self.station.sources[0])

    @property
    def tex(self) -> str:
        """The number's name in TeX."""
        return f"{symbol(self.station.name)}[{self.filter},{self.row},{self.column}]"

    @property
    def of_channel(self) -> str:
        """ ", channel 3" where there are several."""
        return f", channel {self.channel}" if len(self.found.padded) > 1 else ""


def convolutions(chosen: ChosenStep) -> dict[str, Station]:
    """The convolutions of the network by their names; an MLP has none."""
    return {
        station.name: station
        for station in chosen.stations
        if station.kind == "convolution" and station.direction == "forward"
    }


def choose_place(
    chosen: ChosenStep, numbers: DeltaGenerator, picture: DeltaGenerator
) -> ChosenPlace:
    """The choice in `numbers`, and of the place also by a click on the map in `picture`."""
    layers = convolutions(chosen)
    with numbers:
        station = layers[pick("Convolution", "conv_layer", layers, in_letters)]
    assert station.layer is not None
    found = convolution_step(chosen.values, station.layer)
    # Each convolution has a choice of its own: at first where the gradient is strongest.
    key = f"conv_{station.name}_"
    strongest = int(np.abs(found.deltas).max(axis=(1, 2)).argmax())
    filter = said(key + "filter", strongest, range(len(found.filters)))
    _, height, width = found.maps.shape
    default = np.unravel_index(np.abs(found.deltas[filter]).argmax(), (height, width))
    here = (
        said(key + "row", int(default[0]), range(height)),
        said(key + "column", int(default[1]), range(width)),
    )
    with picture:
        row, column = _on_the_map(found.maps[filter], station, filter, here)
    parts = found.product_at(filter, row, column).parts
    channels = len(parts)
    channel = said(key + "channel", int(np.abs(parts.sum(axis=(1, 2))).argmax()), range(channels))
    with numbers:
        _number(f"Filter, 0 to {len(found.filters) - 1}", key + "filter", len(found.filters))
        _number("Row", key + "row", height)
        _number("Column", key + "column", width)
        if channels > 1:
            _number(f"Channel, 0 to {channels - 1}", key + "channel", channels)
    return ChosenPlace(station, found, filter, row, column, channel)


def _on_the_map(values: Array, station: Station, filter: int, here: Cell) -> Cell:
    """The filter's map, and the place that is chosen in it."""
    words = f"Map {filter} of {in_letters(station.name)}: choose a place"
    st.caption(words)
    key = f"{PREFIX}conv_map_{station.name}"
    there = matrix(
        values,
        key=key,
        chosen=here,
        look=MatrixLook(cell=WIDE // values.shape[1]),
        description=words,
    )
    if there is None or there == here:
        return here
    choose(f"conv_{station.name}_row", there[0])
    choose(f"conv_{station.name}_column", there[1])
    return there


def _number(words: str, name: str, size: int) -> None:
    st.number_input(words, 0, size - 1, key=PREFIX + name, persist_state="session", width=140)
