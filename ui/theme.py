"""Colours, once for all pages: the same colour for the same thing everywhere."""

BAR = "#2f7fc1"
# One colour for one thing on every page; told apart by colour-blind eyes, on white and on black.
TRAINING = "#2f7fc1"
VALIDATION = "#e07b00"
MLP = "#009e73"
CNN = "#aa4499"
OWN = "#997700"  # a network of the visitor's own


def faded(colour: str, opacity: float = 0.35) -> str:
    """A "#rrggbb" colour as plotly's rgba(...) with that opacity."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


POSITIVE, NEGATIVE = "#c4541b", "#2f6fb0"  # as in the tiles: orange for, blue against
# Ten colours for ten digits, of Paul Tol's "muted" scheme and black's stand-in, grey.
DIGITS = ["#332288", "#88ccee", "#44aa99", "#117733", "#999933",
          "#ddcc77", "#cc6677", "#882255", "#aa4499", "#888888"]  # fmt: skip
DIVERGING = [[0, NEGATIVE], [0.5, "#f4f4f4"], [1, POSITIVE]]
