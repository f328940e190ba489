"""The closer looks at an answer: what one learns from each, with an example, and which is open."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from mnist_core.arrays import SIDE, Array
from mnist_core.handwriting.sheet import one_digit
from mnist_core.inspection.saliency import smoothed_saliency
from ui.choices import DRAW
from ui.components.tiles import tiles_image
from ui.html import picture
from ui.session import mnist, shipped

SEES, MOVE, WHY = "What the network sees", "Move and turn it", "Why this answer"
OWN_DIGITS, PHOTOGRAPHS = "Your own digits", "Photographs and pages"
WORLD = "Around the world"
OPEN = "look"  # the choice of the one that is open
CARD = 193  # pixels: six stand side by side on a page 1,200 wide
PAPER, INK = 235, 40  # grey levels of a photograph


@dataclass(frozen=True)
class Look:
    """A closer look: its name, and what one learns from it."""

    name: str
    learned: str
    follows_the_pen: bool = False


LOOKS = (
    Look(WHY, "Which pixels, hidden units and training images it rests on", True),
    Look(SEES, "From your strokes to 28x28 pixels, step by step", True),
    Look(MOVE, "How far it may be shifted and turned until it is misread", True),
    Look(WORLD, "How people of many countries write this digit", True),
    Look(OWN_DIGITS, "How well your writing is read; correct it and teach it"),
    Look(PHOTOGRAPHS, "Many digits on a sheet, found and read one by one"),
)


def say_look() -> None:
    """Let the address say which one is open; to be called with each run of the whole page."""
    DRAW.said(OPEN, None, [look.name for look in LOOKS])


def open_look() -> Look | None:
    """The closer look that is open."""
    name = st.session_state[DRAW.key(OPEN)]
    return next((look for look in LOOKS if look.name == name), None)


def choice_of_look() -> Look | None:
    """A card for each closer look; the one that is open, if there is one."""
    st.header("Look closer", anchor=False)
    opened = open_look()
    with st.container(horizontal=True, gap="xsmall", key="looks"):
        for look in LOOKS:
            is_open = look is opened
            key = f"card_{look.name.split()[0].lower()}"
            with st.container(border=True, width=CARD, height="stretch", key=key):
                st.html(picture(_example(look.name), alt="", width=72))
                st.button(
                    look.name,
                    key=f"look_{look.name}",
                    type="primary" if is_open else "secondary",
                    width="stretch",
                    on_click=_open,
                    args=(None if is_open else look.name,),
                )
                st.caption("Open below: press again to close" if is_open else look.learned)
    return opened


def _open(name: str | None) -> None:
    DRAW.choose(OPEN, name)


@st.cache_resource(show_spinner=False)
def _example(name: str) -> Array:
    """A small picture of what a closer look shows, uint8 (H, W) or (H, W, 3)."""
    test = mnist().test
    digits = [test.images[np.flatnonzero(test.labels == digit)[0]] for digit in range(10)]
    if name == WHY:
        rng = np.random.default_rng(0)
        saliency = smoothed_saliency(shipped("cnn"), digits[3], 3, rng=rng)  # (28, 28)
        return np.asarray(tiles_image(saliency[None], columns=1, pixel=1, gap=0))
    if name == SEES:
        large = Image.fromarray(digits[2]).resize((112, 112), Image.Resampling.BICUBIC)
        seen = Image.fromarray(digits[2]).resize((112, 112), Image.Resampling.NEAREST)
        return np.where(np.arange(112) < 56, np.asarray(large), np.asarray(seen))
    if name == MOVE:
        turned = Image.fromarray(digits[7]).rotate(25, Image.Resampling.BICUBIC)
        return np.roll(np.asarray(turned), 4, axis=1)
    if name == WORLD:
        return 255 - one_digit(1, (2, 2), 2 * SIDE, rng=np.random.default_rng(3))
    if name == OWN_DIGITS:
        return _sheet(digits[1:5], columns=2)
    photograph = _sheet(digits[4:8], columns=2).astype(np.float32)  # (56, 56)
    return (PAPER - photograph * ((PAPER - INK) / 255)).astype(np.uint8)


def _sheet(images: list[Array], *, columns: int) -> Array:
    """Digits side by side, uint8 (rows 28, columns 28)."""
    rows = [np.hstack(images[start : start + columns]) for start in range(0, len(images), columns)]
    assert rows[0].shape == (SIDE, columns * SIDE)
    return np.vstack(rows)
