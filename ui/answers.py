"""Who answers on the Draw page, and what they say: the shipped networks and the visitor's own.
Everything here is fast enough to be done at every movement of the pen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.checkpoint import MODELS_FOLDER
from mnist_core.functional import Array
from mnist_core.models import Sequential
from mnist_core.preprocess import normalize_drawing
from mnist_core.rejection import Judge
from ui.canvas import Drawing, rasterise
from ui.charts import CNN, MLP, OWN
from ui.html import named, no_bars, probability_bars, side_by_side
from ui.session import current_job, mnist, remember_best, session, shipped, watched_snapshot

RUNNING, BEST = "running", "best"
TRAINED_BEFORE = "shipped"  # short: three networks side by side have a line each for this
NARROWEST = 150  # pixels of a column of bars: two of them fit a phone


@dataclass(frozen=True)
class Reader:
    """A network that answers; `shipped_as` is the name of its file, "" for one of the visitor's."""

    name: str
    network: Sequential
    words: str
    colour: str
    shipped_as: str = ""
    learning: bool = False  # its answer changes by itself


@dataclass(frozen=True)
class Reading:
    """What a reader says of one image: probabilities (10,)."""

    reader: Reader
    probabilities: Array

    @property
    def digit(self) -> int:
        """The most probable digit."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """Its probability, 0..1."""
        return float(self.probabilities.max())


@dataclass(frozen=True)
class ShownDigit:
    """A test image that was put on the canvas."""

    number: int  # of the 10,000 test images
    image: Array  # uint8 (28, 28)
    label: int


def shipped_readers() -> list[Reader]:
    """The networks that are there for everyone."""
    readers = [Reader("MLP", shipped("mlp"), _shape_in_words("mlp"), MLP, "mlp")]
    if (MODELS_FOLDER / "cnn.npz").is_file():
        readers.append(Reader("CNN", shipped("cnn"), _shape_in_words("cnn"), CNN, "cnn"))
    return readers


def _shape_in_words(name: str) -> str:
    parameters = shipped(name).parameters.flat.size
    return f"{parameters:,} parameters, {TRAINED_BEFORE}"


def own_readers() -> dict[str, str]:
    """Names of the visitor's own networks that could answer too, by key."""
    mine, job = session(), current_job()
    names = {}
    view = job.look() if job else None
    if view is not None:
        remember_best(view)
        if view.snapshot is not None:
            names[RUNNING] = "The last run" if view.ended else "The run in progress"
    if mine.best is not None:
        names[BEST] = "Best of this session"
    return names


def own_reader(key: str | None) -> Reader | None:
    """The visitor's network with that key, if there still is one."""
    mine, job = session(), current_job()
    if key == RUNNING and job is not None:
        view = job.look()
        if (snapshot := watched_snapshot(job)) is not None:
            state = "still training" if not view.ended else view.status
            if mine.moment is not None:
                state = "the moment chosen on the Weights page"
            words = f"at step {snapshot.step:,}, {state}"
            learning = not view.ended and mine.moment is None
            return Reader("Your run", snapshot.network(view.config), words, OWN, learning=learning)
    if key == BEST and mine.best is not None:
        best = mine.best
        words = f"{best.accuracy:.2%} on validation images after epoch {best.epoch}"
        return Reader("Your best", best.network, words, OWN)
    return None


@st.cache_resource
def judge() -> Judge:
    """Who says that a drawing is no digit at all."""
    return Judge.load()


def seen_image(drawing: Drawing, sheet: Array | None = None) -> Array | None:
    """The drawing as networks see it, uint8 (28, 28); None if there is nothing on the canvas.

    `sheet` is the drawing rasterised, where that has been done already.
    """
    try:
        return normalize_drawing(rasterise(drawing) if sheet is None else sheet)
    except ValueError:
        return None


def read(readers: Sequence[Reader], image: Array) -> list[Reading]:
    """What each reader says of an image, uint8 (28, 28)."""
    return [Reading(reader, reader.network.predict_proba(image[None])[0]) for reader in readers]


def headline(readings: Sequence[Reading]) -> str:
    """The answers in one sentence."""
    digits = list(dict.fromkeys(reading.digit for reading in readings))
    sure = ", ".join(f"{reading.reader.name} {reading.confidence:.0%}" for reading in readings)
    if len(digits) == 1:
        return f"It looks like a {digits[0]} ({sure})"
    return f"It looks like a {' or a '.join(map(str, digits))}: the networks disagree"


def columns_of_bars(readers: Sequence[Reader], readings: Sequence[Reading]) -> str:
    """Ten bars for every reader, side by side; empty bars where there are no readings."""
    if not readings:
        return side_by_side(
            [named(reader.name, reader.colour, reader.words) + no_bars() for reader in readers],
            least=NARROWEST,
        )
    return side_by_side(
        [
            named(r.reader.name, r.reader.colour, r.reader.words)
            + probability_bars(r.probabilities, colour=r.reader.colour)
            for r in readings
        ],
        least=NARROWEST,
    )


def show_test_digit(number: int) -> None:
    """Put a test image on the canvas."""
    test = mnist().test
    image = test.images[number]
    st.session_state["test_digit"] = ShownDigit(number, image, int(test.labels[number]))
    session().drawing = Drawing(background=image)


def show_any_test_digit() -> None:
    """Put a test image on the canvas, each as likely as any other."""
    show_test_digit(int(np.random.default_rng().integers(len(mnist().test))))


def shown_test_digit(drawing: Drawing) -> ShownDigit | None:
    """The test image that is on the canvas, drawn upon or not."""
    digit: ShownDigit | None = st.session_state.get("test_digit")
    if digit is None or drawing.background is None:
        return None
    return digit if np.array_equal(drawing.background, digit.image) else None


def show_next_mistake(reader: Reader) -> None:
    """Put the next test image that a network gets wrong on the canvas, if it gets any wrong."""
    on_canvas: ShownDigit | None = st.session_state.get("test_digit")
    after = on_canvas.number if on_canvas else -1
    numbers = mistakes(reader.shipped_as) if reader.shipped_as else _mistakes_of(reader.network)
    if len(numbers):
        following = numbers[numbers > after]
        show_test_digit(int(following[0] if len(following) else numbers[0]))


@st.cache_resource
def mistakes(name: str) -> Array:
    """Numbers of the test images that a shipped network gets wrong, rising."""
    return _mistakes_of(shipped(name))


def _mistakes_of(network: Sequential) -> Array:
    test = mnist().test
    return np.flatnonzero(network.predict(test.images) != test.labels)


def digit_buttons(readers: Sequence[Reader]) -> None:
    """Buttons that put test images on the canvas."""
    with st.container(horizontal=True):
        st.button("A test digit", on_click=show_any_test_digit, key="test-digit")
        for reader in readers:
            st.button(
                f"{reader.name}: next mistake",
                help=f"The next of the 10,000 test images that {reader.name} gets wrong",
                on_click=partial(show_next_mistake, reader),
                key=f"mistake-{reader.name}",
            )
