"""The row in which networks and images are chosen. A link restores both."""

import numpy as np
import streamlit as st

from mnist_core.runs.snapshots import Snapshot
from ui.choices import EVALUATE
from ui.evaluate.subjects import UPLOADED, Images, Judged, Subjects, images_of, mnist_images
from ui.evaluate.uploading import say_of_files, uploaded_images
from ui.frozen import frozen_snapshot, nearest_in_words
from ui.networks import (
    RUNNING,
    Predictor,
    own_predictor,
    own_predictors,
    shipped_predictors,
    told_apart,
)
from ui.own import own_collection
from ui.pages import go_to
from ui.session import ShownRun

TEST, VALIDATION, OWN = "test", "validation", "own"
NAMES = {TEST: "Test", VALIDATION: "Validation", OWN: "Your digits", UPLOADED: "Your files"}
NOTHING = "none"  # to compare with


def choose_subjects(run: ShownRun | None) -> Subjects | None:
    """The row of choices; None, and why, where there is nothing to judge yet."""
    names = {one.shipped_as: one.name for one in shipped_predictors()} | own_predictors(run)
    # Whoever has a run wants to know of it first.
    default = next(key for key in (RUNNING, "cnn", "mlp") if key in names)
    with st.container(horizontal=True, vertical_alignment="bottom", key="chosen_subjects"):
        first = EVALUATE.said("network", default, names, always=True)
        st.segmented_control(
            "Network",
            list(names),
            format_func=names.__getitem__,
            required=True,
            key=EVALUATE.key("network"),
            persist_state="session",
        )
        second = _choice_of_the_other(names, first)
        images = _choice_of_images()
        snapshot = (
            frozen_snapshot(run, EVALUATE)
            if run is not None and RUNNING in (first, second)
            else None
        )
    nearest_in_words(snapshot, EVALUATE)
    if st.session_state[EVALUATE.key("images")] == UPLOADED:
        say_of_files()
    if images is None:
        return None
    judged: list[Judged] = []
    for key in (first, second):
        if (predictor := _predictor(key, run, snapshot)) is not None:
            if judged:
                predictor = told_apart(judged[0].predictor, predictor)
            judged.append(Judged(key, predictor, images, snapshot if key == RUNNING else None))
    for one in judged:
        if not np.isfinite(one.answers.logits).all():
            st.error(
                f"{one.name} can't be judged: some of its answers are no numbers. Its weights are "
                "too large, as they are when training has diverged. Choose another network."
            )
            return None
    return Subjects(images, judged[0], judged[1] if len(judged) > 1 else None)


def _choice_of_the_other(names: dict[str, str], first: str) -> str:
    others = {NOTHING: "Nothing"} | {key: name for key, name in names.items() if key != first}
    default = next((key for key in ("mlp", "cnn") if key in others), NOTHING)
    chosen = EVALUATE.said("against", default, others)
    st.selectbox(
        "Compared with",
        list(others),
        format_func=others.__getitem__,
        key=EVALUATE.key("against"),
        persist_state="session",
        width=150,
    )
    return chosen


def _predictor(key: str, run: ShownRun | None, snapshot: Snapshot | None) -> Predictor | None:
    """The network of that key; the run with the weights that it had when it was chosen."""
    shipped = next((one for one in shipped_predictors() if one.shipped_as == key), None)
    if key == RUNNING and run is not None and snapshot is not None:
        run = run.with_snapshot(snapshot)
    return shipped or own_predictor(key, run)


def _choice_of_images() -> Images | None:
    """The images, and a place to hand files over; None, and why, where there are none yet."""
    chosen = EVALUATE.said("images", TEST, NAMES)
    st.segmented_control(
        "Images",
        list(NAMES),
        format_func=NAMES.__getitem__,
        required=True,
        key=EVALUATE.key("images"),
        persist_state="session",
    )
    if chosen == OWN:
        return _own_images()
    if chosen == UPLOADED:
        return uploaded_images()
    return mnist_images(chosen)


def _own_images() -> Images | None:
    own = own_collection()
    if len(own):
        name = "digit of yours" if len(own) == 1 else "digits of yours"
        return images_of(own, OWN, name, "your digit")
    st.info("You have kept no digits yet: on the Draw page, draw one and say what it was.")
    if st.button("Go to Draw", icon=":material/draw:", key=EVALUATE.key("to_draw")):
        go_to("draw")
    return None
