"""Trains the network that tells digits from non-digits, or reports how well the shipped one does.
`python benchmarks/rejection.py train` writes assets/models/digit_detector.npz, `report` prints two
tables.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

# mnist_core is imported from the checkout that this file lies in, wherever it is started from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from non_digits import FONT_LETTERS, pictures, printed

from mnist_core import load_mnist
from mnist_core.data.augment import AUGMENTATIONS, augment
from mnist_core.data.mnist import Dataset, Split, joined
from mnist_core.handwriting.digits import Writers, handwritten
from mnist_core.inspection.digit_detector import DIGIT_DETECTOR_FILE, KINDS, DigitDetector
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.training.checkpoint import save_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Run
from mnist_core.training.train import train

NON_DIGITS = {"letter": 12_000, "scribble": 8_000}  # to learn from: the two that are most alike
OTHER_NON_DIGITS = 3_000  # of every other kind
DRAWN = 15_000  # digits in the world's ways of writing, beside MNIST's
TESTED = 1_000  # of each kind, for the report; other 1,000 to watch the training with
TURNED_AWAY = 0.006  # share of validation digits: a bar of 1 % on others, with some to spare
FONT_FOLDERS = ("/usr/share/fonts",)  # none of their fonts was learned from
TRAINING, VALIDATION, TEST = range(3)


def non_digits(
    counts: dict[str, int], others: int, digits: Split, seed: int
) -> dict[str, NDArray[np.uint8]]:
    """Pictures uint8 (N, 28, 28) of every kind: N from `counts`, else `others`."""
    return {
        kind: pictures(
            kind, counts.get(kind, others), digits, rng=np.random.default_rng([seed, number])
        )
        for number, kind in enumerate(KINDS)
        if kind != "digit"
    }


def drawn(count: int, writers: Writers, seed: int) -> Split:
    """Digits of the world's ways of writing."""
    return handwritten(count, rng=np.random.default_rng([seed, len(KINDS)]), writers=writers)


def labelled(digits: NDArray[np.uint8], others: dict[str, NDArray[np.uint8]]) -> Split:
    """Digits as class 0 and every kind as its own."""
    labels = [np.zeros(len(digits))]
    labels += [np.full(len(made), list(KINDS).index(kind)) for kind, made in others.items()]
    images = np.concatenate([digits, *others.values()])
    order = np.random.default_rng(0).permutation(len(images))
    return Split(images[order], np.concatenate(labels).astype(np.uint8)[order])


def train_judge() -> None:
    """Train, fix the threshold on validation images, and write both to the file."""
    mnist = load_mnist()
    made = non_digits(NON_DIGITS, OTHER_NON_DIGITS, mnist.train, TRAINING)
    held_out = non_digits({}, TESTED, mnist.validation, VALIDATION)
    digits = joined(mnist.train, drawn(DRAWN, "training", TRAINING))
    training = labelled(digits.images, made)
    validation = labelled(mnist.validation.images, held_out)
    config = TrainConfig(
        model="cnn", channels=(16, 32), kernel_sizes=(3, 3), dense=(64,), initialisation="he",
        learning_rate=0.1, epochs=6, batch_size=128, train_size=len(training), threads=2,
        augmentation=AUGMENTATIONS["mild"],
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


def report() -> None:
    """Digits that are turned away, and non-digits that pass."""
    mnist, detector = load_mnist(), DigitDetector.load()
    print(f"{'digits':<28} {'turned away':>12}")
    varied = augment(
        mnist.test.images, AUGMENTATIONS["handwriting"], rng=np.random.default_rng(TEST)
    )
    for name, digits in {
        "validation": mnist.validation.images,
        "test": mnist.test.images,
        "test, bent and turned": varied,
        "drawn, known styles": drawn(10 * TESTED, "training", TEST).images,
        "drawn, held-out styles": drawn(10 * TESTED, "held-out", TEST).images,
    }.items():
        away = (detector.digit_probabilities(digits) < detector.threshold).mean()
        print(f"{name:<28} {away:12.2%}")
    print(f"\n{'non-digits':<28} {'accepted':>12}")
    made = non_digits({}, TESTED, mnist.test, TEST)
    if len(letters := letters_of_unknown_fonts()):
        made["letters of unknown fonts"] = letters
    for kind, images in made.items():
        accepted = (detector.digit_probabilities(images) >= detector.threshold).mean()
        print(f"{kind:<28} {accepted:12.2%}")


def letters_of_unknown_fonts() -> NDArray[np.uint8]:
    """Every letter once in every font of this machine: uint8 (N, 28, 28)."""
    rng = np.random.default_rng(TEST)
    files = sorted(file for folder in FONT_FOLDERS for file in Path(folder).rglob("*.ttf"))
    names = [file for file in files if "Math" not in file.name]
    fonts = [ImageFont.truetype(str(file), 72) for file in names]
    sheets = [printed(text, font, rng) for font in fonts for text in FONT_LETTERS]
    return np.array([normalize_drawing(sheet) for sheet in sheets], np.uint8)


if __name__ == "__main__":
    actions = {"train": train_judge, "report": report}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit("usage: python benchmarks/rejection.py train|report")
    actions[sys.argv[1]]()
