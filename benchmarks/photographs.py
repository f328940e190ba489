"""Prints how well digits are read from photographs: close-ups, forms, tables, pages, letters.
`python benchmarks/photographs.py [COUNT]` makes so many pictures of each kind (24).
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

# mnist_core is imported from the checkout that this file lies in, wherever it is started from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mnist_core import load_mnist, load_model
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.inspection.pictures import digits_of_picture
from tests.photographed import (
    CLEAN,
    INVERTED,
    RULINGS,
    any_look,
    drawn,
    framed,
    letters,
    page_of,
    photograph,
    tilted,
    written,
)

Maker = Callable[[np.random.Generator], tuple[Image.Image, str]]
MNIST, CNN, DETECTOR = load_mnist().test, load_model("cnn"), DigitDetector.load()


def close_up(side: int, margin: float, thicker: float, kind: str) -> Maker:
    """One digit that fills its picture."""

    def make(rng: np.random.Generator) -> tuple[Image.Image, str]:
        number = rng.integers(len(MNIST))
        label = int(MNIST.labels[number])
        cover = framed(written(MNIST.images[number], side, thicker=thicker), margin)
        looks = {"clean": CLEAN, "inverted": INVERTED}
        look = looks[kind] if kind in looks else any_look(rng, dark_paper=kind == "dark paper")
        return photograph(cover, look, rng), f"{label}"

    return make


def stroke(rng: np.random.Generator) -> tuple[Image.Image, str]:
    """A drawn digit without a margin."""
    label = int(rng.integers(10))
    return photograph(drawn(label, 300, rng), any_look(rng), rng), f"{label}"


def on_a_table(rng: np.random.Generator) -> tuple[Image.Image, str]:
    """A sheet that lies askew on a dark table."""
    number, seed = rng.integers(len(MNIST)), int(rng.integers(2**30))
    cover = np.pad(written(MNIST.images[number], int(rng.integers(80, 300))), 150)
    sheet = np.pad(np.ones((cover.shape[0] - 120, cover.shape[1] - 120)), 60)
    cover, sheet = (tilted(part, 0.06, np.random.default_rng(seed)) for part in (cover, sheet))
    taken = np.asarray(photograph(cover, any_look(rng), rng), dtype=np.float64)
    table = np.array([90, 60, 40]) + rng.normal(0, 9, cover.shape)[:, :, None]
    shown = taken * sheet[:, :, None] + table * (1 - sheet[:, :, None])
    return Image.fromarray(np.clip(shown, 0, 255).astype(np.uint8)), f"{MNIST.labels[number]}"


def page(ruling: str, grey: float, share: float, count: int, cell: int) -> Maker:
    """A page of digits with printed lines."""

    def make(rng: np.random.Generator) -> tuple[Image.Image, str]:
        chosen = rng.integers(len(MNIST), size=count)
        images, labels = MNIST.images[chosen], MNIST.labels[chosen]
        columns = min(5, count)
        made = page_of(
            images, rng, ruling=ruling, columns=columns, grey=grey, share=share, cell=cell
        )
        return photograph(tilted(made, 0.02, rng), any_look(rng), rng), "".join(map(str, labels))

    return make


def alphabet(rng: np.random.Generator) -> tuple[Image.Image, str]:
    """Letters, of which none is a digit."""
    return photograph(letters("HELKM\nAXRWN\nFTUVY", rng), any_look(rng), rng), ""


def report(name: str, make: Maker, count: int) -> None:
    """A line of shares: right digits, others that were read, marked as guesses, milliseconds."""
    rng = np.random.default_rng(0)
    total = right = extra = guessed = 0
    seconds = 0.0
    for _ in range(count):
        picture, truth = make(rng)
        start = time.perf_counter()
        sheet = digits_of_picture(picture, DETECTOR)
        seconds += time.perf_counter() - start
        answers = CNN.predict(sheet.images) if sheet.found else []
        pairs = zip(answers, sheet.objections, strict=True)
        text = "".join(f"{answer}" for answer, objection in pairs if not objection)
        blocks = SequenceMatcher(None, truth, text, autojunk=False).get_matching_blocks()
        found = sum(block.size for block in blocks)
        total, right, extra = total + len(truth), right + found, extra + len(text) - found
        guessed += sum(map(bool, sheet.guesses))
    total = max(total, 1)
    print(
        f"{name:<40} {right / total:7.1%} {extra / total:7.1%} {guessed / total:7.1%}"
        f" {1000 * seconds / count:6.0f} ms",
        flush=True,
    )


def main() -> None:
    """All kinds of pictures, a line for each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    print(f"{'':<40} {'right':>7} {'others':>7} {'guess':>7}")
    kinds = ("clean", "inverted", "photograph", "dark paper")
    for side, margin, thicker in product((20, 80, 300, 1200), (0.15, 0.05, 0.0, -0.06), (0.0, 1.5)):
        for kind in kinds:
            name = f"{kind}, {side} px, margin {margin:.0%}" + ", thick" * bool(thicker)
            report(name, close_up(side, margin, thicker, kind), count)
    report("drawn strokes, no margin", stroke, count)
    report("a sheet on a table", on_a_table, count)
    for ruling in RULINGS:
        report(f"one digit, {ruling}", page(ruling, 1.0, 0.6, 1, 300), count)
    for ruling, grey, share in product(RULINGS, (1.0, 0.5), (0.6, 0.75)):
        name = f"page, {ruling}, grey {grey}, digits {share} of a cell"
        report(name, page(ruling, grey, share, 20, 120), max(1, count // 8))
    report("letters (others: read as digits)", alphabet, count // 4)


if __name__ == "__main__":
    main()
