"""The section on mistakes: the confusion matrix, and the worst ones as pictures."""

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.evaluation.answers import disagreements
from mnist_core.evaluation.full import Evaluation, Judged, JudgedImages
from mnist_core.report.pieces import figure, paragraph, picture, side_by_side, subheading, table
from mnist_core.words import a_digit, percent

SHOWN = 24  # mistakes of each network
ERROR = "196,84,27"  # orange, as of what speaks against an answer
STRONGEST = 0.6  # opacity behind the cell with the most images; letters on it stay readable


def mistakes(evaluation: Evaluation) -> list[str]:
    """The confusion matrix of each network, its worst mistakes, and where two disagree."""
    parts = [
        paragraph(
            "Rows are the digits of the labels, columns what they are read as. What is right "
            "stands on the diagonal; the more errors there are, the stronger the colour.",
        ),
        side_by_side([_confusion(one) for one in evaluation.judged], kind="tables"),
    ]
    for one in evaluation.judged:
        parts += _worst(evaluation.images, one)
    if len(evaluation.judged) > 1:
        parts += _disagreements(evaluation)
    return parts


def _confusion(one: Judged) -> str:
    counts = one.confusion
    errors = counts * ~np.eye(CLASSES, dtype=bool)
    most = max(int(errors.max()), 1)
    styles = {
        (i, j): f"background:rgba({ERROR},{STRONGEST * (errors[i, j] / most) ** 0.5:.2f})"
        for i, j in zip(*np.nonzero(errors), strict=True)
    }
    styles |= {(digit, digit): "color:var(--soft)" for digit in range(CLASSES)}
    digits = [str(digit) for digit in range(CLASSES)]
    rows = [
        [digit, *(str(count) if count else "" for count in row)]
        for digit, row in zip(digits, counts.tolist(), strict=True)
    ]
    caption = f"What **{one.name}** takes for what: images"
    return table(["", *digits], rows, caption, kind="confusion", styles=styles)


def _worst(images: JudgedImages, one: Judged) -> list[str]:
    """The mistakes that the network is most sure of."""
    numbers = one.answers.worst_mistakes
    if not len(numbers):
        return [subheading(f"{one.name} makes no mistake")]
    title = f"Worst mistakes of {one.name}: {_some(len(numbers), 'wrong')}, the surest first"
    answers = one.answers
    shown = [
        _digit(
            images,
            int(number),
            f"read as {a_digit(int(answers.predictions[number]))}, "
            f"{percent(float(answers.confidence[number]), 1)} sure",
        )
        for number in numbers[:SHOWN]
    ]
    return [subheading(title), side_by_side(shown, kind="digits")]


def _disagreements(evaluation: Evaluation) -> list[str]:
    """Images that two networks read differently."""
    first, second = evaluation.judged
    numbers = disagreements(first.answers, second.answers)
    if not len(numbers):
        return [subheading(f"{first.name} and {second.name} read every image alike")]
    title = f"{first.name} and {second.name} disagree: {_some(len(numbers), 'such images')}"
    shown = [
        _digit(
            evaluation.images,
            int(number),
            ", ".join(f"{one.name} {one.answers.predictions[number]}" for one in (first, second)),
        )
        for number in numbers[:SHOWN]
    ]
    return [subheading(title), side_by_side(shown, kind="digits")]


def _some(n: int, words: str) -> str:
    return f"{SHOWN} of {n:,} {words}" if n > SHOWN else f"{n} {words}"


def _digit(images: JudgedImages, number: int, words: str) -> str:
    """An image of the set with its number, its label, and something about it."""
    label = a_digit(int(images.split.labels[number])).replace(" ", "\N{NO-BREAK SPACE}")
    image: Array = images.split.images[number]
    shown = picture(image, alt=f"{images.one} {number:,}, {label}")
    return figure(shown, f"No. {number:,}, **{label}**: {words}", kind="digit")
