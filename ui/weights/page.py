"""Weights: what each hidden unit looks for, what it is worth, and how it came to be.
The gallery is always there; of the closer looks below it, the one that is open is worked out.
"""

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.unit_statistics import similarity_order
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.paths import MODELS_FOLDER
from mnist_core.runs.local import RunHandle
from ui.components.tiles import weight_tiles
from ui.glossary import words_explained
from ui.session import current_run, remember_best, session, shipped, watched_snapshot
from ui.weights import measures as unit_measures
from ui.weights.gradients import gradients
from ui.weights.panels import (
    Looked,
    activation_maximization,
    filters_and_maps,
    one_unit,
    pruning,
    switched_off,
    units_off,
)
from ui.weights.time_machine import PLAY_EVERY, going_on, playing, saving, time_machine

LOOK_EVERY = 0.5  # seconds, while a run that is looked at goes on
RUN, BEST = "run", "best"
SORTS = {
    "index": "Index",
    "importance": "Importance",
    "digit": "Digit it speaks for",
    "similarity": "Similarity",
    "activity": "Activity",
}
MEASURED_SORTS = ("importance", "digit", "activity")
UNIT, OFF, PRUNING = "The chosen one", "Switch off", "Pruning"
MAXIMIZATION, MAPS = "Activation maximization", "Feature maps"
GRADIENTS, SAVE, GO_ON = "Gradients", "Save", "Go on from here"
WORDS = ("bias", "dead", "saturated", "importance", "digit it speaks for", "pruning")
WORDS_OF_UNITS = ("hidden unit", *WORDS, "RMS gradient", "update ratio")
WORDS_OF_MAPS = ("filter", *WORDS, "feature map", "receptive field", "RMS gradient", "update ratio")


def page() -> None:
    """The choice of a network, its units as tiles, and closer looks below."""
    st.title("Weights", anchor=False)
    st.write("See what each hidden unit looks for, what it is worth, and how it came to be.")
    names = _networks()
    default = RUN if RUN in names else next(iter(names))
    chosen = st.segmented_control(
        "Network",
        list(names),
        default=default,
        format_func=names.__getitem__,
        required=True,
        key="weights_of",
        persist_state="session",
    )
    if chosen not in names:
        chosen = default
    handle = current_run() if chosen == RUN else None
    if RUN not in names:
        st.caption("A run that you start on the Train page can be looked at here while it learns.")
    moving = handle is not None and _goes_on(handle)
    every = PLAY_EVERY if playing(handle) else LOOK_EVERY if moving else None
    st.fragment(_look, run_every=every)(chosen, names[chosen], every)


def _networks() -> dict[str, str]:
    """Names of the networks that can be looked at, by key."""
    names = {"mlp": "MLP"}
    if (MODELS_FOLDER / "cnn.npz").is_file():
        names["cnn"] = "CNN"
    handle = current_run()
    if handle is not None and (view := handle.watch()).snapshot is not None:
        remember_best(view)
        names[RUN] = "Your last run" if view.ended else "The run in progress"
    if session().best is not None:
        names[BEST] = "Best of this session"
    return names


def _goes_on(handle: RunHandle) -> bool:
    """Whether the run changes by itself."""
    return handle.watch().status in ("queued", "starting", "running")


def _look(chosen: str, name: str, every: float | None) -> None:
    """Everything about one network; drawn anew `every` so many seconds."""
    handle = current_run() if chosen == RUN else None
    if handle is not None:
        remember_best(handle.watch())
        time_machine(handle)
        if every != (PLAY_EVERY if playing(handle) else LOOK_EVERY if _goes_on(handle) else None):
            st.rerun()  # the polling must begin, end or change its pace
    looked = _looked(chosen, name, handle)
    if looked is None:
        st.info("The run has no weights yet: they come with its first step.")
        return
    unit = _gallery(
        looked, handle is not None and _goes_on(handle) and session().chosen_step is None
    )
    panels = [UNIT, OFF, PRUNING, MAXIMIZATION]
    if looked.layer.has_maps:
        panels.append(MAPS)
    if handle is not None:
        panels += [GRADIENTS, SAVE, GO_ON]
    words_explained(WORDS_OF_MAPS if looked.layer.has_maps else WORDS_OF_UNITS)
    panel = st.segmented_control("Look closer", panels, key="panel", persist_state="session")
    if panel == UNIT:
        one_unit(looked, unit)
    elif panel == OFF:
        switched_off(looked)
    elif panel == PRUNING:
        pruning(looked)
    elif panel == MAXIMIZATION:
        activation_maximization(looked)
    elif panel == MAPS and looked.layer.has_maps:
        filters_and_maps(looked)
    elif panel == GRADIENTS and handle is not None:
        gradients(handle)
    elif panel == SAVE and handle is not None:
        saving(handle)
    elif panel == GO_ON and handle is not None:
        going_on(handle)


def _looked(chosen: str, name: str, handle: RunHandle | None) -> Looked | None:
    """The chosen network with its weights of the chosen snapshot; None before the first."""
    if handle is not None:
        snapshot = watched_snapshot(handle)
        if snapshot is None:
            return None
        network = snapshot.network(handle.watch().config)
        return Looked(f"{RUN}_{handle.id}", name, network, snapshot.step)
    best = session().best
    if chosen == BEST and best is not None:
        return Looked(f"{BEST}_{best.run_id}", name, best.network)
    return Looked(chosen, name, shipped(chosen))


