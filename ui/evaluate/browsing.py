"""Images one after the other, with what each network reads in them."""

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from ui.choices import EVALUATE
from ui.components.image_browser import MOST, Reader, image_browser
from ui.evaluate.going_on import go_on_with
from ui.evaluate.subjects import Subjects


def browse(subjects: Subjects, numbers: Array, words: str, *, key: str) -> None:
    """Step through the images of these numbers (N,), at least one; `words` say what they are."""
    description = f"{words}: {len(numbers):,} images"
    if len(numbers) > MOST:
        description += f", the first {MOST:,} of them"
        st.caption(f"The first {MOST:,} of {len(numbers):,} images.")
        numbers = numbers[:MOST]
    listed = numbers.tolist()
    # Another network's list begins with its own worst, wherever one was in the other's.
    of = f"{subjects.images.hash} {subjects.first.fingerprint} "
    here = EVALUATE.said("image", listed[0], listed, of=of)
    place = _browser(subjects, numbers, description, chosen=listed.index(here), key=key)
    if place is not None:
        EVALUATE.choose("image", here := listed[place], of=of)
    go_on_with(subjects, here, key=key)


def nothing_to_browse(subjects: Subjects, words: str, *, key: str) -> None:
    """Say so in the room that `browse` takes, so that nothing below moves.

    What keeps the room is the browser itself, out of sight (style/page.css): its height depends on
    the screen. The words come last, so that the browser stays in its place and is not built anew.
    """
    _browser(subjects, np.arange(1), words, chosen=0, key=key)
    go_on_with(subjects, 0, key=key)
    st.info(words)


def _browser(
    subjects: Subjects, numbers: Array, description: str, *, chosen: int, key: str
) -> int | None:
    """The place that was newly chosen, if any."""
    split = subjects.images.split
    return image_browser(
        split.images[numbers],
        titles=[subjects.images.title(number) for number in numbers.tolist()],
        labels=split.labels[numbers],
        readers=[
            Reader(one.name, one.colour, one.answers.probabilities[numbers]) for one in subjects.all
        ],
        chosen=chosen,
        key=EVALUATE.key(f"browser_{key}"),
        description=description,
    )
