"""What the page judges: one network or two, and the images that they are judged by."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.mnist import Split
from mnist_core.evaluation.answers import Answers, answers_of
from mnist_core.nn.network import Sequential
from mnist_core.runs.snapshots import Snapshot
from ui.networks import Predictor, fingerprint
from ui.session import mnist

UPLOADED = "uploaded"  # the key of images from files of a visitor's
ANSWERS = 24  # of all visitors that are kept: a megabyte each


@dataclass(frozen=True)
class Images:
    """Labelled images: what they are called, and a hash that no others have."""

    key: str  # "test", "validation", "own", "uploaded"
    name: str  # many of them, as in "10,000 test images"
    one: str  # one of them, as in "test image 1,234"
    split: Split
    hash: str

    def __len__(self) -> int:
        return len(self.split)

    def title(self, number: int) -> str:
        """An image by its number."""
        return f"{self.one.capitalize()} {number:,}"


@dataclass(frozen=True)
class Judged:
    """A network by its key, and what it says of the images; `snapshot` is there if it is a run."""

    key: str
    predictor: Predictor
    images: Images
    snapshot: Snapshot | None = None

    @property
    def name(self) -> str:
        """The network's name."""
        return self.predictor.name

    @property
    def colour(self) -> str:
        """The network's colour."""
        return self.predictor.colour

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same network."""
        return fingerprint(self.predictor.network)

    @cached_property
    def answers(self) -> Answers:
        """What the network says of all images; worked out once for all visitors."""
        return _answers(
            self.fingerprint, self.images.hash, self.predictor.network, self.images.split
        )

    @property
    def has_seen_validation(self) -> bool:
        """Whether it has learned from the validation images: shipped networks have."""
        return bool(self.predictor.shipped_as)


@dataclass(frozen=True)
class Subjects:
    """What is judged: a network, perhaps another beside it, and the images."""

    images: Images
    first: Judged
    second: Judged | None

    @property
    def all(self) -> tuple[Judged, ...]:
        """One network or two."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @cached_property
    def key(self) -> str:
        """The same for the same networks and images."""
        return " ".join([self.images.hash, *(one.fingerprint for one in self.all)])


@st.cache_resource(max_entries=ANSWERS, show_spinner=False)
def _answers(network: str, images: str, _network: Sequential, _split: Split) -> Answers:
    """What the network of that fingerprint says of the images of that hash."""
    return answers_of(_network, _split)


def mnist_images(key: str) -> Images:
    """MNIST's "test" or "validation" images."""
    split = mnist().test if key == "test" else mnist().validation
    return Images(key, f"{key} images", f"{key} image", split, f"mnist {key}")


def images_of(split: Split, key: str, name: str, one: str) -> Images:
    """Images of a visitor's, with a hash of what is in them."""
    return Images(key, name, one, split, _hash(split.images, split.labels))


def _hash(*arrays: Array) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
