"""Back-propagation: one training step on one digit, every number of it.
The path shows all stations at once; the chosen one stands below it in large.
"""

from functools import partial

import streamlit as st

from ui.backprop.chosen import ChosenStep, choose_step
from ui.backprop.link import choose, said, write_address
from ui.backprop.one_weight import follow_one_weight
from ui.backprop.station import one_station, shape_in_words
from ui.components.walk import Stop, thumbnail, walk
from ui.session import shown_run

PATH = "backprop_path"


def page() -> None:
    """The choice of a step, its path, the chosen station, and closer looks."""
    st.title("Follow one training step, number by number", anchor=False)
    chosen = choose_step(shown_run())
    if chosen is not None:
        st.fragment(partial(_step, chosen))()


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
    one_station(chosen, chosen.station(here))
    follow_one_weight(chosen)
    write_address()


def _summary(chosen: ChosenStep) -> None:
    """What happens, in one sentence."""
    values, label = chosen.values, chosen.example.label
    share = float(values.probabilities[label, 0])
    st.write(
        f"{chosen.network.capitalize()} reads {chosen.example.words}, and gives the right answer "
        f"{share:.1%}: a loss of {values.loss:.3f}. On the way back every weight learns what it "
        f"has to do with that."
    )
