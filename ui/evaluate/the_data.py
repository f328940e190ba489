"""The images themselves: how they look, which labels may be wrong, and which are duplicates."""

from functools import partial

import numpy as np
import streamlit as st

from mnist_core.arrays import CLASSES, Array
from mnist_core.evaluation.data_checks import (
    PIECES,
    Duplicates,
    class_means,
    duplicates_in_pieces,
    label_doubts,
    pixel_statistics,
    samples_per_class,
    together,
)
from ui.evaluate.browsing import browse
from ui.evaluate.subjects import Images, Subjects
from ui.evaluate.waiting import pace, progress_of
from ui.html import captioned, changing_text, in_a_row, picture
from ui.jobs import Job, ask
from ui.live import live
from ui.session import mnist
from ui.words import a_digit, percent

WORDS = ("standard deviation", "doubted label", "nearly the same")
SAMPLES = 6  # of each digit
SHOWN_PAIRS = 12
WORK = "duplicates"


def the_data(subjects: Subjects) -> None:
    """Means and samples on the left, doubtful labels on the right, duplicates below."""
    left, right = st.columns(2, gap="large")
    with left:
        _look_of(subjects.images)
    with right:
        _doubtful(subjects)
    live(
        partial(_duplicates, subjects.images),
        comparing(subjects.images),
        partial(comparing, subjects.images),
        pace=lambda job: pace([job], WORK),
    )


def _look_of(images: Images) -> None:
    st.header("The mean of each digit, and samples", anchor=False)
    split = images.split
    statistics = pixel_statistics(split)
    st.html(_sheet(images))
    st.html(
        changing_text(
            f"{statistics.images:,} {images.name}; pixels have a mean of {statistics.mean:.4f} and "
            f"a standard deviation of {statistics.std:.4f} (0 is black, 1 white); "
            f"{percent(statistics.ink, 1)} of them have ink.",
            small=True,
        )
    )


def _sheet(images: Images) -> str:
    """A column for each digit: its mean above, samples below, and how many there are."""
    split = images.split
    means = np.nan_to_num(class_means(split)) * 255
    samples = samples_per_class(split, SAMPLES, rng=np.random.default_rng(0))
    counts = np.bincount(split.labels, minlength=CLASSES)
    columns = []
    for digit in range(CLASSES):
        shown = [means[digit].astype(np.uint8), *split.images[samples[digit]]]
        alt = f"mean of {a_digit(digit)}, and {len(samples[digit])} samples"
        columns.append(
            captioned(picture(np.vstack(shown), alt=alt, width=44), f"{counts[digit]:,}")
        )
    return in_a_row(columns, gap=".4rem .5rem")


def _doubtful(subjects: Subjects) -> None:
    st.header("Labels that may be wrong", anchor=False)
    probabilities = np.mean([one.answers.probabilities for one in subjects.all], axis=0)
    doubts = label_doubts(probabilities, subjects.images.split.labels)
    if not len(doubts.images):
        st.info("There is no label that the networks doubt.")
        return
    st.caption(
        "First those images for which another digit is most probable beside the label: some are "
        "hard to read, and some labels are wrong. Judge yourself."
    )
    browse(subjects, doubts.images, "Labels that are doubted", key="doubts")


def comparing(images: Images) -> Job:
    """The search for duplicates among the training images: once for all who ask."""
    search = partial(duplicates_in_pieces, mnist().train.images, images.split.images)
    return ask((WORK, images.hash), search, PIECES)


def _duplicates(images: Images, job: Job) -> None:
    st.header("Is any of them among the training images?", anchor=False)
    if len(job.results) < job.total:
        training = f"{len(mnist().train):,} training images"
        progress_of([job], WORK, words=f"Comparing with {training}, part by part", done="")
        return
    found = together(job.results)
    exact = int((found.difference == 0).sum())
    near = len(found.difference) - exact
    st.write(
        f"**{exact:,}** {'is' if exact == 1 else 'are'} the same to the pixel, **{near:,}** nearly "
        f"the same, of {len(images):,} {images.name}. They are compared with the "
        f"{len(mnist().train):,} images that a run of yours learns from{_more(images)}."
    )
    if len(found.first):
        order = np.argsort(found.difference, kind="stable")[:SHOWN_PAIRS]
        st.html(in_a_row([_pair(images, found, int(at)) for at in order]))


def _more(images: Images) -> str:
    if images.key != "validation":
        return ""
    return "; the networks that come with this program have learned from the validation images too"


def _pair(images: Images, found: Duplicates, at: int) -> str:
    """A training image beside the one that is like it."""
    train, split = mnist().train, images.split
    first, second = int(found.first[at]), int(found.second[at])
    both: Array = np.hstack([train.images[first], split.images[second]])
    words = f"training image {first:,}, {a_digit(int(train.labels[first]))}, and "
    words += f"{images.one} {second:,}, {a_digit(int(split.labels[second]))}"
    said = f"training image {first:,},<br>{images.one} {second:,}"
    return captioned(picture(both, alt=words, width=112), said)
