"""Images one after the other, with what each network reads, and where one can go with an image."""

import streamlit as st

from mnist_core.arrays import Array
from ui.choices import BACKPROP, EVALUATE
from ui.components.image_browser import Reader, image_browser
from ui.drawing import show_image
from ui.evaluate.subjects import Subjects
from ui.networks import RUNNING
from ui.pages import go_to
from ui.pixels import text_of

MOST = 500  # images that one list holds
TAKEN_APART = (RUNNING, "mlp", "cnn")  # networks that the page Back-propagation has


def browse(subjects: Subjects, numbers: Array, words: str, *, key: str) -> None:
    """Step through the images of these numbers (N,), at least one; `words` say what they are."""
    if len(numbers) > MOST:
        words = f"first {MOST:,} of {len(numbers):,} {words}"
        numbers = numbers[:MOST]
    listed = numbers.tolist()
    here = EVALUATE.said("image", listed[0], listed)
    split = subjects.images.split
    place = image_browser(
        split.images[numbers],
        titles=[subjects.images.title(number) for number in listed],
        labels=split.labels[numbers],
        readers=[
            Reader(one.name, one.colour, one.answers.probabilities[numbers]) for one in subjects.all
        ],
        chosen=listed.index(here),
        key=EVALUATE.key(f"browser_{key}"),
        description=f"{len(listed):,} {words}",
    )
    if place is not None:
        EVALUATE.choose("image", here := listed[place])
    _go_on_with(subjects, here)


def _go_on_with(subjects: Subjects, number: int) -> None:
    """Where one can go with this image."""
    split = subjects.images.split
    image, label = split.images[number], int(split.labels[number])
    with st.container(horizontal=True):
        if st.button("Draw on it", icon=":material/draw:", key=EVALUATE.key("to_draw")):
            show_image(image)
            go_to("draw")
        key = EVALUATE.key("to_backprop")
        if st.button("Take it apart in Back-propagation", icon=":material/account_tree:", key=key):
            chosen = {"digit": "linked", "pixels": text_of(image), "label": str(label)}
            if subjects.first.key in TAKEN_APART:
                chosen["network"] = subjects.first.key
            BACKPROP.hand_over(**chosen)
            go_to("back-propagation")
