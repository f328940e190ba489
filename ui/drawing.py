"""What is on the canvas: the visitor's drawing, or a test image, and how networks see it."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.preprocess.normalize import NormalizationSteps, normalization_steps
from mnist_core.preprocess.pen import at_usual_size
from ui.components.canvas import Drawing, rasterise
from ui.session import mnist, session

DRAWINGS = 64  # of all visitors, whose pictures are kept: 0.2 MB each


@dataclass(frozen=True)
class ShownDigit:
    """A test image that was put on the canvas."""

    number: int  # of the 10,000 test images
    image: Array  # uint8 (28, 28)
    label: int


@dataclass(frozen=True)
class Sheet:
    """A drawing with what is made of it before any network sees it, worked out once per rerun.

    `ink` is the drawing as a picture, uint8 (H, W), a small one enlarged; `steps` lead from there
    to what networks see.
    It is None if there is nothing on the canvas. `digit` is the test image that is on it.
    """

    drawing: Drawing
    ink: Array
    steps: NormalizationSteps | None
    digit: ShownDigit | None

    @property
    def image(self) -> Array | None:
        """The drawing as networks see it, uint8 (28, 28); None if there is nothing on it."""
        return self.steps.centred if self.steps else None


def sheet_of(drawing: Drawing) -> Sheet:
    """The drawing rasterised and normalised."""
    return Sheet(drawing, *_ink_and_steps(drawing), _test_digit(drawing))


@lru_cache(maxsize=DRAWINGS)
def _ink_and_steps(drawing: Drawing) -> tuple[Array, NormalizationSteps | None]:
    """What is made of a drawing, which never changes: once, though a page that follows a run looks
    at it twice a second."""
    ink = rasterise(_at_usual_size(drawing))
    try:
        return ink, normalization_steps(ink)
    except ValueError:
        return ink, None


def _at_usual_size(drawing: Drawing) -> Drawing:
    larger = at_usual_size(drawing.strokes)
    if drawing.background is not None or larger is drawing.strokes:
        return drawing
    return replace(drawing, strokes=tuple(larger))


def show_test_digit(number: int) -> None:
    """Put a test image on the canvas."""
    test = mnist().test
    image = test.images[number]
    st.session_state["test_digit"] = ShownDigit(number, image, int(test.labels[number]))
    show_image(image)


def show_image(image: Array) -> None:
    """Put an image, uint8 (28, 28), on the canvas."""
    session().drawing = Drawing(background=image)


def show_any_test_digit() -> None:
    """Put a test image on the canvas, each as likely as any other."""
    show_test_digit(int(np.random.default_rng().integers(len(mnist().test))))


def _test_digit(drawing: Drawing) -> ShownDigit | None:
    """The test image that is on the canvas, drawn upon or not."""
    digit: ShownDigit | None = st.session_state.get("test_digit")
    if digit is None or drawing.background is None:
        return None
    return digit if np.array_equal(drawing.background, digit.image) else None


def own_digit() -> tuple[Array, str]:
    """The visitor's drawing as networks see it, uint8 (28, 28), or a test image; and its name."""
    drawn = sheet_of(session().drawing).image
    return (mnist().test.images[0], "a test image") if drawn is None else (drawn, "your drawing")
