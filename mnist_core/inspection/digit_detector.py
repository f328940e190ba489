"""Says when a picture is no digit at all, and why: a network can only answer with one of ten.
A small network of its own has learned to tell digits from letters, scribbles, lines and the like.

It looks at the picture alone, not at a network's answer, so one detector serves every network.
Its classes are kinds of pictures: the most probable one is the reason that is given.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER
from mnist_core.training.checkpoint import CheckpointError, load_checkpoint

DIGIT_DETECTOR_FILE = MODELS_FOLDER / "digit_detector.npz"
# What the classes of the detecting network mean, and how they are called.
KINDS = {
    "digit": "a digit",
    "letter": "a letter",
    "scribble": "a scribble",
    "lines": "lines",
    "dots": "dots",
    "texture": "a texture or a picture of something else",
    "several": "several digits at once",
}
DOT_SIDE = 0.06  # of the sheet's side; what is not larger than this is where a pen touched it
COVERED = 0.6  # of the sheet; no digit takes so much ink


@dataclass(frozen=True)
class DigitDetector:
    """A network whose class 0 is "digit", and how probable that must be."""

    network: Sequential
    threshold: float

    @classmethod
    def load(cls, path: Path = DIGIT_DETECTOR_FILE) -> Self:
        """The detector in a file; CheckpointError, with the file's name, if it is none."""
        try:
            checkpoint = load_checkpoint(path)
            threshold = checkpoint.config.get("threshold")
            if not isinstance(threshold, float) or not 0 <= threshold <= 1:
                raise CheckpointError("it does not say how probable a digit must be")
            return cls(checkpoint.network(), threshold)
        except CheckpointError as error:
            raise CheckpointError(f"{path.name} can't be used: {error}") from error

    def digit_probabilities(self, images: Array) -> Array:
        """How probably each image, uint8 (N, 28, 28), is a digit at all: (N,)."""
        return self.network.predict_proba(images)[:, 0]

    def objection(self, image: Array, ink: Array | None = None) -> str:
        """Why an image, uint8 (28, 28) in MNIST's form, is no digit; "" if it may be one.

        `ink`, uint8 (H, W), is the whole sheet that the image was cut from, where there is one:
        how much of it is inked can't be seen in the image any more.
        """
        if not image.any():
            return "There is nothing on it."
        if ink is not None and (words := _about_the_sheet(ink)):
            return words
        kind = self.kind(image)
        return "" if kind == "digit" else f"It looks more like {KINDS[kind]}."

    def kind(self, image: Array) -> str:
        """What an image, uint8 (28, 28) in MNIST's form, is taken for: a key of KINDS."""
        kinds = self.network.predict_proba(image[None])[0, : len(KINDS)]
        if kinds[0] >= self.threshold:
            return "digit"
        return list(KINDS)[1 + int(kinds[1:].argmax())]


def _about_the_sheet(ink: Array) -> str:
    """What can be said without any network, in a sentence; "" if that is nothing."""
    inked = ink > 127
    rows, columns = (np.flatnonzero(np.any(inked, axis=axis)) for axis in (1, 0))
    if not len(rows):
        return "There is hardly any ink."
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    if side <= DOT_SIDE * max(ink.shape):
        return "It is only a dot."
    if inked.mean() > COVERED:
        return "Nearly all of it is covered with ink."
    return ""
