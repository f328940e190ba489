"""A page with a network's picture; `?model=cnn` for the CNN, `?images=5` for several in turn."""

import streamlit as st

from mnist_core import load_mnist, load_model
from ui.components.files import component_code
from ui.components.network_picture import Frame, network_activity, network_picture

st.set_page_config(layout="wide")
component_code()
query = st.query_params
model = load_model("cnn" if st.toggle("CNN", "model" in query) else "mlp")
images = load_mnist().test.images
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
    choice = network_activity(model, *frames, key="network", off=[3] if "off" in query else [])
    st.write(f"chosen {choice.level} {choice.unit}" if choice else "chosen nothing")


activity()
