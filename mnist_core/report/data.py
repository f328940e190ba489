"""The section on the images themselves: how they look, doubtful labels, and duplicates."""

import numpy as np

from mnist_core.arrays import CLASSES, SIDE
from mnist_core.evaluation.data_checks import class_means, samples_per_class
from mnist_core.evaluation.full import Evaluation
from mnist_core.report.pieces import figure, paragraph, picture, side_by_side, subheading
from mnist_core.words import a_digit, percent

SAMPLES = 5  # of each digit
SHOWN = 16  # labels in doubt, and as many duplicates


def the_data(evaluation: Evaluation) -> list[str]:
    """What is known of the images; a part may be missing."""
    parts = [_look_of(evaluation)] if evaluation.statistics is not None else []
    parts += _doubts(evaluation)
    if evaluation.duplicates is not None:
        parts += _duplicates(evaluation)
    return parts


def _look_of(evaluation: Evaluation) -> str:
    """Numbers about the pixels, and a column for each digit: its mean above samples."""
    found, split = evaluation.statistics, evaluation.images.split
    assert found is not None
    means = np.nan_to_num(class_means(split)) * 255
    samples = samples_per_class(split, SAMPLES, rng=np.random.default_rng(0))
    columns = []
    for digit in range(CLASSES):
        blank = np.zeros((SAMPLES - len(samples[digit]), SIDE, SIDE), np.uint8)
        column = [means[digit].astype(np.uint8), *split.images[samples[digit]], *blank]
        alt = f"the mean of {a_digit(digit)} above {len(samples[digit])} samples"
        words = f"**{digit}**: {found.images_per_class[digit]:,}"
        columns.append(figure(picture(np.vstack(column), alt=alt), words, kind="digit column"))
    words = (
        f"The pixels of the {found.images:,} {evaluation.images.name} have a mean of "
        f"{found.mean:.4f} and a standard deviation of {found.std:.4f} (0 is black, 1 white); "
        f"{percent(found.ink, 1)} of them have ink, and {found.blank:,} images are blank. The mean "
        "of each digit above samples, and how many there are:"
    )
    return paragraph(words) + side_by_side(columns, kind="columns")


def _doubts(evaluation: Evaluation) -> list[str]:
    """The labels that the networks doubt most."""
    doubts, images = evaluation.doubts, evaluation.images
    shown = [
        figure(
            picture(images.split.images[number], alt=f"{images.one} {number:,}"),
            f"No. {number:,}, **labelled {given}**: {suggested}?",
            kind="digit",
        )
        for number, given, suggested in zip(
            doubts.images[:SHOWN].tolist(),
            doubts.given[:SHOWN].tolist(),
            doubts.suggested[:SHOWN].tolist(),
            strict=True,
        )
    ]
    words = (
        f"{len(doubts.images):,} labels are doubted: another digit is more probable (Northcutt et "
        "al. 2021). Most are mistakes of the network, some digits are hard to read, and some "
        "labels are wrong. The most doubtful ones:"
    )
    if not shown:
        words = "There is no label that the networks doubt."
    return [
        subheading("Labels that may be wrong"),
        paragraph(words),
        side_by_side(shown, kind="digits"),
    ]


def _duplicates(evaluation: Evaluation) -> list[str]:
    """Images that are there twice."""
    found, images = evaluation.duplicates, evaluation.images
    assert found is not None
    near = len(found.difference) - found.exact
    words = (
        f"Looked for among {evaluation.among}: **{found.exact:,}** of {len(images):,} "
        f"{images.name} {'is' if found.exact == 1 else 'are'} the same to the pixel as one of "
        f"those, **{near:,}** nearly the same."
    )
    shown = [
        figure(
            picture(images.split.images[second], alt=f"{images.one} {second:,}"),
            f"No. {second:,}, as {first:,}",
            kind="digit",
        )
        for first, second in zip(
            found.first[:SHOWN].tolist(), found.second[:SHOWN].tolist(), strict=True
        )
    ]
    return [subheading("Duplicates"), paragraph(words), side_by_side(shown, kind="digits")]
