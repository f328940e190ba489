"""A page with a network's picture.

`?model=cnn` for the CNN, `?images=5` for several in turn, `?off` with unit 3 off.
"""

import streamlit as st

from mnist_core import load_model
from mnist_core.inspection.ablation import without_units
from mnist_core.inspection.activations import hidden_layers
from ui.components.files import component_code
from ui.components.network_picture import Frame, network_activity, network_picture
from ui.session import mnist

st.set_page_config(layout="wide")
component_code()
query = st.query_params
model = load_model("cnn" if st.toggle("CNN", "model" in query) else "mlp")
images = mnist().test.images
network_picture(model, key="network", title="A network")


@st.fragment
def activity() -> None:
    """The part that follows the image."""
    first = int(st.number_input("First image", 0, 9_999))
    if st.toggle("Nothing"):
        frames = [Frame(None, "nothing")]
    else:
        numbers = range(first, first + int(query.get("images", "1")))
        frames = [Frame(images[number], f"test image {number}") for number in numbers]
    off = [3] if "off" in query else []
    masked = without_units(model, hidden_layers(model)[0], off)
    choice = network_activity(masked, *frames, key="network", off=off, whole=model)
    st.write(f"chosen {choice.level} {choice.unit}" if choice else "chosen nothing")


activity()
