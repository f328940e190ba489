"""A page with a map of test images by the shipped MLP.

`?steps=5` for so many steps from random weights to the shipped ones, which may arrive bit by bit;
`?images=40` for fewer images.
"""

import numpy as np
import streamlit as st

from mnist_core import load_mnist, load_model
from mnist_core.arrays import Array
from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.projection import Projection, fitted, layers_to_project, projected
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.network import Sequential
from ui.components.files import component_code
from ui.components.point_map import MapImages, Positions, Step, point_map

SHOWN = 10_000
query = st.query_params
count, N = int(query.get("steps", "1")), int(query.get("images", f"{SHOWN}"))


@st.cache_resource
def images_of(N: int) -> MapImages:
    test = load_mnist().test
    return MapImages(test.images[:N], test.labels[:N])


@st.cache_resource
def plane_of(layer: str, N: int) -> Projection:
    return fitted(load_model("mlp"), images_of(N).images, layer)


@st.cache_resource
def positions_of(layer: str, share: float, N: int) -> Positions:
    """Points on the way from random weights (share 0) to the shipped ones (1)."""
    images = images_of(N)
    seen = projected(network_at(share), images.images, layer, plane_of(layer, N))
    answers = Answers(seen.logits, images.labels)
    return Positions(seen.xy, answers.predictions, answers.confidence)


def network_at(share: float) -> Sequential:
    shipped = load_model("mlp")
    start = build_mlp(hidden=(64,), activation="relu", rng=np.random.default_rng(0))
    weights: Array = shipped.parameters.flat
    weights[...] = share * weights + (1 - share) * start.parameters.flat
    return shipped


@st.fragment
def part() -> None:
    """The part with the map, drawn anew by its own choice alone."""
    layer = st.radio("Layer", layers_to_project(load_model("mlp"))[::-1], horizontal=True)
    arrived = int(st.number_input("Steps that have arrived", 0, count, count))
    steps = []
    for place in range(count):
        share = place / (count - 1) if count > 1 else 1.0
        there = place < arrived - 1 or (place == count - 1 and arrived > 0)  # the last comes first
        name = f"step {100 * place:,}"
        steps.append(Step(name, positions_of(layer, share, N) if there else None))
    seen = point_map(steps, images_of(N), key="map", description=f"Test images by {layer}")
    st.write(f"chosen {seen.chosen}")


st.set_page_config(layout="wide")
component_code()
part()
