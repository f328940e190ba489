"""Trains the network that tells digits from non-digits, or reports how well the shipped one does.
`python benchmarks/rejection.py train` writes assets/models/digit_detector.npz, `validate` prints
two tables to choose by, `report` the same of test images.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

# mnist_core is imported from the checkout that this file lies in, wherever it is started from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from non_digits import FONT_LETTERS, WITH_A_PEN, pictures, printed
from qualities import ANY_SIDE, drawn_at, worn

from mnist_core import load_mnist
from mnist_core.data.augment import AUGMENTATIONS, augment
from mnist_core.data.mnist import Dataset, Split
from mnist_core.handwriting.digits import Writers, handwritten
from mnist_core.inspection.digit_detector import DIGIT_DETECTOR_FILE, KINDS, DigitDetector
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.training.checkpoint import save_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Run
from mnist_core.training.train import train

# Non-digits to learn from, drawn as large as the sheet allows; and of any size, with the same pen.
NON_DIGITS = {"letter": 9_000, "scribble": 12_000, "lines": 3_000, "dots": 3_000}
OF_ANY_SIZE = {"letter": 9_000, "scribble": 4_500}
OTHER_NON_DIGITS = 1_500  # of every other kind
DRAWN = 12_000  # digits in the world's ways of writing, beside MNIST's; and as many of any size
WORN = 0.2  # the share of pictures that look as a poor camera shows them
WORN_DIGITS = 10_000  # of MNIST's, shown once more like this
TESTED = 1_000  # of each kind, for the report; other 1,000 to watch the training with
SIZES = (280, 120, 80, 50)  # pixels on the canvas, to report about
TURNED_AWAY = 0.006  # share of validation digits; with less, more scribbles would pass than before
FONT_FOLDERS = ("/usr/share/fonts",)  # none of their fonts was learned from
TRAINING, VALIDATION, TEST = range(3)
USUAL, POOR = "usual", "poor camera"  # columns of the report, beside those for sizes
WRITERS: dict[str, Writers] = {
    "drawn, known styles": "training", "drawn, held-out styles": "held-out",
}  # fmt: skip
Table = dict[str, dict[str, NDArray[np.uint8]]]  # kinds of pictures, and qualities of each


def non_digits(
    counts: dict[str, int], others: int, digits: Split, seed: int, *,
    kinds: Iterable[str] = KINDS, **qualities: Any,
) -> dict[str, NDArray[np.uint8]]:  # fmt: skip
    """Pictures uint8 (N, 28, 28) of every kind: N from `counts`, else `others`."""
    return {
        kind: pictures(
            kind, counts.get(kind, others), digits,
            rng=np.random.default_rng([seed, number, len(qualities)]), **qualities,
        )
        for number, kind in enumerate(KINDS)
        if kind != "digit" and kind in kinds
    }  # fmt: skip


def drawn(count: int, writers: Writers, seed: int) -> Split:
    """Digits of the world's ways of writing."""
    return handwritten(count, rng=np.random.default_rng([seed, len(KINDS)]), writers=writers)


