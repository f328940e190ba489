"""Prints how many wrong answers are marked as unsure, and how many right ones are so by mistake.
`python benchmarks/doubt.py choose` compares ratios of the best two digits on the images that the
constants of mnist_core/inspection/doubt.py were chosen on, `report` prints the shares for the
shipped ratio there and on images that nothing was chosen on, `guesses` those of cut digits and of
digits on printed lines, with the share that is read right.

The shipped networks have learned from the validation images as they are. So these are varied, and
beside them stand digits in styles that no network has learned from.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

# mnist_core is imported from the checkout that this file lies in, wherever it is started from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mnist_core import load_mnist, load_model
from mnist_core.arrays import Array
from mnist_core.data.augment import AUGMENTATIONS, augment, change_thickness, warp
from mnist_core.data.mnist import Split
from mnist_core.handwriting.digits import handwritten, styles_of
from mnist_core.handwriting.writers import write
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.inspection.doubt import LEAST, RATIO, RATIO_OF_GUESSES
from mnist_core.inspection.pictures import digits_of_picture
from mnist_core.preprocess import ink_from_photo, normalize_drawing
from mnist_core.preprocess.pen import Stroke, ink_of
from tests.photographed import any_look, framed, page_of, photograph, tilted, written

MODELS = {"CNN": ("cnn",), "MLP": ("mlp",), "both": ("mlp", "cnn")}
RATIOS = (3.0, 4.0, 4.5, 5.0, 6.0, 8.0, 10.0)
# The least share of the wrong answers that are to be marked, and the largest of the right ones.
OF_WRONG, OF_RIGHT = 0.5, 0.05
COUNT = 4_000  # images of a set
SEED = 7


@cache
def model(name: str):
    """A shipped network."""
    return load_model(name)


def judged(images: Array, labels: Array, names: tuple[str, ...]) -> tuple[Array, Array]:
    """How many times as probable as the second each answer is, (N,), and whether it is wrong."""
    said = np.stack([model(name).predict_proba(images) for name in names], axis=1)  # (N, K, 10)
    likely = np.log(np.maximum(said, LEAST)).mean(axis=1)  # (N, 10), as in answer_of
    second, best = np.sort(likely, axis=1)[:, -2:].T
    return np.exp(best - second), likely.argmax(axis=1) != labels


def marked(ratios: Array, wrong: Array, least: float) -> tuple[float, float]:
    """The shares of wrong and of right answers that are marked."""
    unsure = ratios < least
    return float(unsure[wrong].mean()), float(unsure[~wrong].mean())


# ---- sets of images ------------------------------------------------------------------------------


def sets_to_choose_on() -> dict[str, Split]:
    """Validation images and held-out styles, in the ways in which strangers' digits differ."""
    rng = np.random.default_rng(SEED)
    plain = load_mnist().validation[:COUNT]
    varied = augment(plain.images, AUGMENTATIONS["handwriting"], rng=rng)
    slanted = warp(varied, shear=rng.normal(0, 0.4, len(varied)))
    ways = {
        "validation, varied": varied,
        "... and slanted": slanted,
        "... and bold": change_thickness(varied, 1.2),
        "validation, thin": change_thickness(plain.images, -1.0),
        "validation, from 15 pixels": from_few_pixels(plain.images, 15),
        "validation, from 8 pixels": from_few_pixels(plain.images, 8),
        "validation, varied, 8 pixels": from_few_pixels(varied, 8),
    }
    sets = {name: Split(images, plain.labels) for name, images in ways.items()}
    held_out = handwritten(COUNT, rng=rng, writers="held-out")
    varied = augment(held_out.images, AUGMENTATIONS["handwriting"], rng=rng)
    return sets | {
        "held-out styles": held_out,
        "held-out styles, varied": Split(varied, held_out.labels),
        "held-out styles, slanted": strangers(slant=0.6, pen=0.6, sheet=140, rng=rng),
        "held-out styles, thin": strangers(slant=0.2, pen=0.35, sheet=140, rng=rng),
        "held-out styles, bold": strangers(slant=0.2, pen=2.0, sheet=140, rng=rng),
        "held-out styles, small": strangers(slant=0.3, pen=1.0, sheet=18, rng=rng),
    }


def from_few_pixels(images: Array, side: int) -> Array:
    """Images (N, 28, 28) as they come out if a digit is but `side` pixels large."""
    size = round(28 * side / 20)
    small = [np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BOX))
             for image in images]  # fmt: skip
    return np.array([normalize_drawing(np.pad(image, 2)) for image in small])


