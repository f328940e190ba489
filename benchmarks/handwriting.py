"""Draws the sheet of handwriting in docs/, or reports how well networks read every style.
`python benchmarks/handwriting.py sheet` writes docs/handwriting.png; `report [FILE ...]` prints a
table for networks, the shipped ones when no file is named.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# mnist_core is imported from the checkout that this file lies in, wherever it is started from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mnist_core import load_model
from mnist_core.handwriting.digits import in_style
from mnist_core.handwriting.sheet import one_style
from mnist_core.handwriting.styles import STYLES

SHEET = Path(__file__).resolve().parent.parent / "docs" / "handwriting.png"
CELL, NAME, COLUMNS = 40, 270, 11  # pixels of a digit and of a style's name; digits of a style
SEED = 1990
TESTED = 400  # digits of each style
SURE = 0.9  # a confidence that deserves to be right


def sheet() -> None:
    """Write the picture: a row for each style, in two columns."""
    half = -(-len(STYLES) // 2)
    width = NAME + COLUMNS * CELL
    paper = Image.new("L", (2 * width, half * CELL), 255)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(14)
    for number, style in enumerate(STYLES):
        column, row = divmod(number, half)
        left, top = column * width, row * CELL
        words = f"{style.digit}  {style.name}{' (held out)' if style.held_out else ''}"
        pen.text((left + 8, top + CELL / 2), words, fill=60, font=font, anchor="lm")
        made = one_style(style, COLUMNS, CELL, rng=np.random.default_rng([SEED, number]))
        paper.paste(Image.fromarray(made), (left + NAME, top))
    paper.quantize(16).save(SHEET, optimize=True)
    print(f"{len(STYLES)} styles, written to docs/{SHEET.name}")


def report(names: list[str]) -> None:
    """Print the accuracy of every network on every style, and what its mistakes are."""
    models = {name: load_model(name) for name in names}
    print(f"{'':<40}" + "".join(f"{Path(name).name:>28}" for name in names))
    right = {name: np.zeros(len(STYLES)) for name in names}
    for number, style in enumerate(STYLES):
        images = in_style(style, TESTED, rng=np.random.default_rng([SEED, 1, number]))
        cells = []
        for name, model in models.items():
            answers = model.predict_proba(images)  # (N, 10)
            right[name][number] = (answers.argmax(axis=1) == style.digit).mean()
            cells.append(f"{right[name][number]:8.1%} {_mistakes(answers, style.digit):<19}")
        words = f"{style.digit} {style.name}{', held out' if style.held_out else ''}"
        print(f"{words:<40}" + "".join(cells))
    weights = np.array([style.weight for style in STYLES])
    held_out = np.array([style.held_out for style in STYLES])
    for words, which in (("styles to learn from", ~held_out), ("held-out styles", held_out)):
        means = [np.average(right[name][which], weights=weights[which]) for name in names]
        print(f"{words:<40}" + "".join(f"{mean:8.1%}{'':20}" for mean in means))


def _mistakes(answers: np.ndarray, digit: int) -> str:
    """The most frequent wrong answer, and how many wrong ones are sure."""
    said = answers.argmax(axis=1)
    wrong = said != digit
    if not wrong.any():
        return ""
    often = np.bincount(said[wrong], minlength=10)
    sure = (answers.max(axis=1)[wrong] > SURE).sum()
    return f"{often.max()} as {often.argmax()}, {sure} sure"


if __name__ == "__main__":
    action, *files = sys.argv[1:] or [""]
    if action == "sheet" and not files:
        sheet()
    elif action == "report":
        report(files or ["mlp", "cnn"])
    else:
        sys.exit("usage: python benchmarks/handwriting.py sheet | report [FILE ...]")
