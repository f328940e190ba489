"""Images one after the other, with what each network reads, and where one can go with an image."""

import streamlit as st

from mnist_core.arrays import Array
from ui.components.image_browser import Reader, image_browser
from ui.drawing import show_image
from ui.evaluate.link import CHOICES
from ui.evaluate.subjects import Images, Subjects
from ui.pages import go_to
from ui.pixels import text_of

MOST = 500  # images that one list holds


def browse(subjects: Subjects, numbers: Array, words: str, *, key: str) -> None:
    """Step through the images of these numbers (N,), at least one; `words` say what they are."""
    if len(numbers) > MOST:
        words = f"first {MOST:,} of {len(numbers):,} {words}"
        numbers = numbers[:MOST]
    listed = numbers.tolist()
    here = CHOICES.said("image", listed[0], listed)
    split = subjects.images.split
    place = image_browser(
        split.images[numbers],
        titles=[subjects.images.title(number) for number in listed],
        labels=split.labels[numbers],
        readers=[
            Reader(one.name, one.colour, one.answers.probabilities[numbers]) for one in subjects.all
        ],
        chosen=listed.index(here),
        key=CHOICES.key(f"browser_{key}"),
        description=f"{len(listed):,} {words}",
    )
    if place is not None:
        CHOICES.choose("image", here := listed[place])
    _go_on_with(subjects.images, here)


def _go_on_with(images: Images, number: int) -> None:
    """Where one can go with this image."""
    image, label = images.split.images[number], int(images.split.labels[number])
    with st.container(horizontal=True):
        if st.button("Draw on it", icon=":material/draw:", key=CHOICES.key("to_draw")):
            show_image(image)
            go_to("draw")
        key = CHOICES.key("to_backprop")
        if st.button("Take it apart in Back-propagation", icon=":material/account_tree:", key=key):
            go_to("back-propagation", digit="linked", pixels=text_of(image), label=str(label))
