"""A visitor's own files as images to judge by: where they are chosen, and what is said of them."""

from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from mnist_core.data.idx import DataError
from mnist_core.data.split import Split, turned
from mnist_core.data.uploaded import MAX_IMAGES, IsPicture, uploaded_split
from mnist_core.evaluation.orientation import Orientation, orientation
from ui.choices import EVALUATE
from ui.evaluate.subjects import UPLOADED, Images, images_of
from ui.words import plain_name, spelled

FILES, PROBLEM, TAKEN, TURNED = (
    EVALUATE.key(name) for name in ("files", "problem", "uploaded", "turned")
)
MAX_MEGABYTES = 64
LONGEST_NAME = 60
OF_PICTURES = "Digits in pictures are read on the page Draw, under “Photographs and pages”."
TURN = "Turn the images"


@dataclass(frozen=True)
class Taken:
    """Files that were read: their images, how these lie, and what was left alone, in words."""

    split: Split
    name: str
    lies: Orientation
    left: tuple[str, ...]

    @cached_property
    def images(self) -> Images:
        """The images as they are."""
        return images_of(self.split, UPLOADED, self.name, "image")

    @cached_property
    def turned(self) -> Images:
        """The images with rows and columns exchanged."""
        return images_of(turned(self.split), UPLOADED, f"{self.name}, turned", "image")


def uploaded_images() -> Images | None:
    """The images of the files that were chosen, and a place to choose some; None without any."""
    with st.popover("Choose files", icon=":material/upload_file:"):
        st.file_uploader(
            "A ZIP, an .npz or CSV file, or IDX files: images and labels",
            accept_multiple_files=True,
            max_upload_size=MAX_MEGABYTES,
            key=FILES,
            on_change=_take_files,
        )
        if problem := st.session_state.get(PROBLEM):
            st.error(problem)  # the open popover covers the page's own
        st.caption(
            "28x28 pixels, from 0 to 255, and a digit from 0 to 9 as label; in CSV a row of 785 "
            f"numbers for each. Of a larger set the first {MAX_IMAGES:,} images are used."
        )
    taken: Taken | None = st.session_state.get(TAKEN)
    if taken is None:
        if not st.session_state.get(PROBLEM):
            st.info(
                "Choose images with their labels: a data set like MNIST, as IDX files, in a ZIP, "
                "as .npz or as CSV."
            )
        return None
    if taken.lies.is_sideways and st.checkbox(TURN, key=TURNED, persist_state="session"):
        return taken.turned
    return taken.images


def say_of_files() -> None:
    """What there is to say of the chosen files, below the row in which they are chosen."""
    if problem := st.session_state.get(PROBLEM):
        st.error(problem)
    taken: Taken | None = st.session_state.get(TAKEN)
    if taken is None:
        return
    if taken.lies.is_sideways and not st.session_state.get(TURNED):
        st.warning(
            f"These digits lie on their side, as EMNIST's do: {taken.lies.in_words}. "
            f"“{TURN}” puts them upright."
        )
    for words in taken.left:
        st.caption(f"{spelled(words)}.")


def _take_files() -> None:
    """Read the files; or note why that can't be done, and keep those from before."""
    files = st.session_state[FILES]
    st.session_state[PROBLEM] = ""
    if not files:
        return
    names = [plain_name(file.name, LONGEST_NAME) or "a file" for file in files]
    if len(set(names)) < len(names):  # cut short, or from two folders
        names = [f"{name}, file {place}" for place, name in enumerate(names, 1)]
    left: list[str] = []
    try:
        contents = [file.getvalue() for file in files]
        split, n = uploaded_split(dict(zip(names, contents, strict=True)), left.append)
    except IsPicture as error:
        st.session_state[PROBLEM] = (
            f"These files can't be used: {spelled(str(error))}. {OF_PICTURES}"
        )
        return
    except DataError as error:
        st.session_state[PROBLEM] = f"These files can't be used: {spelled(str(error))}."
        return
    name = f"{'image' if len(split) == 1 else 'images'} of {names[0]}"
    if n > len(split):
        name += f" (the first of {n:,})"
    st.session_state[TURNED] = False
    st.session_state[TAKEN] = Taken(split, name, orientation(split), tuple(left))
