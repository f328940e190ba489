"""What is said of a chosen unit or output: the sum that it made, and where it leads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.activations import receptive_field
from mnist_core.inspection.trace import (
    SumOfInputs,
    Trace,
    contribution_matrix,
    logit_sum,
    unit_sum,
)
from mnist_core.nn.network import Sequential
from ui.components.network_picture.message import ShownLayer, codes_of, finite
from ui.words import probability

STRONGEST = 6  # parts of a sum that are named one by one


@dataclass(frozen=True)
class Choice:
    """A unit of a hidden layer, or a digit if `level` is the number of hidden layers."""

    level: int
    unit: int

    @classmethod
    def read(cls, sent: object, traced: Trace, form: str) -> "Choice | None":
        """What the browser sent; None unless it was chosen in a network of this form."""
        match sent:
            case {"level": int(level), "unit": int(unit), "form": str(chosen_in)} if (
                0 <= level <= len(traced.layers) and chosen_in == form
            ):
                units = [layer.layer.units for layer in traced.layers] + [len(traced.logits)]
                return cls(level, unit) if 0 <= unit < units[level] else None
        return None


def chosen_frame(sent: object, frames: int) -> int:
    """The number of the image that the reader has made a choice on."""
    match sent:
        case {"frame": int(frame)} if 0 <= frame < frames:
            return frame
    return 0


def detail_of(
    model: Sequential,
    traced: Trace,
    shown: Sequence[ShownLayer],
    choice: Choice,
    off: Collection[int] = (),
) -> tuple[dict[str, Any], bytes]:
    """What stands beside the picture of a choice: words and numbers, and a piece of bytes.

    `off` are the units of the first layer that are off in the network. The bytes are codes: of each
    pixel's part (28, 28) of the sum of a unit of the first layer; of the parts of the shown units
    of the layer before (shown,) for others.
    """
    level, unit = choice.level, choice.unit
    if level == len(traced.layers):
        split = logit_sum(model, traced, unit)
        share = probability(float(traced.probabilities[unit]))
        detail = {
            "title": f"Output {unit}",
            "result": f"logit {number(split.total)} → probability {share}",
            "leads": None,
        }
    else:
        split = unit_sum(model, traced, level, unit)
        detail = _of_unit(model, traced, choice, split)
        if level == 0 and unit in off:
            result = detail["result"]
            detail["result"] = f"switched off: passes on nothing; it would have answered {result}"
    detail |= {
        "level": level,
        "unit": unit,
        "total": finite(split.total),
        "bias": finite(split.bias),
        **_parts(split, level),
    }
    if level == 0:
        return detail, codes_of(split.parts)[0].tobytes()
    before = shown[level - 1]
    detail["noun"] = "map" if before.layer.has_maps else "unit"
    return detail, codes_of(split.by_unit[before.units])[0].tobytes()


def _of_unit(
    model: Sequential, traced: Trace, choice: Choice, split: SumOfInputs
) -> dict[str, Any]:
    """A hidden unit: its activation, and what it passes on to each digit, or to the next layer."""
    here = traced.layers[choice.level]
    noun = "Feature map" if here.layer.has_maps else "Hidden unit"
    layered = f" of hidden layer {choice.level + 1}" if len(traced.layers) > 1 else ""
    answer = float(here.answers[choice.unit])
    f = here.layer.activation or "no activation"
    detail = {
        "title": f"{noun} {choice.unit}{layered}",
        "result": f"a = {number(split.total)} → {f} → f(a) = {number(answer)}",
        "leads": _leads(model, traced, choice),
    }
    if here.layer.has_maps:
        row, column = here.strongest_place(choice.unit)
        box = receptive_field(model, here.layer, row, column)
        detail["field"] = [box.top, box.left, box.bottom, box.right]
        detail["place"] = [row, column]
    return detail


def _leads(model: Sequential, traced: Trace, choice: Choice) -> list[float | None] | None:
    """What the unit adds to each of the ten logits; None if it does not lead there directly."""
    if choice.level < len(traced.layers) - 1:
        return None
    matrix = contribution_matrix(model, traced, choice.level)
    return None if matrix is None else [finite(part) for part in matrix[:, choice.unit]]


def _parts(split: SumOfInputs, level: int) -> dict[str, Any]:
    """The sum's parts: of pixels what speaks for and against, of units the strongest in order."""
    if level == 0:
        spoken: Array = split.parts
        return {
            "for": finite(float(spoken[spoken > 0].sum())),
            "against": finite(float(spoken[spoken < 0].sum())),
        }
    parts = split.by_unit
    order = np.argsort(-np.abs(parts), kind="stable")[:STRONGEST]
    rest = float(parts.sum() - parts[order].sum())
    return {
        "units": [[int(unit), finite(float(parts[unit]))] for unit in order],
        "others": len(parts) - len(order),
        "rest": finite(rest),
    }


def number(value: float) -> str:
    """A number as it stands in a sum: two decimals, a real minus sign, no signed zero."""
    text = f"{value:.2f}"
    return ("0.00" if text == "-0.00" else text).replace("-", "−")
