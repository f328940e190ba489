"""What the charts show, checked and packed: what stays in one message, accuracies in another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from ui.components.pieces import pack

STRENGTHS = 9  # of each kind
MOST_LINES = 4  # there is a dash and a symbol for each, see LOOKS in drawing.js
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

Chosen = tuple[str, int]  # name of a kind, number of a strength


@dataclass(frozen=True)
class Says:
    """What a network says of the nine examples: digits (9,), and its confidences (9,), 0..1."""

    predictions: Array
    confidences: Array


@dataclass(frozen=True)
class Kind:
    """A kind of distortion, at nine strengths.

    Args:
        name: the name that `robustness_chart` answers with; no other kind has it.
        title: the words above the chart: "Rotation".
        unit: what the strengths are counted in, in the plural: "pixels", "degrees", "%" or "";
            without its last "s" for one.
        strengths: (9,), rising. They stand at equal distances.
        explanation: one sentence on what is done to the image.
        examples: one image at each strength, uint8 (9, 28, 28).
        unchanged: which of the strengths leaves the image as it is.
        label: the digit that the examples show, if it is known.
        says: what the networks say of the examples, by the names of their lines; any may be absent.
    """

    name: str
    title: str
    unit: str
    strengths: Array
    explanation: str
    examples: Array
    unchanged: float = 0.0
    label: int | None = None
    says: Mapping[str, Says] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A network: its name, its colour "#rrggbb", and its accuracies (kinds, 9), 0..1.

    NaN stands for an accuracy that is not there yet.
    """

    name: str
    colour: str
    accuracies: Array


def checked(kinds: Sequence[Kind], lines: Sequence[Line], n: int) -> Array:
    """The accuracies of all lines, float32 (lines, kinds, 9); ValueError for what does not fit."""
    if n < 1:
        raise ValueError(f"accuracies are measured on 1 image or more, not on {n}")
    if not kinds:
        raise ValueError("there must be at least one kind of distortion")
    if not 1 <= len(lines) <= MOST_LINES:
        raise ValueError(f"there must be 1 to {MOST_LINES} lines, not {len(lines)}")
    _check_names("kind", [kind.name for kind in kinds])
    _check_names("line", [line.name for line in lines])
    for kind in kinds:
        _check_kind(kind, [line.name for line in lines])
    return np.stack([_checked_line(line, len(kinds)) for line in lines])


def fixed_message(
    kinds: Sequence[Kind], lines: Sequence[Line], n: int, *, key: str, description: str
) -> tuple[bytes, int]:
    """All that stays the same while accuracies arrive, and a stamp that tells it from any other.

    The one piece of bytes has the examples, uint8 (kinds, 9, 28, 28).
    """
    header: dict[str, Any] = {
        "key": key,
        "part": "fixed",
        "description": description,
        "n": n,
        "lines": [{"name": line.name, "colour": line.colour} for line in lines],
        "kinds": [_kind_for_the_browser(kind, lines) for kind in kinds],
    }
    examples = [np.stack([kind.examples for kind in kinds]).tobytes()]
    stamp = crc32(pack(header, examples))
    return pack(header | {"stamp": stamp}, examples), stamp


def accuracies_message(accuracies: Array, *, key: str, stamp: int, chosen: Chosen | None) -> bytes:
    """The accuracies, float32 (lines, kinds, 9), for the fixed message with that stamp."""
    header = {"key": key, "part": "accuracies", "stamp": stamp, "chosen": chosen}
    return pack(header, [accuracies.astype("<f4").tobytes()])


def chosen_after(answer: object, before: Chosen | None, kinds: Sequence[Kind]) -> Chosen | None:
    """The choice once the browser's answer is known: [kind, strength], or [] for none.

    Any other answer leaves it as it was before. A kind that is not shown is not chosen.
    """
    match answer:
        case []:
            return None
        case [str(name), int(strength)] if 0 <= strength < STRENGTHS:
            before = (name, strength)
    return before if before and before[0] in [kind.name for kind in kinds] else None


def _kind_for_the_browser(kind: Kind, lines: Sequence[Line]) -> dict[str, Any]:
    says = [kind.says.get(line.name) for line in lines]
    return {
        "name": kind.name,
        "title": kind.title,
        "unit": kind.unit,
        "strengths": np.asarray(kind.strengths, float).tolist(),
        "unchanged": np.asarray(kind.strengths).tolist().index(kind.unchanged),
        "explanation": kind.explanation,
        "label": None if kind.label is None else int(kind.label),
        "says": [
            one
            and {
                "predictions": np.asarray(one.predictions).tolist(),
                "confidences": np.asarray(one.confidences, float).round(4).tolist(),
            }
            for one in says
        ],
    }


def _check_names(noun: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"each {noun} needs a name of its own: {', '.join(names)}")


def _check_kind(kind: Kind, lines: Sequence[str]) -> None:
    strengths, examples = np.asarray(kind.strengths), np.asarray(kind.examples)
    if strengths.shape != (STRENGTHS,) or not np.isfinite(strengths).all():
        raise ValueError(f"{kind.name}: strengths must be {STRENGTHS} numbers, not {strengths}")
    if np.any(np.diff(strengths) <= 0):
        raise ValueError(f"{kind.name}: strengths must rise, unlike {strengths}")
    if kind.unchanged not in strengths:
        raise ValueError(f"{kind.name}: {kind.unchanged} is none of the strengths {strengths}")
    shape = (STRENGTHS, SIDE, SIDE)
    if examples.shape != shape or examples.dtype != np.uint8:
        raise ValueError(
            f"{kind.name}: examples must be uint8 {shape}, not {examples.dtype} {examples.shape}"
        )
    if kind.label is not None and kind.label not in range(CLASSES):
        raise ValueError(f"{kind.name}: the label must be a digit, not {kind.label}")
    for name, says in kind.says.items():
        if name not in lines:
            raise ValueError(f"{kind.name}: there is no line {name!r} that could say anything")
        _check_says(f"{kind.name}, {name}", says)


def _check_says(name: str, says: Says) -> None:
    predictions, confidences = np.asarray(says.predictions), np.asarray(says.confidences)
    digits = predictions.dtype.kind in "iu" and np.isin(predictions, range(CLASSES)).all()
    if predictions.shape != (STRENGTHS,) or not digits:
        raise ValueError(f"{name}: predictions must be {STRENGTHS} digits, not {predictions}")
    shares = np.all((confidences >= 0) & (confidences <= 1))  # false for NaN too
    if confidences.shape != (STRENGTHS,) or not shares:
        raise ValueError(
            f"{name}: confidences must be {STRENGTHS} numbers from 0 to 1, not {confidences}"
        )


def _checked_line(line: Line, kinds: int) -> Array:
    """The line's accuracies, float32 (kinds, 9)."""
    if not COLOUR.fullmatch(line.colour):
        raise ValueError(f'{line.name}: the colour must be "#rrggbb", not {line.colour!r}')
    accuracies = np.asarray(line.accuracies, np.float32)
    if accuracies.shape != (kinds, STRENGTHS):
        raise ValueError(
            f"{line.name}: accuracies must be {(kinds, STRENGTHS)}, not {accuracies.shape}"
        )
    if np.any((accuracies < 0) | (accuracies > 1)):  # false for NaN
        raise ValueError(f"{line.name}: accuracies must be from 0 to 1, or NaN")
    return accuracies
