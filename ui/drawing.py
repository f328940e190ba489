"""What is on the canvas: the visitor's drawing, or a test image, and how networks see it."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.preprocess.normalize import normalize_drawing
from ui.components.canvas import Drawing, rasterise
from ui.session import mnist, session


@dataclass(frozen=True)
class ShownDigit:
    """A test image that was put on the canvas."""

    number: int  # of the 10,000 test images
    image: Array  # uint8 (28, 28)
    label: int


def seen_image(drawing: Drawing, sheet: Array | None = None) -> Array | None:
    """The drawing as networks see it, uint8 (28, 28); None if there is nothing on the canvas.

    `sheet` is the drawing rasterised, where that has been done already.
    """
    try:
        return normalize_drawing(rasterise(drawing) if sheet is None else sheet)
    except ValueError:
        return None


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


def own_digit() -> tuple[Array, str]:
    """The visitor's drawing as networks see it, uint8 (28, 28), or a test image; and its name."""
    drawn = seen_image(session().drawing)
    return (mnist().test.images[0], "a test image") if drawn is None else (drawn, "your drawing")