def worn_digits(images: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Digits uint8 (N, 28, 28), bent, thicker or thinner, and then seen by a poor camera."""
    rng = np.random.default_rng([seed, len(KINDS), 1])
    varied = augment(images, AUGMENTATIONS["handwriting"], rng=rng)
    return np.array([normalize_drawing(worn(image, rng)) for image in varied])


def digits_to_learn_from(mnist: Split) -> NDArray[np.uint8]:
    """MNIST's, drawn ones with every pen, and some of both as a poor camera shows them."""
    usual = drawn(DRAWN, "training", TRAINING).images
    rng = np.random.default_rng([TRAINING, len(KINDS), 2])
    any_size = drawn_at(ANY_SIDE, DRAWN, "training", rng=rng).images
    some = round(WORN * DRAWN)
    poor = np.concatenate([mnist.images[:WORN_DIGITS], usual[:some], any_size[:some]])
    return np.concatenate([mnist.images, usual, any_size, worn_digits(poor, TRAINING)])


def labelled(digits: NDArray[np.uint8], others: dict[str, NDArray[np.uint8]]) -> Split:
    """Digits as class 0 and every kind as its own."""
    labels = [np.zeros(len(digits))]
    labels += [np.full(len(made), list(KINDS).index(kind)) for kind, made in others.items()]
    images = np.concatenate([digits, *others.values()])
    order = np.random.default_rng(0).permutation(len(images))
    return Split(images[order], np.concatenate(labels).astype(np.uint8)[order])


def to_learn_from(mnist: Split) -> Split:
    """Digits, and as many kinds of non-digits in the same qualities."""
    usual = non_digits(NON_DIGITS, OTHER_NON_DIGITS, mnist, TRAINING, worn_share=WORN)
    any_size = non_digits(
        OF_ANY_SIZE, OTHER_NON_DIGITS, mnist, TRAINING, worn_share=WORN, sides=ANY_SIDE
    )
    both = {kind: np.concatenate([usual[kind], any_size[kind]]) for kind in usual}
    return labelled(digits_to_learn_from(mnist), both)


def train_judge() -> None:
    """Train, fix the threshold on validation images, and write both to the file."""
    mnist = load_mnist()
    training = to_learn_from(mnist.train)
    validation = labelled(
        mnist.validation.images, non_digits({}, TESTED, mnist.validation, VALIDATION)
    )
    config = TrainConfig(
        model="cnn", channels=(24, 48), kernel_sizes=(3, 3), dense=(64,), initialisation="he",
        learning_rate=0.1, epochs=8, batch_size=128, train_size=len(training), threads=1,
        augmentation=AUGMENTATIONS["mild handwriting"], ema_decay=0.999,
    )  # fmt: skip
    run = Run(config, Dataset(training, validation, validation, sha256=mnist.sha256))
    for progress in train(run):
        if progress.result:
            print(f"epoch {progress.epoch}: {progress.result.validation_accuracy:.2%} right")
    of_digits = DigitDetector(run.network(), 0.5).digit_probabilities(mnist.validation.images)
    threshold = float(np.quantile(of_digits, TURNED_AWAY))
    checkpoint = run.checkpoint().without_training()
    save_checkpoint(DIGIT_DETECTOR_FILE, replace(checkpoint, config={"threshold": threshold}))
    print(f"threshold {threshold:.4f}, written to {DIGIT_DETECTOR_FILE.name}")


def digit_pictures(mnist: Split, seed: int) -> Table:
    """Digits that nothing was learned from."""
    rng = np.random.default_rng(seed)
    table = {
        "MNIST": {USUAL: mnist.images, POOR: worn_digits(mnist.images[:TESTED], seed)},
        "MNIST, bent and turned": {
            USUAL: augment(mnist.images, AUGMENTATIONS["handwriting"], rng=rng)
        },
    }
    for name, writers in WRITERS.items():
        usual = drawn(5 * TESTED, writers, seed).images
        table[name] = {USUAL: usual, POOR: worn_digits(usual[:TESTED], seed)}
        for side in SIZES:
            made = drawn_at((side, side), TESTED, writers, rng=rng)
            table[name][f"{side} px"] = made.images
    if len(coarse := digits_of_scikit_learn()):
        table["scikit-learn, 8x8 pixels"] = {USUAL: coarse}
    return table


def non_digit_pictures(mnist: Split, seed: int) -> Table:
    """Non-digits that nothing was learned from."""
    columns = {
        USUAL: non_digits({}, TESTED, mnist, seed),
        POOR: non_digits({}, TESTED, mnist, seed, worn_share=1.0),
    }
    for side in SIZES:
        drawn_ones = non_digits({}, TESTED, mnist, seed, kinds=WITH_A_PEN, sides=(side, side))
        columns[f"{side} px"] = drawn_ones
    table = {
        kind: {column: made[kind] for column, made in columns.items() if kind in made}
        for kind in columns[USUAL]
    }
    if len(letters := letters_of_unknown_fonts()):
        table["letters of unknown fonts"] = {USUAL: letters}
    return table


def report(mnist: Split, seed: int) -> None:
    """Print which digits are turned away, and which non-digits pass."""
    detector = DigitDetector.load()

    def accepted(images: NDArray[np.uint8]) -> float:
        return float((detector.digit_probabilities(images) >= detector.threshold).mean())

    print_table("digits turned away", digit_pictures(mnist, seed), lambda of: 1 - accepted(of))
    print_table("non-digits accepted", non_digit_pictures(mnist, seed), accepted)


def print_table(title: str, table: Table, share: Callable[[NDArray[np.uint8]], float]) -> None:
    """A row for each kind of picture, a column for each quality."""
    columns = [USUAL, POOR, *(f"{side} px" for side in SIZES)]
    print(f"{title:<28}" + "".join(f"{column:>13}" for column in columns))
    for name, row in table.items():
        cells = [f"{share(row[column]):13.2%}" if column in row else " " * 13 for column in columns]
        print(f"{name:<28}" + "".join(cells).rstrip(), flush=True)
    print()


def digits_of_scikit_learn() -> NDArray[np.uint8]:
    """Its 1,797 digits of 43 people, uint8 (N, 28, 28); none where it isn't installed."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        return np.empty((0, 28, 28), np.uint8)
    shades = np.rint(load_digits(return_X_y=True)[0] * (255 / 16)).astype(np.uint8)
    return np.array([normalize_drawing(sheet) for sheet in shades.reshape(-1, 8, 8)])


def letters_of_unknown_fonts() -> NDArray[np.uint8]:
    """Every letter once in every font of this machine: uint8 (N, 28, 28)."""
    rng = np.random.default_rng(TEST)
    files = sorted(file for folder in FONT_FOLDERS for file in Path(folder).rglob("*.ttf"))
    names = [file for file in files if "Math" not in file.name]
    fonts = [ImageFont.truetype(str(file), 72) for file in names]
    sheets = [printed(text, font, rng) for font in fonts for text in FONT_LETTERS]
    return np.array([normalize_drawing(sheet) for sheet in sheets], np.uint8)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["train"]:
            train_judge()
        case ["validate"]:
            report(load_mnist().validation, VALIDATION)
        case ["report"]:
            report(load_mnist().test, TEST)
        case _:
            sys.exit("usage: python benchmarks/rejection.py train|validate|report")
