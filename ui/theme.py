"""Colours and sizes, once for all pages: the same colour for the same thing everywhere."""

from mnist_core.figures.colours import CNN as CNN
from mnist_core.figures.colours import MARK as MARK
from mnist_core.figures.colours import MLP as MLP
from mnist_core.figures.colours import MODELS as MODELS
from mnist_core.figures.colours import NEGATIVE as NEGATIVE
from mnist_core.figures.colours import OTHER
from mnist_core.figures.colours import OWN as OWN
from mnist_core.figures.colours import POSITIVE as POSITIVE
from mnist_core.figures.colours import TRAINING as TRAINING
from mnist_core.figures.colours import VALIDATION as VALIDATION

# The visitor's networks that can be compared with the run, OWN.
BEST = OTHER
TAUGHT = "#a41dbf"
LOADED = "#3355ff", "#0080ff"  # in turn

# Runs that lie over each other in a chart, in turn.
RUNS = ["#3355ff", "#d55e00", "#009e73", "#aa4499", "#0080ff", "#a64c3a", "#cc79a7", "#a41dbf"]

# Told apart by colour-blind eyes, on white and on black.
DIVERGED = "#d13438"  # the place where a run had to end
FLOAT64, FLOAT32 = "#2b8a8a", "#c0577f"  # types of numbers
# Learning rates, as areas behind a curve.
TOO_SMALL, RIGHT_RATE, TOO_LARGE = "#6f7f8f", "#3a9d5d", DIVERGED
# Ten colours for ten digits, of Paul Tol's "muted" scheme and black's stand-in, grey.
DIGITS = ["#332288", "#88ccee", "#44aa99", "#117733", "#999933",
          "#ddcc77", "#cc6677", "#882255", "#aa4499", "#888888"]  # fmt: skip

# Heights of charts, pixels.
CURVE_HEIGHT = 280
LEARNING_HEIGHT = 180  # low: the picture of the network shares the screen with it
UNIT_CHART_HEIGHT = 260
ENLARGED_HEIGHT = 380


def rgb(colour: str) -> tuple[int, int, int]:
    """A "#rrggbb" colour as three numbers from 0 to 255."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def faded(colour: str, opacity: float = 0.35) -> str:
    """A "#rrggbb" colour as plotly's rgba(...) with that opacity."""
    red, green, blue = rgb(colour)
    return f"rgba({red},{green},{blue},{opacity})"
