"""The lines of the core that compute a station, read from its source: they cannot drift apart."""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.inspection.stations import Station
from mnist_core.nn.convolution import Conv2D, MaxPool2D, PlainConvPool
from mnist_core.nn.functional import cross_entropy, softmax
from mnist_core.nn.layers import Dense, Layer
from mnist_core.nn.network import to_pixels
from mnist_core.paths import ROOT

# What a statement of a layer's way back mentions if it gives this gradient.
WRITES = {"weights": 'gradients["W"]', "bias": 'gradients["b"]'}
DX = "dx"


@dataclass(frozen=True)
class Code:
    """Lines of the core, without their common indent; `place` is the file and where they begin."""

    lines: str
    place: str


def code_of(step: Backpropagation, station: Station) -> Code:
    """The statements that compute the station."""
    if station.kind == "input":
        return _lines(to_pixels)
    if station.kind == "probabilities":
        return _lines(softmax)
    if station.layer is None:
        return _lines(cross_entropy)  # the loss, and the gradient of the logits
    layer = _readable(step.model.layers[station.layer], station)
    if station.direction == "forward":
        return _lines(layer.forward)
    has_weights = layer in (Dense, Conv2D)
    return _lines(layer.backward, WRITES.get(station.kind, DX) if has_weights else "")


def _readable(layer: Layer, station: Station) -> type[Layer]:
    """The kind of a layer; of one that convolves and pools at once, the half that counts here.

    The two halves, one after the other, are what it computes faster.
    """
    if not isinstance(layer, PlainConvPool):  # ConvPool is one
        return type(layer)
    pools = station.kind == ("pooled" if station.direction == "forward" else "convolution")
    return MaxPool2D if pools else Conv2D


def _lines(function: Callable[..., Any], mentions: str = "") -> Code:
    """The statements of a function that mention something, all of them if none does."""
    source, first = inspect.getsourcelines(function)
    text = dedent("".join(source))
    body = ast.parse(text).body[0]
    assert isinstance(body, ast.FunctionDef)
    statements = [one for one in body.body if not _is_docstring(one)]
    wanted = [one for one in statements if mentions in _of(one, text)] or statements
    if mentions == DX:  # it is worked out in several statements, the last ones
        wanted = statements[statements.index(wanted[0]) :]
    name = function.__qualname__
    file = Path(inspect.getfile(function)).resolve().relative_to(ROOT)
    return Code(
        "\n".join(_of(one, text) for one in wanted),
        f"{name}, {file}, line {first + wanted[0].lineno - 1}",
    )


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _of(statement: ast.stmt, text: str) -> str:
    """A statement's lines without the function's indent."""
    lines = text.splitlines()[statement.lineno - 1 : statement.end_lineno]
    return dedent("\n".join(lines))
