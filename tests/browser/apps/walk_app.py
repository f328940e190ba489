"""A page with the path of one training step; `?network=cnn` for the CNN that comes along.
Its own buttons choose a stop and another digit, as other parts of a page do.
"""

import numpy as np
import streamlit as st

from mnist_core import load_model
from mnist_core.inspection.backpropagation import backpropagate
from mnist_core.inspection.stations import Station, stations
from mnist_core.nn.builders import build_mlp
from ui.components.files import component_code
from ui.components.walk import Stop, thumbnail, walk
from ui.session import mnist

st.set_page_config(layout="wide")
component_code()


def stop_of(station: Station) -> Stop:
    """A station as a stop: pixels and probabilities from black to white, all else diverging."""
    values = thumbnail(station.value, station.kind)
    grey = station.direction == "forward" and station.kind in ("input", "probabilities")
    words = " x ".join(map(str, station.shape)) or "one number"
    return Stop(station.name, station.direction, values, not grey, words)


def choose(name: str) -> None:
    st.session_state.station = name


cnn = st.toggle("CNN", st.query_params.get("network") == "cnn")
model = load_model("cnn") if cnn else build_mlp(rng=np.random.default_rng(0))
digit = int(st.number_input("Digit", 0, 9_999))
test = mnist().test
step = backpropagate(model, test.images[digit], int(test.labels[digit]))
stops = [stop_of(station) for station in stations(step)]
station = st.session_state.get("station", "x")
answer = walk(stops, station if station in [stop.name for stop in stops] else "x", key="walk")
if answer:
    choose(answer)
st.button("To the loss", on_click=choose, args=("L",))
st.write(f"chosen {st.session_state.get('station', 'x')}")
