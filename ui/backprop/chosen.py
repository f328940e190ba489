"""Which step the page takes apart: of which network, on which digit. A link restores both."""

from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
import streamlit as st

from mnist_core.arrays import CLASSES, Array
from mnist_core.inspection.backpropagation import Backpropagation, backpropagate
from mnist_core.inspection.stations import Station, stations
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.network import Sequential
from mnist_core.runs.snapshots import Snapshot
from ui.backprop.link import PREFIX, choose, linked, refuse, said, say
from ui.choices import BACKPROP
from ui.drawing import sheet_of
from ui.frozen import frozen_snapshot, nearest_in_words
from ui.networks import RUNNING
from ui.pixels import image_of, text_of
from ui.session import ShownRun, mnist, session, shipped
from ui.words import a_digit

NEW = "new"
TRAIN, DRAWING, LINKED = "train", "drawing", "linked"
SOURCES = {TRAIN: "Training image", DRAWING: "Your drawing", LINKED: "Drawing from the link"}
SEEDS = 10_000
NAMES = {NEW: "A new network", RUNNING: "Your run", "mlp": "MLP", "cnn": "CNN"}
MOST_PARAMETERS = 2_000_000  # of a network that is taken apart: each is shown as a number
RATE = 0.1  # of a network without a run


@dataclass(frozen=True)
class Example:
    """An image, uint8 (28, 28), its label, and what it is in words."""

    image: Array
    label: int
    words: str


@dataclass(frozen=True)
class ChosenStep:
    """One training step on one example, everything in float64.

    `network` names the network, `key` tells steps apart: another has other numbers.
    """

    network: str
    example: Example
    values: Backpropagation
    learning_rate: float
    key: str

    @cached_property
    def stations(self) -> tuple[Station, ...]:
        """All values and gradients in the order in which they are computed."""
        return stations(self.values)

    def station(self, name: str) -> Station:
        """The station of that name, the first one if there is none."""
        return next((one for one in self.stations if one.name == name), self.stations[0])


def choose_step(run: ShownRun | None) -> ChosenStep | None:
    """The row that chooses network and digit; None, and why, where there is no step to show."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="chosen_step"):
        network = _choice_of_network(run)
        seed = _seed() if network == NEW else 0
        snapshot = (
            frozen_snapshot(run, BACKPROP) if run is not None and network == RUNNING else None
        )
        example = _choice_of_digit()
    nearest_in_words(snapshot, BACKPROP)
    if network == RUNNING and snapshot is None:
        st.info("The run's weights come with its first step; choose it again in a moment.")
        return None
    name, model, rate = _network(network, seed, run, snapshot)
    if model.parameters.flat.size > MOST_PARAMETERS:
        st.info(
            f"This network has {model.parameters.flat.size:,} parameters; with more than "
            f"{MOST_PARAMETERS:,} a step is too much to be shown number by number."
        )
        return None
    values = backpropagate(model.in_float64(), example.image, example.label)
    weights = snapshot.token if snapshot else seed
    key = f"{network} {weights} {example.label} {crc32(example.image.tobytes()):x}"
    return ChosenStep(name, example, values, rate, key)


def _network(
    key: str, seed: int, run: ShownRun | None, snapshot: Snapshot | None
) -> tuple[str, Sequential, float]:
    """The network's name, the network, and its learning rate."""
    if run is not None and snapshot is not None:
        rate = run.config.learning_rate
        return f"your run at step {snapshot.step:,}", snapshot.network(run.config), rate
    if key == NEW:
        return f"a new network, seed {seed}", new_network(seed), RATE
    return f"the {NAMES[key]}", shipped(key), RATE


@st.cache_resource(max_entries=8, show_spinner=False)
def new_network(seed: int) -> Sequential:
    """The report's network 784-64-10 with sigmoid, before it has learned anything."""
    return build_mlp(hidden=(64,), activation="sigmoid", rng=np.random.default_rng(seed))


def _choice_of_network(run: ShownRun | None) -> str:
    there = [key for key in NAMES if key != RUNNING or run is not None]
    chosen = said("network", NEW, there)
    st.segmented_control(
        "Network",
        there,
        format_func=NAMES.__getitem__,
        required=True,
        key="backprop_network",
        persist_state="session",
    )
    return chosen


def _seed() -> int:
    said("seed", 0, range(SEEDS))
    return int(
        st.number_input(
            "Seed", 0, SEEDS - 1, key="backprop_seed", persist_state="session", width=120
        )
    )


def _choice_of_digit() -> Example:
    """A training image by number or at random, the visitor's drawing, or the one in the link."""
    drawn = {DRAWING: sheet_of(session().drawing).image, LINKED: _drawing_of_the_link()}
    there = [source for source in SOURCES if source == TRAIN or drawn[source] is not None]
    said("digit", TRAIN, there)
    source = st.segmented_control(
        "Digit",
        there,
        format_func=SOURCES.__getitem__,
        required=True,
        key="backprop_digit",
        persist_state="session",
    )
    if source in drawn and (image := drawn[source]) is not None:
        return _labelled(image, source)
    train = mnist().train
    said("image", 0, range(len(train)))
    number = int(
        st.number_input(
            "Number", 0, len(train) - 1, key="backprop_image", persist_state="session", width=130
        )
    )
    st.button("Another", key="backprop_another", on_click=_another)
    label = int(train.labels[number])
    return Example(train.images[number], label, f"training image {number:,}, {a_digit(label)}")


def _drawing_of_the_link() -> Array | None:
    """The drawing that came with the link, uint8 (28, 28); the visitor's own stays what it is."""
    key = PREFIX + "drawing_of_the_link"
    if (text := linked("pixels")) is not None:
        linked("digit")  # nothing else can be meant
        try:
            st.session_state[key] = image_of(text)
            choose("digit", LINKED)
        except ValueError as error:
            refuse("digit", TRAIN, str(error))
    return st.session_state.get(key)


def _labelled(image: Array, source: str) -> Example:
    """A drawing with the digit that it is meant to be: what the CNN says, until it is chosen."""
    of = f"{crc32(image.tobytes()):x} "  # each drawing has its own
    say("pixels", text_of(image))
    said("label", int(shipped("cnn").predict(image[None])[0]), range(CLASSES), of=of, always=True)
    label = int(
        st.selectbox(
            "It is",
            range(CLASSES),
            format_func=a_digit,
            key=f"{PREFIX}{of}label",
            persist_state="session",
            width=90,
        )
    )
    words = "your drawing" if source == DRAWING else "a drawing from the link"
    return Example(image, label, f"{words}, {a_digit(label)}")


def _another() -> None:
    choose("image", int(np.random.default_rng().integers(len(mnist().train))))