def _gallery(looked: Looked, live: bool) -> int | None:
    """The tiles with their labels, marks and order; the chosen one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sort = st.selectbox(
            "Sorted by", list(SORTS), format_func=SORTS.__getitem__, key="weights_sort",
            persist_state="session",
        )  # fmt: skip
        shared = st.toggle("One colour scale for all", key="weights_scale", persist_state="session")
        # A network that changes all the time is measured when it is asked for, others at once.
        wanted = st.button(
            "Measure the units now", key="measure", disabled=not looked.key.startswith(RUN)
        )
    pictures = first_layer_pictures(looked.network)
    kept_key = f"measured_{looked.key}"
    if wanted or not looked.key.startswith(RUN):
        st.session_state[kept_key] = unit_measures.summary(looked.network, looked.layer)
        st.session_state[f"measured_at_{looked.key}"] = looked.step
        if wanted or sort == "importance":
            progress = st.empty()
            st.session_state[f"importance_{looked.key}"] = unit_measures.importance(
                looked.network, looked.layer, lambda share, words: progress.progress(share, words)
            )
            progress.empty()
    measured: unit_measures.UnitSummary | None = st.session_state.get(kept_key)
    importance = st.session_state.get(f"importance_{looked.key}")
    if measured is None and sort in MEASURED_SORTS:
        st.info(
            f"To sort by {SORTS[sort].lower()}, press **Measure the units now**"
            + (": the order stays as measured while the run goes on." if live else ".")
        )
    order = _order(sort, pictures, measured, importance)
    biases = looked.network.parameters.layers[looked.layer.weights]["b"]
    details = [f"bias {bias:+.4f}" for bias in biases]
    marks = None
    if measured is not None:
        activity = measured.activity
        marks = [
            "dead" if dead else "saturated" if saturated else None
            for dead, saturated in zip(activity.dead, activity.saturated, strict=True)
        ]
        for unit in range(len(details)):
            digit = measured.digits[unit]
            details[unit] += (
                f" · speaks for {digit if digit >= 0 else 'no digit'} · active on "
                f"{activity.active[unit]:.0%} of images, on average {activity.mean[unit]:.3f}"
            )
            if importance is not None:
                details[unit] += f" · worth {100 * importance.loss[unit]:+.2f} points of accuracy"
    unit = weight_tiles(
        pictures,
        key=f"gallery_{looked.key}",
        scale="shared" if shared else "each",
        order=None if order is None else order.tolist(),
        labels=_labels(sort, measured, importance, biases),
        marks=marks,
        details=details,
        switched_off=units_off(looked),
        height=640 if len(pictures) > 128 else None,
        noun=looked.noun,
        description=f"Weights of the {looked.noun}s",
    )
    st.caption(_counted(looked, measured, importance))
    return unit


def _order(
    sort: str,
    pictures: Array,
    measured: unit_measures.UnitSummary | None,
    importance: unit_measures.Importance | None,
) -> Array | None:
    """The units in the order that is asked for; None for their own, or if it isn't known yet."""
    if sort == "similarity":
        return similarity_order(pictures)
    if sort == "importance" and importance is not None:
        return unit_measures.importance_order(importance)
    if measured is None:
        return None
    if sort == "digit":
        return np.lexsort((-measured.activity.active, measured.digits))
    if sort == "activity":
        return np.argsort(-measured.activity.active, kind="stable")
    return None


def _labels(
    sort: str,
    measured: unit_measures.UnitSummary | None,
    importance: unit_measures.Importance | None,
    biases: Array,
) -> list[str]:
    """Under each tile, below its number: its bias, or what it is sorted by."""
    if sort == "importance" and importance is not None:
        return [f"{100 * loss:+.2f}" for loss in importance.loss]
    if sort == "digit" and measured is not None:
        return [f"for {digit}" if digit >= 0 else "–" for digit in measured.digits]
    if sort == "activity" and measured is not None:
        return [f"{active:.0%}" for active in measured.activity.active]
    return [f"{bias:+.2f}" for bias in biases]


def _counted(
    looked: Looked,
    measured: unit_measures.UnitSummary | None,
    importance: unit_measures.Importance | None,
) -> str:
    """The tiles in a sentence: what the colours mean, how many are dead or saturated."""
    words = "Orange: ink there speaks for it; blue: against it. Under each tile: number and bias, "
    words += "or what they are sorted by. "
    units = f"{looked.layer.units:,} {looked.noun}s"
    if measured is None:
        return words + f"{units}, not measured yet."
    dead = int(measured.activity.dead.sum())
    saturated = int((measured.activity.saturated & ~measured.activity.dead).sum())
    words += f"{units}: **{dead} dead, {saturated} saturated** on {measured.images:,} validation "
    step = st.session_state.get(f"measured_at_{looked.key}")
    words += "images." if step is None else f"images, measured at step {step:,}."
    if importance is not None:
        words += f" Importance on {importance.images:,} of them, in percentage points of accuracy."
    return words
