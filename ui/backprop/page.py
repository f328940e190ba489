"""Back-propagation: one training step on one digit, every number of it.
The path shows all stations at once; the chosen one stands below it in large.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from ui.backprop.chosen import ChosenStep, choose_step
from ui.backprop.convolution.panel import convolution
from ui.backprop.differences import differences
from ui.backprop.followed import layers_to_follow
from ui.backprop.jacobians.panel import jacobians
from ui.backprop.link import PREFIX, begin, choose, part, said
from ui.backprop.numbers import number
from ui.backprop.one_weight import follow_one_weight
from ui.backprop.softmax_shift import softmax_shift
from ui.backprop.station import one_station, shape_in_words
from ui.backprop.the_step import the_step
from ui.components.focus import keyboard_goes_on
from ui.components.walk import Stop, thumbnail, walk
from ui.glossary import words_explained
from ui.session import shown_run
from ui.words import probability

PATH = "backprop_path"
GLOSSARY = (
    "hidden unit", "bias", "logit", "softmax", "one-hot", "loss", "cross-entropy",
    "gradient of the loss", "chain rule", "Jacobian", "Kronecker product", "elementwise product",
    "learning rate", "finite difference", "relative error", "float32 and float64",
)  # fmt: skip
# Where the keyboard goes on after a button that goes.
AFTER = {
    f"{PREFIX}newest": f"{PREFIX}network",
    f"{PREFIX}back_to_the_start": f"{PREFIX}one_step",
}
LOOKS: dict[str, Callable[[ChosenStep], None]] = {
    "Jacobians in full": jacobians,
    "Finite differences": differences,
    "Take the step": the_step,
    "Why softmax is shifted": softmax_shift,
    "Convolution as a product": convolution,
}


def page() -> None:
    """The choice of a step, its path, the chosen station, and closer looks."""
    st.title("Follow one training step, number by number", anchor=False)
    begin()
    chosen = choose_step(shown_run())
    if chosen is not None:
        part(partial(_step, chosen), tells=True)
    keyboard_goes_on(AFTER)


def _step(chosen: ChosenStep) -> None:
    """What is read without anything else changing: a fragment, so that it follows at once."""
    names = [station.name for station in chosen.stations]
    here = said("station", "x", names)
    _summary(chosen)
    stops = [
        Stop(
            station.name,
            station.direction,
            thumbnail(station.value, station.kind),
            station.kind != "input",
            shape_in_words(station),
        )
        for station in chosen.stations
    ]
    if (there := walk(stops, here, key=PATH)) is not None and there != here:
        choose("station", here := there)
        if (number := chosen.station(here).number) in layers_to_follow(chosen):
            choose("layer", number)  # so that the followed weight belongs to what is shown
    said("everything", False, (False, True))
    everything = st.toggle("All stations below each other, to print", key=PREFIX + "everything")
    for station in chosen.stations if everything else [chosen.station(here)]:
        one_station(chosen, station)
    follow_one_weight(chosen)
    words_explained(GLOSSARY)
    _look_closer(chosen)


def _look_closer(chosen: ChosenStep) -> None:
    """The closer look that is open, if there is one."""
    said("look", None, LOOKS)
    look = st.segmented_control("Look closer", list(LOOKS), key=PREFIX + "look")
    if look in LOOKS:
        LOOKS[look](chosen)


def _summary(chosen: ChosenStep) -> None:
    """What happens, in one sentence."""
    values, label = chosen.values, chosen.example.label
    network = chosen.network[0].upper() + chosen.network[1:]
    share = probability(float(values.probabilities[label, 0]))
    st.write(
        f"{network} reads {chosen.example.words}, and gives the right answer {share}: a loss "
        f"of {number(values.loss)}. On the way back each weight is told how much it has to do "
        "with that."
    )
