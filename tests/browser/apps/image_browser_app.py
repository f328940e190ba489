"""A page with test images to step through: those that the shipped MLP misreads, or others.
`?images=n` begins with the first n test images; the page's own button chooses an image as well.
"""

import numpy as np
import streamlit as st

from mnist_core import load_model
from mnist_core.arrays import Array
from ui import theme
from ui.components.files import component_code
from ui.components.image_browser import Reader, image_browser
from ui.session import mnist

st.set_page_config(layout="wide")
component_code()


@st.cache_resource
def mistakes() -> Array:
    """Numbers of the test images that the shipped MLP misreads."""
    test = mnist().test
    read = load_model("mlp").predict_proba(test.images).argmax(axis=1)
    return np.flatnonzero(read != test.labels)


@st.cache_resource
def reader(name: str, numbers: tuple[int, ...]) -> Reader:
    probabilities = load_model(name).predict_proba(mnist().test.images[list(numbers)])
    return Reader(name.upper(), theme.MODELS[name], probabilities)


def choose(place: int) -> None:
    st.session_state.place = place


test = mnist().test
kinds = {"Mistakes": mistakes(), "Of fours": mistakes()[test.labels[mistakes()] == 4]}
kinds["First ones"] = np.arange(int(st.query_params.get("images", "60")))
first = "First ones" if "images" in st.query_params else "Mistakes"
kind = st.radio("Images", list(kinds), list(kinds).index(first), on_change=choose, args=(0,))
both = st.toggle("Both networks", "both" in st.query_params)
numbers = kinds[kind or first]
chosen = st.session_state.get("place", 0)
answer = image_browser(
    test.images[numbers],
    titles=[f"Test image {number:,}" for number in numbers],
    labels=test.labels[numbers],
    readers=[
        reader(name, tuple(numbers.tolist())) for name in (["mlp", "cnn"] if both else ["mlp"])
    ],
    chosen=chosen,
    key="browser",
    description=f"Test images: {kind}",
)
st.session_state.answers = st.session_state.get("answers", 0) + (answer is not None)
if answer is not None:
    choose(answer)
st.button("To the third", on_click=choose, args=(2,))
st.write(f"chosen {numbers[st.session_state.get('place', 0)]}, heard {st.session_state.answers}")
