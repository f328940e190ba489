"""What a Jacobian is: its formula in TeX, what stands in it, and why one sees it in full."""

from dataclasses import dataclass

from mnist_core.inspection.jacobians import Order
from mnist_core.inspection.stations import Station
from ui.backprop.formulas import in_letters, symbol


@dataclass(frozen=True)
class Explained:
    """The right side of the formula, its pattern in a sentence, and what it teaches.

    `blocks` is the right side written out block by block, where it has blocks.
    """

    tex: str
    words: str
    why: str
    blocks: str = ""


def in_plain_letters(name: str) -> str:
    """The name "da1/dW1" as "∂a₁/∂W₁"."""
    return "/".join(f"∂{in_letters(part[1:])}" for part in name.split("/"))


def in_tex(name: str) -> str:
    """The same name as a fraction."""
    upper, lower = (symbol(part[1:]) for part in name.split("/"))
    return rf"\dfrac{{\partial {upper}}}{{\partial {lower}}}"


def with_shape(tex: str, rows: int, columns: int) -> str:
    """A factor with its shape below it."""
    return rf"\underbrace{{{tex}}}_{{{rows}\times{columns}}}"


def by_weights(station: Station, inputs: int, order: Order) -> Explained:
    """da/dW of the sum at a station, with W stacked in that order."""
    units, source = station.shape[0], station.sources[0]
    pattern = _in_columns if order == "columns" else _in_rows
    tex, blocks, words = pattern(source, units, inputs)
    W, x = in_letters(f"W{station.number}"), in_letters(source)
    return Explained(
        tex,
        words,
        f"{W} has two indices, so its Jacobian would need three. Stacked, {W} is one vector of "
        f"{units:,} · {inputs:,} = {units * inputs:,} numbers, and the Jacobian is a matrix of "
        f"{units:,} x {units * inputs:,}. {x}ᵀ alone, 1 x {inputs:,}, is only what repeats in it: "
        f"once for each sum.",
        blocks,
    )


def _in_columns(source: str, units: int, inputs: int) -> tuple[str, str, str]:
    x, identity = symbol(source), f"I_{{{units}}}"
    blocks = (
        rf"= \big[\,{x}[0]\,{identity}\;\;{x}[1]\,{identity}"
        rf"\;\cdots\;{x}[{inputs - 1}]\,{identity}\,\big]"
    )
    words = (
        f"Each input j has a block, {in_letters(source)}[j] times the identity: all {units:,} sums "
        f"multiply that input, each by a weight of its own. "
        f"{inputs:,} blocks of {units:,} x {units:,}."
    )
    return rf"{x}^{{\mathsf T}} \otimes {identity}", blocks, words


def _in_rows(source: str, units: int, inputs: int) -> tuple[str, str, str]:
    row, x = rf"{symbol(source)}^{{\mathsf T}}", in_letters(source)
    blocks = (
        rf"= \begin{{bmatrix}} {row} & & \\ & \ddots & \\ & & {row} "
        r"\end{bmatrix}"
    )
    words = (
        f"Each sum i has a block, with {x}ᵀ in row i and 0 elsewhere: a sum uses the weights of "
        f"its own row of W alone. {units:,} blocks of {units:,} x {inputs:,}."
    )
    return rf"I_{{{units}}} \otimes {row}", blocks, words


def by_bias(station: Station) -> Explained:
    """da/db of the sum at a station."""
    n = station.number
    return Explained(
        f"I_{{{station.shape[0]}}}",
        "Each sum adds a bias of its own as it is: 1 on the diagonal, 0 elsewhere.",
        f"A row times the identity is that row, so {in_letters(f'dL/db{n}')} is "
        f"{in_letters(f'dL/da{n}')} itself, and no code multiplies by this matrix.",
    )


def by_input(station: Station) -> Explained:
    """da/d(input) of the sum at a station."""
    W, source = in_letters(f"W{station.number}"), station.sources[0]
    if source == "x":
        why = "Training never needs this one: the pixels are not learned."
    else:
        why = (
            f"It is {W} itself and not its transpose: a row of gradients times {W} goes one layer "
            f"back. The transpose comes in when gradients are columns."
        )
    return Explained(
        f"W_{{{station.number}}}",
        f"If input j grows by a little, sum i grows by {W}[i, j] times as much.",
        why,
    )


def by_sum(station: Station) -> Explained:
    """df/da of the activation at a station."""
    n = station.shape[0]
    return Explained(
        rf"\mathrm{{diag}}\big(f'({symbol(station.sources[0])})\big)",
        "Each activation depends on its own sum alone: on the diagonal stand the slopes, "
        "everything else is 0.",
        f"{n:,} of its {n * n:,} numbers say all, so code keeps them as a vector and multiplies "
        f"number by number.",
    )
