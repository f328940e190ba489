"""A small app around the canvas alone, for the browser tests.
It prints what Python has received, as JSON."""

import gc
import json

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.components.canvas import Drawing, draw_canvas, rasterise, receipt
from ui.components.files import component_code


@st.cache_resource
def freeze_imports() -> None:
    """Takes what was imported out of the garbage collection that Streamlit does after every run."""
    gc.collect()
    gc.freeze()


def put(drawing: Drawing) -> None:
    st.session_state.drawing = drawing


def square() -> Drawing:
    digit = np.zeros((28, 28), np.uint8)
    digit[10:18, 10:18] = 255
    return Drawing(background=digit)


def rounded(numbers: NDArray[np.float32]) -> list[float]:
    return [round(float(number), 3) for number in numbers]


@st.fragment
def easel() -> None:
    drawing = draw_canvas(st.session_state.get("drawing", Drawing()), key="canvas")
    st.session_state.drawing = drawing
    picture = rasterise(drawing)
    report = {
        "strokes": len(drawing.strokes),
        "erasers": sum(stroke.erase for stroke in drawing.strokes),
        "points": sum(len(stroke.points) for stroke in drawing.strokes),
        "starts": [rounded(stroke.points[0, :2]) for stroke in drawing.strokes],
        "ends": [rounded(stroke.points[-1, :2]) for stroke in drawing.strokes],
        "widths": sorted({w for stroke in drawing.strokes for w in rounded(stroke.points[:, 2])}),
        "ink": round(float(picture.mean() / 255), 5),
        "blank": drawing.is_blank,
        "background": drawing.background is not None,
        "revision": drawing.revision,
    }
    st.text(json.dumps(report))
    st.html(receipt("canvas"))


def draw_page() -> None:
    st.button("Rerun")
    st.button("A square", on_click=put, args=(square(),))
    st.button("Nothing", on_click=put, args=(Drawing(),))
    easel()
    st.html("<div style='height: 1500px'>below</div>")


def other_page() -> None:
    st.text("Another page")


freeze_imports()
component_code()
st.navigation(
    [
        st.Page(draw_page, title="Canvas", url_path="canvas", default=True),
        st.Page(other_page, title="Other", url_path="other"),
    ],
    position="top",
).run()
