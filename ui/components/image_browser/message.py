"""What the browser of images is sent: images, probabilities, and the words for them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from ui.components.choice import Choice
from ui.components.pieces import pack

MOST = 1_000  # images
MOST_READERS = 3
_COLOUR = re.compile("#[0-9a-f]{6}", re.IGNORECASE)


@dataclass(frozen=True)
class Reader:
    """A network: its name, its colour "#rrggbb", and the probability of each digit, (n, 10).

    A network that has diverged may say NaN. Raises ValueError for what is no probability.
    """

    name: str
    colour: str
    probabilities: Array

    def __post_init__(self) -> None:
        if not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"a colour is written #rrggbb, not {self.colour!r}")
        shape = self.probabilities.shape
        if len(shape) != 2 or shape[1] != CLASSES:
            raise ValueError(f"probabilities of {self.name} need a shape (n, 10), not {shape}")
        if np.any((self.probabilities < 0) | (self.probabilities > 1)):
            raise ValueError(f"probabilities of {self.name} must lie between 0 and 1")

    def reads(self, place: int) -> str:
        """The most probable digit of an image, "?" if there is none."""
        probabilities = self.probabilities[place]
        return "?" if np.isnan(probabilities).any() else str(probabilities.argmax())


@dataclass(frozen=True)
class Readings:
    """Images with their titles and labels, and who reads what in them, checked against each other.

    Raises ValueError for what `image_browser` does not take.
    """

    images: Array
    titles: Sequence[str]
    labels: Array
    readers: Sequence[Reader]
    captions: Sequence[str] | None
    fingerprint: int = field(init=False)  # of images, titles and labels

    def __post_init__(self) -> None:
        images, n = self.images, len(self.images)
        if images.shape != (n, SIDE, SIDE) or images.dtype != np.uint8:
            raise ValueError(f"images are uint8 (n, 28, 28), not {images.dtype} {images.shape}")
        if not 1 <= n <= MOST:
            raise ValueError(f"show between 1 and {MOST} images, not {n}")
        if not 1 <= len(self.readers) <= MOST_READERS:
            raise ValueError(f"show 1 to {MOST_READERS} networks, not {len(self.readers)}")
        self._check_counts(n)
        if self.labels.dtype.kind not in "ui" or not np.isin(self.labels, range(CLASSES)).all():
            raise ValueError("labels are whole numbers from 0 to 9")
        words = "\n".join(self.titles).encode()
        of_labels = crc32(self.labels.astype(np.uint8).tobytes(), crc32(words))
        object.__setattr__(self, "fingerprint", crc32(images.tobytes(), of_labels))

    def __len__(self) -> int:
        return len(self.images)

    def _check_counts(self, n: int) -> None:
        counts = {"titles": len(self.titles), "labels": len(self.labels)}
        if self.captions is not None:
            counts["captions"] = len(self.captions)
        for reader in self.readers:
            counts[f"probabilities of {reader.name}"] = len(reader.probabilities)
        for name, count in counts.items():
            if count != n:
                raise ValueError(f"{n} images need {n} {name}, not {count}")

    def caption(self, place: int) -> str:
        """ "4→9" for a 4 that is read as 9, "4→9/4" if another network reads it as 4."""
        if self.captions is not None:
            return self.captions[place]
        label = str(self.labels[place])
        said = list(dict.fromkeys(reader.reads(place) for reader in self.readers))
        return label if said == [label] else f"{label}→{'/'.join(said)}"

    @property
    def legend(self) -> str:
        """What captions mean, by an example; "" for captions that the page has written itself."""
        if self.captions is not None:
            return ""
        words = "7→2: labelled 7, read as 2"
        names = [reader.name for reader in self.readers]
        if len(names) == 2:
            return f"{words}; 2/7: {names[0]} says 2, {names[1]} says 7"
        return words


def browser_message(readings: Readings, choice: Choice, *, key: str, description: str) -> bytes:
    """Everything that is shown, with what the page has chosen of it.

    The pieces are the images, then the probabilities of each reader, float32. What the reader has
    chosen is not in it: a message that stays the same need not travel again.
    """
    header = {
        "key": key,
        "description": description,
        "fingerprint": readings.fingerprint,
        "titles": list(readings.titles),
        "labels": readings.labels.tolist(),
        "captions": [readings.caption(place) for place in range(len(readings))],
        "legend": readings.legend,
        "readers": [{"name": reader.name, "colour": reader.colour} for reader in readings.readers],
        **choice.told(),
    }
    spoken = [reader.probabilities.astype("<f4").tobytes() for reader in readings.readers]
    return pack(header, [readings.images.tobytes(), *spoken])
