"""Images one after the other, with what each network reads in them."""

import streamlit as st

from mnist_core.arrays import Array
from ui.choices import EVALUATE
from ui.components.image_browser import MOST, Reader, image_browser
from ui.evaluate.going_on import go_on_with
from ui.evaluate.subjects import Subjects


def browse(subjects: Subjects, numbers: Array, words: str, *, key: str) -> None:
    """Step through the images of these numbers (N,), at least one; `words` say what they are."""
    description = f"{len(numbers):,} {words}"
    if len(numbers) > MOST:
        description = f"The first {MOST:,} of {description}"
        st.caption(f"{description}.")
        numbers = numbers[:MOST]
    listed = numbers.tolist()
    # Another network's list begins with its own worst, wherever one was in the other's.
    of = f"{subjects.images.hash} {subjects.first.fingerprint} "
    here = EVALUATE.said("image", listed[0], listed, of=of)
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
        description=description,
    )
    if place is not None:
        EVALUATE.choose("image", here := listed[place], of=of)
    go_on_with(subjects, here, key=key)
