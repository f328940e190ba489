"""Images to step through on their way to the browser, and who has chosen which one.
What the browser makes of them is tested in browser/test_image_browser.py.
"""

import json
import struct
from typing import Any

import numpy as np
import pytest

from mnist_core.arrays import Array
from tests.ui.tools import give_session
from ui.components.choice import Choice
from ui.components.image_browser import MOST, Reader, image_browser
from ui.components.image_browser.message import Readings, browser_message

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (4, 28, 28), dtype=np.uint8)
OTHERS = IMAGES[::-1]
TITLES = ["one", "two", "three", "four"]
LABELS = np.array([4, 4, 9, 0], np.uint8)


def says(*digits: int | None, name: str = "MLP") -> Reader:
    """A network that reads these digits, with 0.91; None for NaN."""
    probabilities = np.full((len(digits), 10), 0.01)
    for place, digit in enumerate(digits):
        if digit is None:
            probabilities[place] = np.nan
        else:
            probabilities[place, digit] = 0.91
    return Reader(name, "#009e73", probabilities)


def readings(**changes: Any) -> Readings:
    given: dict[str, Any] = {"images": IMAGES, "titles": TITLES, "labels": LABELS, "captions": None}
    given["readers"] = [says(4, 9, 9, 6)]
    return Readings(**(given | changes))


def captions(*readers: Reader) -> list[str]:
    return [readings(readers=readers).caption(place) for place in range(4)]


def test_captions_say_the_label_and_what_is_read_instead():
    assert captions(says(4, 9, 9, 6)) == ["4", "4→9", "9", "0→6"]


def test_networks_that_disagree_share_a_caption_in_their_order():
    both = captions(says(4, 9, 9, 6), says(4, 4, 1, 6, name="CNN"))
    assert both == ["4", "4→9/4", "9→9/1", "0→6"]


def test_captions_are_explained_with_the_networks_names():
    assert readings().legend == "7→2: labelled 7, read as 2"
    both = readings(readers=[says(4, 9, 9, 6, name="CNN"), says(4, 4, 1, 6)])
    assert both.legend == "7→2: labelled 7, read as 2; 2/7: CNN says 2, MLP says 7"
    assert readings(captions=["a", "b", "c", "d"]).legend == ""


def test_a_network_that_has_diverged_reads_nothing():
    assert captions(says(4, None, 9, 6))[1] == "4→?"


def test_the_message_holds_images_probabilities_and_words():
    shown = readings(captions=["a", "b", "c", "d"])
    message = browser_message(shown, Choice(), key="k", description="some")
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    assert (header["titles"], header["labels"]) == (TITLES, LABELS.tolist())
    assert header["captions"] == ["a", "b", "c", "d"]
    assert header["readers"] == [{"name": "MLP", "colour": "#009e73"}]
    pieces = message[4 + length :]
    assert pieces[: IMAGES.size] == IMAGES.tobytes()
    probabilities = np.frombuffer(pieces[IMAGES.size :], "<f4").reshape(4, 10)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), [4, 9, 9, 6])


def test_images_in_another_order_are_other_images_whoever_reads_them():
    fingerprint = readings().fingerprint
    assert readings(readers=[says(1, 1, 1, 1)]).fingerprint == fingerprint
    assert readings(images=OTHERS).fingerprint != fingerprint
    assert readings(labels=LABELS[::-1]).fingerprint != fingerprint
    assert readings(titles=TITLES[::-1]).fingerprint != fingerprint


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"images": IMAGES / 255}, "images are uint8"),
        ({"images": IMAGES.reshape(4, 784)}, "images are uint8"),
        ({"images": IMAGES[:0]}, "between 1 and 1000 images, not 0"),
        ({"images": np.zeros((MOST + 1, 28, 28), np.uint8)}, "not 1001"),
        ({"titles": TITLES[:3]}, "4 images need 4 titles, not 3"),
        ({"labels": LABELS[:3]}, "4 images need 4 labels, not 3"),
        ({"captions": ["4"]}, "4 images need 4 captions, not 1"),
        ({"readers": [says(1, 2)]}, "need 4 probabilities of MLP, not 2"),
        ({"readers": []}, "1 to 3 networks, not 0"),
        ({"readers": [says(4, 9, 9, 6)] * 4}, "1 to 3 networks, not 4"),
        ({"labels": LABELS + 6}, "0 to 9"),
        ({"labels": np.array([-1, 0, 0, 0])}, "0 to 9"),
        ({"labels": LABELS / 1.0}, "0 to 9"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        readings(**changes)


@pytest.mark.parametrize(
    ("colour", "probabilities", "complaint"),
    [
        ("green", np.zeros((4, 10)), "#rrggbb"),
        ("#009e73", np.zeros((10, 4)), r"shape \(n, 10\)"),
        ("#009e73", np.full((4, 10), 1.5), "between 0 and 1"),
    ],
)
def test_readers_are_networks_with_probabilities(colour, probabilities, complaint):
    with pytest.raises(ValueError, match=complaint):
        Reader("MLP", colour, probabilities)


class Page:
    """A page with the browser on it, and what the browser has said last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session: dict = {}
        self.messages: list[bytes] = []
        door = "ui.components.image_browser"
        give_session(monkeypatch, door, self.session)
        monkeypatch.setattr(f"{door}._mount", lambda *, data, **_: self.messages.append(data))

    def run(self, chosen: int = 0, images: Array = IMAGES) -> int | None:
        return image_browser(
            images,
            titles=TITLES,
            labels=LABELS,
            readers=[says(4, 9, 9, 6)],
            chosen=chosen,
            key="k",
            description="some",
        )

    def reader_chooses(self, place: int, count: int, images: Array = IMAGES) -> None:
        self.session["k"] = {"chosen": [readings(images=images).fingerprint, place, count]}

    @property
    def ordered(self) -> list[int]:
        """The last order: fingerprint and place."""
        (length,) = struct.unpack_from("<I", self.messages[-1])
        return json.loads(self.messages[-1][4 : 4 + length])["ordered"]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def test_a_choice_is_answered_once_and_sends_nothing_back(shown):
    assert shown.run() is None
    shown.reader_chooses(2, count=1)
    assert shown.run(0) == 2
    assert shown.run(2) is None
    assert len(set(shown.messages)) == 1


def test_a_choice_is_answered_even_if_the_first_run_is_broken_off(shown, monkeypatch):
    def broken_off(**_: object) -> None:
        raise InterruptedError

    shown.run()
    shown.reader_chooses(2, count=1)
    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr("ui.components.image_browser._mount", broken_off)
        shown.run()
    assert shown.run() == 2


def test_the_page_chooses_after_the_reader(shown):
    shown.run()
    shown.reader_chooses(2, count=1)
    shown.run()
    assert shown.run(3) is None
    assert shown.ordered[1] == 3


def test_other_images_begin_where_the_page_says_whatever_comes_late(shown):
    shown.run()
    shown.reader_chooses(2, count=1)
    assert shown.run(0) == 2
    shown.reader_chooses(3, count=2)  # of the images that are gone when it arrives
    assert shown.run(1, OTHERS) is None
    assert shown.ordered == [readings(images=OTHERS).fingerprint, 1]
    shown.reader_chooses(2, count=3)
    assert shown.run(0, IMAGES) is None  # they are back
    assert shown.ordered == [readings().fingerprint, 0]


def test_a_place_that_is_not_there_is_refused_or_not_heard(shown):
    with pytest.raises(ValueError, match="no place 4 among 4"):
        shown.run(4)
    shown.run()
    shown.reader_chooses(7, count=1)
    assert shown.run() is None
