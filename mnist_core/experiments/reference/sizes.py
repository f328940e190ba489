"""Two training sizes, and whether the numbers bear out what the report said of them."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from mnist_core.data.mnist import VALIDATION_SIZE
from mnist_core.experiments.runner import Finished
from mnist_core.words import MINUS, percent

LEVEL = 0.9  # the accuracy whose first epoch is looked for
LATE = 20  # epochs at the end, over which the slope is measured
SURE = 2.0  # standard errors: a smaller difference may be chance
HEAD_START = 0.02  # accuracy: two runs are as far as each other if they differ by less
ALIKE = 1.5  # times: two slopes of at most this ratio are about the same
FLAT = 5e-5  # accuracy an epoch: slopes below it are none

Verdict = Literal["supported", "supported in part", "refuted", "not decided"]


@dataclass(frozen=True)
class Course:
    """One run in numbers: accuracies 0..1, epochs from 1."""

    images: int
    epochs: int
    steps_per_epoch: int
    training: float  # at the end
    validation: float
    highest: float  # validation, at any epoch
    highest_epoch: int
    reaches: int | None  # the first epoch with LEVEL in validation
    late: int  # epochs that the slope is of
    slope: float  # of validation, an epoch
    curve: tuple[float, ...]  # validation after each epoch
    judged: tuple[int, int]  # training and validation images that the accuracies are of

    @property
    def gap(self) -> float:
        """Training minus validation at the end: positive where the network is overfitted."""
        return self.training - self.validation

    @property
    def gap_error(self) -> float:
        """Standard error of the gap: both are shares of a sample of images."""
        seen, held_out = self.judged
        return sqrt(_variance(self.training, seen) + _variance(self.validation, held_out))


@dataclass(frozen=True)
class Statement:
    """What the report said, whether the numbers support it, and these numbers in words."""

    claim: str
    verdict: Verdict
    words: str


def course(run: Finished, validation_images: int) -> Course | None:
    """A run in numbers; None of one that did not come to its end."""
    if run.status != "finished":
        return None
    reached = np.array([result.validation_accuracy for result in run.history])
    late = min(LATE, len(reached))
    there = reached >= LEVEL
    size = run.config.train_size
    return Course(
        images=size,
        epochs=len(reached),
        steps_per_epoch=run.config.steps_per_epoch,
        training=run.history[-1].train_accuracy,
        validation=float(reached[-1]),
        highest=float(reached.max()),
        highest_epoch=int(reached.argmax()) + 1,
        reaches=int(there.argmax()) + 1 if there.any() else None,
        late=late,
        slope=float(np.polyfit(np.arange(late), reached[-late:], 1)[0]) if late > 1 else 0.0,
        curve=tuple(reached.tolist()),
        judged=(min(size, VALIDATION_SIZE), validation_images),
    )


def claims(few: int, many: int) -> list[str]:
    """The report's three statements on overfitting, of so few and of so many images."""
    return [
        f"With {few:,} images training and validation are further apart.",
        f"With {many:,} images the maximum is higher, and the curve rises much sooner.",
        "Late in the run both climb at about the same rate.",
    ]


def statements(few: Course, many: Course, faster: Course | None) -> list[Statement]:
    """Whether the numbers bear the claims out. `faster` is few's run at a higher rate."""
    found = [_gaps(few, many, faster), _height_and_speed(few, many), _late_slopes(few, many)]
    return [
        Statement(claim, verdict, words)
        for claim, (verdict, words) in zip(claims(few.images, many.images), found, strict=True)
    ]


def _gaps(few: Course, many: Course, faster: Course | None) -> tuple[Verdict, str]:
    difference = abs(few.gap) - abs(many.gap)
    error = sqrt(few.gap_error**2 + many.gap_error**2)
    verdict = _verdict(difference, error)
    words = [
        f"At the end training and validation are {points(abs(few.gap))} apart with "
        f"{few.images:,} images and {points(abs(many.gap))} with {many.images:,} (a difference of "
        f"less than {points(SURE * error)} may be chance)."
    ]
    if abs(few.gap) <= SURE * few.gap_error:
        words.append(f"So the network of {few.images:,} images is not overfitted yet.")
    elif few.gap < 0:
        words.append(
            "With so few it is validation that stands higher: the training images are harder to "
            "read than the validation images, and nothing is learned by heart yet. That is no "
            "overfitting."
        )
    else:
        words.append("Training stands higher, as overfitting has it.")
    if faster is not None:
        words.append(_by_heart(faster))
    return verdict, " ".join(words)