def strangers(*, slant: float, pen: float, sheet: int, rng: np.random.Generator) -> Split:
    """Digits of held-out styles by writers who differ more than those that networks learn from.

    Args:
        slant: standard deviation of the tangent that is added to each writer's slant.
        pen: factor of the pen's width.
        sheet: pixels of the sheet's side.
        rng: where chance comes from.
    """
    images, labels = [], []
    for digit in range(10):
        styles = styles_of(digit, "held-out")
        for style in styles:
            for strokes in write(style, COUNT // 10 // len(styles), rng=rng):
                changed = restyled(strokes, rng.normal(0, slant), pen * np.exp(rng.normal(0, 0.2)))
                images.append(normalize_drawing(ink_of(changed, sheet)))
                labels.append(digit)
    return Split(np.array(images), np.array(labels, np.uint8))


def restyled(strokes: tuple[Stroke, ...], slant: float, pen: float) -> tuple[Stroke, ...]:
    """Strokes with another slant and width of the pen, four fifths of the sheet large."""
    places = [stroke.points[:, :2] - [0, 0.5] for stroke in strokes]
    places = [np.column_stack([xy[:, 0] - slant * xy[:, 1], xy[:, 1]]) for xy in places]
    low, high = (of(np.concatenate(places), axis=0) for of in (np.min, np.max))
    factor = 0.8 / (high - low).max()
    return tuple(
        replace(
            stroke,
            points=np.column_stack([factor * (xy - low) + 0.1, stroke.points[:, 2]]).astype("f4"),
            brush=factor * pen * stroke.brush,
        )
        for stroke, xy in zip(strokes, places, strict=True)
    )


def sets_to_judge_on() -> dict[str, Split]:
    """Images that nothing was chosen on. Other people's come from scikit-learn, 8x8 pixels."""
    from sklearn.datasets import load_digits

    others = load_digits()
    images = []
    for small in others.images:  # (8, 8), ink from 0 to 16
        paper = Image.fromarray((255 - 255 / 16 * np.pad(small, 1)).astype(np.uint8))
        taken = paper.resize((100, 100), Image.Resampling.BICUBIC)
        images.append(normalize_drawing(ink_from_photo(taken)))
    labels = others.target.astype(np.uint8)
    return {"MNIST test": load_mnist().test, "other people, 8x8": Split(np.array(images), labels)}


# ---- what is printed -----------------------------------------------------------------------------


def choose() -> None:
    """For each ratio: in how many sets both bars are met, the mean shares, and their room.

    Room is how far the mean shares are from the nearer bar, as a fraction of what there may be.
    """
    sets = sets_to_choose_on()
    print(f"{'':<8} {'ratio':>6} {'sets':>7} {'of wrong':>9} {'of right':>9} {'room':>6}")
    for who, names in MODELS.items():
        of_sets = [judged(split.images, split.labels, names) for split in sets.values()]
        for ratio in RATIOS:
            shares = [marked(*of_set, ratio) for of_set in of_sets]
            met = sum(wrong >= OF_WRONG and right <= OF_RIGHT for wrong, right in shares)
            of_wrong, of_right = np.mean(shares, axis=0)
            room = min((of_wrong - OF_WRONG) / (1 - OF_WRONG), 1 - of_right / OF_RIGHT)
            sets_met = f"{met} of {len(sets)}"
            print(f"{who:<8} {ratio:6g} {sets_met:>7} {of_wrong:9.1%} {of_right:9.1%} {room:6.2f}")


def report() -> None:
    """The shares on every set."""
    print(f"{'':<32}" + "".join(f"{who:>24}" for who in MODELS))
    print(f"{'':<32}" + 3 * f"{'wrong':>8}{'marked':>8}{'right':>8}")
    for name, split in (sets_to_choose_on() | sets_to_judge_on()).items():
        line = f"{name:<32}"
        for names in MODELS.values():
            ratios, wrong = judged(split.images, split.labels, names)
            of_wrong, of_right = marked(ratios, wrong, RATIO)
            line += f"{wrong.mean():8.1%}{of_wrong:8.0%}{of_right:8.1%}"
        print(line, flush=True)


def guesses() -> None:
    """For each reason of a guess: how many are read right, and the shares that are marked."""
    rng, detector = np.random.default_rng(SEED), DigitDetector.load()
    read: dict[str, list[tuple[Array, int]]] = {}
    for picture, labels in pictures_of_guesses(rng):
        sheet = digits_of_picture(picture, detector)
        if len(sheet.found) == len(labels):
            every = zip(sheet.guesses, sheet.objections, sheet.images, labels, strict=True)
            for guess, objection, image, label in every:
                if not objection:
                    read.setdefault(guess or "no guess", []).append((image, label))
    print(f"{'CNN':<48} {'digits':>7} {'right':>7} {'of wrong':>9} {'of right':>9}")
    for reason, digits in read.items():
        images, labels = (np.array(part) for part in zip(*digits, strict=True))
        ratios, wrong = judged(images, labels, ("cnn",))
        least = RATIO if reason == "no guess" else RATIO_OF_GUESSES
        of_wrong, of_right = marked(ratios, wrong, least) if wrong.any() else (np.nan, 0.0)
        share = (~wrong).mean()
        print(f"{reason[:48]:<48} {len(labels):7} {share:7.1%} {of_wrong:9.1%} {of_right:9.1%}")


def pictures_of_guesses(rng: np.random.Generator):
    """Photographs with the labels of their digits: cut by an edge, and in boxes or on lines."""
    held_out = handwritten(1_000, rng=rng, writers="held-out")
    for split in (load_mnist().validation, held_out):
        for cut in (0.04, 0.07, 0.1, 0.15, 0.2, 0.3):  # of the longest side, at the left
            for number in rng.integers(len(split), size=20):
                cover = framed(written(split.images[number], 300), -cut)
                margin = round(0.15 * max(cover.shape))
                cover = np.pad(cover, ((margin, margin), (0, margin)))
                yield photograph(cover, any_look(rng), rng), [int(split.labels[number])]
        for ruling in ("boxes", "table", "comb", "ruled", "squared"):
            for share in (0.6, 0.75, 0.9):  # of its cell
                chosen = rng.integers(len(split), size=15)
                cover = page_of(split.images[chosen], rng, ruling=ruling, share=share)
                picture = photograph(tilted(cover, 0.02, rng), any_look(rng), rng)
                yield picture, split.labels[chosen].tolist()


if __name__ == "__main__":
    actions = {"choose": choose, "report": report, "guesses": guesses}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit("usage: python benchmarks/doubt.py choose | report | guesses")
    actions[sys.argv[1]]()
