"""The row in which networks and images are chosen. A link restores both."""

import numpy as np
import streamlit as st

from mnist_core.data.idx import DataError
from mnist_core.data.uploaded import MAX_IMAGES, IsPicture, uploaded_split
from mnist_core.runs.snapshots import Snapshot
from ui.choices import EVALUATE
from ui.evaluate.subjects import Images, Judged, Subjects, images_of, mnist_images
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
from ui.words import plain_name

TEST, VALIDATION, OWN, UPLOADED = "test", "validation", "own", "uploaded"
NAMES = {TEST: "Test", VALIDATION: "Validation", OWN: "Your digits", UPLOADED: "Your files"}
NOTHING = "none"  # to compare with
FILES, PROBLEM, TAKEN = (EVALUATE.key(name) for name in ("files", "problem", "uploaded"))
MAX_MEGABYTES = 64
LONGEST_NAME = 40
OF_PICTURES = "Digits in pictures are read on the page Draw, under “Photographs and pages”."


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
    problem = st.session_state.get(PROBLEM)
    if problem and st.session_state[EVALUATE.key("images")] == UPLOADED:
        st.error(problem)
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
        return _uploaded_images()
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


def _uploaded_images() -> Images | None:
    with st.popover("Choose files", icon=":material/upload_file:"):
        st.file_uploader(
            "Images and labels as two IDX files (.gz too), or a ZIP of them",
            accept_multiple_files=True,
            max_upload_size=MAX_MEGABYTES,
            key=FILES,
            on_change=_take_files,
        )
        if problem := st.session_state.get(PROBLEM):
            st.error(problem)  # the open popover covers the page's own
        st.caption(f"Of a larger set the first {MAX_IMAGES:,} images are used.")
    images: Images | None = st.session_state.get(TAKEN)
    if images is None and not st.session_state.get(PROBLEM):
        st.info("Choose images with their labels: two IDX files like MNIST's, or a ZIP of them.")
    return images


def _take_files() -> None:
    """Read the files; or note why that can't be done, and keep those from before."""
    files = st.session_state[FILES]
    st.session_state[PROBLEM] = ""
    if not files:
        return
    names = [plain_name(file.name, LONGEST_NAME) or "a file" for file in files]
    if len(set(names)) < len(names):  # cut short, or from two folders
        names = [f"{name}, file {place}" for place, name in enumerate(names, 1)]
    try:
        contents = [file.getvalue() for file in files]
        split, n = uploaded_split(dict(zip(names, contents, strict=True)))
    except IsPicture as error:
        st.session_state[PROBLEM] = f"These files can't be used: {error}. {OF_PICTURES}"
        return
    except DataError as error:
        st.session_state[PROBLEM] = f"These files can't be used: {error}."
        return
    name = f"{'image' if len(split) == 1 else 'images'} of {names[0]}"
    if n > len(split):
        name += f" (the first of {n:,})"
    st.session_state[TAKEN] = images_of(split, UPLOADED, name, "image")
