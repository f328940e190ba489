"""What travels to a map of points: the images once, and the points of each step once.

Each is a message of its own with a token, a short name made of all that it holds; the map itself
is told only which tokens it consists of.
"""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from zlib import compress

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from ui.components.pieces import pack

MOST_IMAGES = 20_000
LEVELS = 16  # greys of an image in the browser: two pixels in a byte
INT16, UINT16 = 32_767, 65_535


def _token(*pieces: bytes) -> str:
    return sha256(b"".join(pieces)).hexdigest()[:16]


@dataclass(frozen=True)
class MapImages:
    """Images uint8 (N, 28, 28) and labels (N,), 0 to 9, of the points of a map.

    To be made once for a set and kept: packing 10,000 images, about 1 MB then, takes 0.2 s. `noun`
    is what one is called ("test image"). Raises ValueError for other shapes or labels, and for no
    images or more than MOST_IMAGES.
    """

    images: Array
    labels: Array
    noun: str = "test image"

    def __post_init__(self) -> None:
        if self.images.shape[1:] != (SIDE, SIDE) or self.images.dtype != np.uint8:
            raise ValueError(
                f"uint8 images (N, 28, 28) expected, not {self.images.dtype} {self.images.shape}"
            )
        if not 1 <= len(self) <= MOST_IMAGES:
            raise ValueError(f"a map has 1 to {MOST_IMAGES:,} images, not {len(self):,}")
        _check_digits("labels", self.labels, len(self))

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def _pieces(self) -> list[bytes]:
        """Labels (N,), a byte each; compressed images, rows of 392 bytes with two pixels each."""
        greys = (self.images.reshape(len(self), -1) + np.uint16(8)) // 17  # (N, 784), 0 to 15
        pairs = (greys[:, ::2] << 4 | greys[:, 1::2]).astype(np.uint8)
        return [self.labels.astype(np.uint8).tobytes(), compress(pairs.tobytes())]

    @cached_property
    def token(self) -> str:
        """Tells these images and labels from all others."""
        return _token(*self._pieces)

    def message_for(self, key: str) -> bytes:
        """The message to the map of that key."""
        return pack({"part": "images", "key": key, "token": self.token}, self._pieces)


@dataclass(frozen=True)
class Positions:
    """Where images lie after a step, xy (2, N), and what the network says of them.

    `predictions` (N,) are digits, `confidence` (N,) is the probability of that digit, 0 to 1. The
    arrays must not change any more. Raises ValueError for other shapes or values, and for places
    that are not finite.
    """

    xy: Array
    predictions: Array
    confidence: Array

    def __post_init__(self) -> None:
        if self.xy.ndim != 2 or len(self.xy) != 2 or len(self) < 1:
            raise ValueError(f"points (2, N) expected, not {self.xy.shape}")
        if not np.isfinite(self.xy).all():
            raise ValueError("points that are not finite have no place on a map")
        _check_digits("predictions", self.predictions, len(self))
        if self.confidence.shape != (len(self),):
            raise ValueError(f"confidence ({len(self)},) expected, not {self.confidence.shape}")
        if not ((self.confidence >= 0) & (self.confidence <= 1)).all():
            raise ValueError("confidence is a probability, 0 to 1")

    def __len__(self) -> int:
        return self.xy.shape[1]

    @cached_property
    def _pieces(self) -> list[bytes]:
        """All x and all y as int16, predictions as bytes, confidence as uint16.

        The codes have one scale for both axes and reach as far as they can: a step fills the map.
        """
        low, high = self.xy.min(axis=1), self.xy.max(axis=1)  # (2,)
        middle, reach = (low + high)[:, None] / 2, (high - low).max() / 2
        codes = np.rint((self.xy - middle) / (reach or 1) * INT16)
        sure = np.rint(self.confidence * UINT16)
        return [
            codes.astype("<i2").tobytes(),
            self.predictions.astype(np.uint8).tobytes(),
            sure.astype("<u2").tobytes(),
        ]

    @cached_property
    def token(self) -> str:
        """Tells these points and predictions from all others."""
        return _token(*self._pieces)

    def message_for(self, key: str) -> bytes:
        """The message to the map of that key."""
        return pack({"part": "step", "key": key, "token": self.token}, self._pieces)


def _check_digits(name: str, digits: Array, N: int) -> None:
    """ValueError for anything but N whole numbers from 0 to 9."""
    if digits.shape != (N,) or digits.dtype.kind not in "iu":
        raise ValueError(f"{name}: integers ({N},) expected, not {digits.dtype} {digits.shape}")
    if not ((digits >= 0) & (digits < CLASSES)).all():
        raise ValueError(f"{name} must be digits, 0 to 9")
