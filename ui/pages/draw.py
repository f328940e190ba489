"""Draw: draw a digit and see what a network makes of it while the pen still moves.
The drawing is brought into MNIST's form first, and the page shows what the network really sees.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.models import Sequential
from mnist_core.preprocess import normalize_drawing
from ui.canvas import draw_canvas, rasterise
from ui.html import no_bars, picture, probability_bars
from ui.session import current_job, remember_best, session, shipped

LOOK_EVERY = 0.5  # seconds, while the network that answers is still training
SHIPPED, RUNNING, BEST = "shipped", "running", "best"
BLANK = np.zeros((28, 28), np.uint8)


@dataclass(frozen=True)
class Reader:
    """A network that answers, and one line on what it is."""

    network: Sequential
    words: str
    learning: bool = False  # its answer changes by itself


def page() -> None:
    """The canvas on the left, the answer beside it."""
    st.title("Draw", anchor=False)
    st.write("Draw a digit from 0 to 9 and watch the network's answer follow your pen.")
    job = current_job()
    learning = job is not None and job.look().status in ("queued", "starting", "running")
    st.fragment(_drawing, run_every=LOOK_EVERY if learning else None)(learning)


def _drawing(polled: bool) -> None:
    """Canvas, answer, and the choice of who answers."""
    mine = session()
    left, right = st.columns([5, 6], gap="large")
    with left:
        mine.drawing = draw_canvas(mine.drawing, key="canvas")
    with right:
        reader = _reader()
        if polled and not reader.learning:
            job = current_job()
            if job is None or job.look().ended:
                st.rerun()  # nothing changes by itself any more
        _answer(reader)


def _reader() -> Reader:
    """The network that the visitor has chosen to answer."""
    mine, job = session(), current_job()
    view = job.look() if job else None
    names = {SHIPPED: "Shipped network"}
    if view is not None:
        remember_best(view)
        if view.snapshot is not None:
            names[RUNNING] = "The run in progress" if not view.ended else "The last run"
    if mine.best is not None:
        names[BEST] = "Best of this session"
    chosen = st.segmented_control(
        "Who answers",
        list(names),
        default=RUNNING if RUNNING in names else SHIPPED,
        format_func=names.__getitem__,
        required=True,
        key="who",
        persist_state="session",
    )
    if chosen == RUNNING and view is not None and (network := view.network()) is not None:
        state = "still training" if not view.ended else view.status
        return Reader(network, f"This run at step {view.step:,} ({state}).", not view.ended)
    if chosen == BEST and mine.best is not None:
        best = mine.best
        words = f"{best.accuracy:.2%} on validation images after epoch {best.epoch}."
        return Reader(best.network, words)
    return Reader(shipped("mlp"), "64 hidden units, trained beforehand and shipped with the app.")


def _answer(reader: Reader) -> None:
    """Ten bars, what they say in words, and the picture that the network saw."""
    st.caption(reader.words)
    try:
        image = normalize_drawing(rasterise(session().drawing))
    except ValueError:
        image = None
    if image is None:
        st.subheader("Draw a digit", anchor=False)
        bars, seen = no_bars(), picture(BLANK, alt="nothing drawn yet")
    else:
        probabilities = reader.network.predict_proba(image[None])[0]
        digit = int(probabilities.argmax())
        st.subheader(f"It looks like a {digit} ({probabilities[digit]:.0%})", anchor=False)
        bars = probability_bars(probabilities)
        seen = picture(image, alt=f"the drawing as 28 by 28 pixels, read as {digit}")
    one, two = st.columns([3, 1])
    one.html(bars)
    two.html(seen + "<div><small>what the network sees, 28x28 pixels</small></div>")
