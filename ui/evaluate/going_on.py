"""Where one can go with an image that was found here."""

import streamlit as st

from ui.choices import BACKPROP, EVALUATE
from ui.drawing import show_image
from ui.evaluate.subjects import Subjects
from ui.networks import RUNNING
from ui.pages import go_to
from ui.pixels import text_of

TAKEN_APART = (RUNNING, "mlp", "cnn")  # networks that the page Back-propagation has


def go_on_with(subjects: Subjects, number: int, *, key: str) -> None:
    """Buttons that lead to other pages with the image of that number."""
    split = subjects.images.split
    image, label = split.images[number], int(split.labels[number])
    with st.container(horizontal=True):
        if st.button("Draw on it", icon=":material/draw:", key=EVALUATE.key(f"to_draw_{key}")):
            show_image(image)
            go_to("draw")
        name = EVALUATE.key(f"to_backprop_{key}")
        if st.button("Take it apart in Back-propagation", icon=":material/account_tree:", key=name):
            chosen = {"digit": "linked", "pixels": text_of(image), "label": str(label)}
            if subjects.first.key in TAKEN_APART:
                chosen["network"] = subjects.first.key
            BACKPROP.hand_over(**chosen)
            go_to("back-propagation")