def _by_heart(faster: Course) -> str:
    """Whether the small set is overfitted where training goes on to its end."""
    reached = (
        f"With 100 times the learning rate the same {faster.images:,} images reach "
        f"{percent(faster.training, 1)} in training and {percent(faster.validation, 1)} in "
        "validation: "
    )
    if faster.gap > SURE * faster.gap_error:
        return f"{reached}there overfitting shows, with a gap of {points(faster.gap)}."
    return f"{reached}no overfitting there either."


def _height_and_speed(few: Course, many: Course) -> tuple[Verdict, str]:
    error = sqrt(_variance(few.highest, few.judged[1]) + _variance(many.highest, many.judged[1]))
    higher = _verdict(many.highest - few.highest, error)
    words = [
        f"The maximum is {percent(many.highest, 1)} with {many.images:,} images and "
        f"{percent(few.highest, 1)} with {few.images:,}.",
        f"{percent(LEVEL, 0)} is reached {_when(many)} and {_when(few)}.",
    ]
    if many.reaches and (not few.reaches or many.reaches < few.reaches):
        sooner: Verdict = "supported"
        if many.steps_per_epoch > few.steps_per_epoch:
            words.append(_in_steps(few, many))
    elif many.reaches == few.reaches:
        sooner = "refuted" if many.reaches else "not decided"
    else:
        sooner = "refuted"
    verdict: Verdict = higher
    if sooner != higher:
        verdict = "supported in part" if "supported" in (sooner, higher) else "refuted"
    return verdict, " ".join(words)


def _in_steps(few: Course, many: Course) -> str:
    """How far the larger run was when it had taken as many steps as the smaller one has in all."""
    steps = few.steps_per_epoch * few.epochs
    epochs, rest = divmod(steps, many.steps_per_epoch)
    said = (
        f"But an epoch has {many.steps_per_epoch:,} steps there and {few.steps_per_epoch:,} here: "
        f"all {few.epochs} epochs of {few.images:,} images are {steps:,} steps, as many as "
        f"{steps / many.steps_per_epoch:.3g} epochs of {many.images:,}."
    )
    if rest or not 0 < epochs <= many.epochs:
        return said
    there, here = many.curve[epochs - 1], few.validation
    said += f" After as many steps the runs read {percent(there, 1)} and {percent(here, 1)}"
    return f"{said}: the head start is one of steps." if here > there - HEAD_START else f"{said}."


def _late_slopes(few: Course, many: Course) -> tuple[Verdict, str]:
    slow, fast = sorted((few.slope, many.slope))
    verdict: Verdict
    if max(abs(slow), abs(fast)) < FLAT:
        verdict, said = "supported", "Neither climbs any more."
    elif slow > 0 and fast <= ALIKE * slow:
        verdict, said = "supported", f"One is {fast / slow:.2g} times the other."
    else:
        verdict = "refuted"
        quicker, other = (few, many) if few.slope > many.slope else (many, few)
        if other.slope > 0:
            times = quicker.slope / other.slope
            said = f"{quicker.images:,} images climb {times:.2g} times as fast."
        else:
            said = (
                f"Only {quicker.images:,} images still climb."
                if quicker.slope > 0
                else ("Neither climbs, but they fall at different rates.")
            )
    words = (
        f"Over the last {min(few.late, many.late)} epochs validation changes by "
        f"{slope_in_words(few)} an epoch with {few.images:,} images, and by "
        f"{slope_in_words(many)} with {many.images:,}. {said} "
        f"(Up to {ALIKE:g} times counts as about the same.)"
    )
    return verdict, words


def _verdict(difference: float, error: float) -> Verdict:
    """Of a difference that is said to be positive, by its standard error."""
    if abs(difference) <= SURE * error:
        return "not decided"
    return "supported" if difference > 0 else "refuted"


def _variance(share: float, images: int) -> float:
    return share * (1 - share) / images


def _when(one: Course) -> str:
    if one.reaches is None:
        return f"in none of {one.epochs} epochs with {one.images:,}"
    return f"in epoch {one.reaches} with {one.images:,} images"


def slope_in_words(one: Course) -> str:
    """How much validation changes in an epoch: "+0.031 points"."""
    return f"{100 * one.slope:+.3f} points".replace("-", MINUS)


def points(share: float) -> str:
    """A difference of two shares, 0..1, in percentage points."""
    value = f"{100 * share:.1f}".replace("-", MINUS)
    return f"{value} point{'' if value == '1.0' else 's'}"
