"""The gallery: a network's units as tiles, sorted, with what is known of each."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.ablation import Importance
from mnist_core.inspection.unit_statistics import similarity_order
from mnist_core.inspection.weight_pictures import first_layer_pictures
from ui.choices import WEIGHTS
from ui.components.tiles import TileLook, weight_tiles
from ui.html import changing_text
from ui.session import session
from ui.weights import measures
from ui.weights.looked import Looked, units_off
from ui.words import percent, signed

SORTS = {
    "index": "Index",
    "importance": "Importance",
    "digit": "Digit it speaks for",
    "similarity": "Similarity",
    "activity": "Activity",
}
MEASURED_SORTS = ("importance", "digit", "activity")
ROWS_IN_SIGHT = 640  # pixels; a grid of more than MANY tiles scrolls within them
MANY = 128
COLUMNS = 12  # as many as leave 64 tiles large, and all of them in sight


@dataclass(frozen=True)
class Measured:
    """What is known of the units, and the step of the run at which it was measured, if of a run."""

    summary: measures.UnitSummary
    importance: Importance | None
    step: int | None


def gallery(looked: Looked, live: bool) -> int | None:
    """The tiles with their labels, marks and order; the chosen one."""
    sort, shared, wanted = _controls(looked)
    measured = _measured(looked, sort, wanted)
    if measured is None and sort in MEASURED_SORTS:
        st.info(
            f"To sort by {SORTS[sort].lower()}, press **Measure the units now**"
            + (": the order stays as measured while the run goes on." if live else ".")
        )
    pictures = first_layer_pictures(looked.network)
    biases = looked.network.parameters.layers[looked.layer.weights]["b"]
    order = _order(sort, pictures, measured)
    chosen = WEIGHTS.said("unit", None, range(len(pictures)), of=looked.key)
    unit = weight_tiles(
        pictures,
        key=f"gallery_{looked.key}",
        scale="shared" if shared else "each",
        order=None if order is None else order.tolist(),
        labels=_labels(sort, measured, biases),
        marks=_marks(measured),
        details=_details(measured, biases),
        switched_off=units_off(looked),
        chosen=chosen,
        look=TileLook(
            columns=COLUMNS,
            height=ROWS_IN_SIGHT if len(pictures) > MANY else None,
            noun=looked.noun,
            description=f"Weights of the {looked.noun}s",
        ),
    )
    WEIGHTS.choose("unit", unit, of=looked.key)
    st.html(changing_text(_counted(looked, measured), small=True))
    return unit


def _controls(looked: Looked) -> tuple[str, bool, bool]:
    """The order, whether one colour scale holds for all, and whether to measure now."""
    sort = WEIGHTS.said("sort", next(iter(SORTS)), SORTS)
    shared = WEIGHTS.said("one_scale", False, (False, True))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Sorted by", list(SORTS), format_func=SORTS.__getitem__, key=WEIGHTS.key("sort"),
            persist_state="session",
        )  # fmt: skip
        st.toggle("One colour scale for all", key=WEIGHTS.key("one_scale"), persist_state="session")
        wanted = looked.changes and st.button("Measure the units now", key="measure")
    return sort, shared, wanted


def _measured(looked: Looked, sort: str, wanted: bool) -> Measured | None:
    """What is known of the units; of a run what was measured last, None if nothing was."""
    if looked.changes and not wanted:
        return session().kept.get("measured")
    summary = measures.summary(looked)
    importance = None
    if wanted or sort == "importance":
        progress = st.empty()
        importance = measures.importance(looked, progress.progress)
        progress.empty()
    measured = Measured(summary, importance, looked.step)
    if looked.changes:
        session().kept["measured"] = measured
    return measured


def _order(sort: str, pictures: Array, measured: Measured | None) -> Array | None:
    """The units in the order that is asked for; None for their own, or if it isn't known yet."""
    if sort == "similarity":
        return similarity_order(pictures)
    if measured is None:
        return None
    activity = measured.summary.activity
    if sort == "importance" and measured.importance is not None:
        return measures.importance_order(measured.importance)
    if sort == "digit":
        return np.lexsort((-activity.active, measured.summary.digits))
    if sort == "activity":
        return np.argsort(-activity.active, kind="stable")
    return None


def _labels(sort: str, measured: Measured | None, biases: Array) -> list[str]:
    """Under each tile, below its number: its bias, or what it is sorted by."""
    if measured is not None:
        if sort == "importance" and measured.importance is not None:
            return [signed(100 * loss, 2) for loss in measured.importance.loss]
        if sort == "digit":
            return [f"for {digit}" if digit >= 0 else "–" for digit in measured.summary.digits]
        if sort == "activity":
            return [percent(active, 0) for active in measured.summary.activity.active]
    return [signed(bias, 2) for bias in biases]


def _marks(measured: Measured | None) -> list[str | None] | None:
    """What is wrong with each unit; None as a whole before it is measured."""
    if measured is None:
        return None
    activity = measured.summary.activity
    return [
        "dead" if dead else "saturated" if saturated else None
        for dead, saturated in zip(activity.dead, activity.saturated, strict=True)
    ]


def _details(measured: Measured | None, biases: Array) -> list[str]:
    """What is known of each unit, as a line."""
    details = [f"bias {signed(bias, 4)}" for bias in biases]
    if measured is None:
        return details
    activity, importance = measured.summary.activity, measured.importance
    for unit, digit in enumerate(measured.summary.digits):
        details[unit] += (
            f" · speaks for {digit if digit >= 0 else 'no digit'} · active on "
            f"{percent(activity.active[unit], 0)} of images, on average {activity.mean[unit]:.3f}"
        )
        if importance is not None:
            details[unit] += f" · worth {signed(100 * importance.loss[unit], 2)} points of accuracy"
    return details


def _counted(looked: Looked, measured: Measured | None) -> str:
    """The tiles in a sentence: what the colours mean, how many are dead or saturated."""
    words = "Orange: ink there speaks for it; blue: against it. Under each tile: number and bias, "
    words += "or what they are sorted by. "
    units = f"{looked.layer.units:,} {looked.noun}s"
    if measured is None:
        return words + f"{units}, not measured yet."
    activity = measured.summary.activity
    dead = int(activity.dead.sum())
    saturated = int((activity.saturated & ~activity.dead).sum())
    words += f"{units}: **{dead} dead, {saturated} saturated** on "
    words += f"{measured.summary.images:,} {looked.held_out} images"
    words += "." if measured.step is None else f", measured at step {measured.step:,}."
    if measured.importance is not None:
        words += f" Importance on {measured.importance.images:,} of them, in percentage points of "
        words += "accuracy."
    return words
