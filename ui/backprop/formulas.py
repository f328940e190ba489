"""What each station computes: its formula, and one sentence in words."""

from dataclasses import dataclass

from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.inspection.stations import Station
from mnist_core.nn.convolution import Conv2D
from mnist_core.nn.layers import ReLU, Sigmoid, Tanh

# f of each kind of activation, and its derivative, written with f itself.
ACTIVATIONS = {
    Sigmoid: (r"\sigma(%s) = \frac{1}{1+e^{-%s}}", r"f(1-f)"),
    Tanh: (r"\tanh(%s)", r"1-f^2"),
    ReLU: (r"\max(%s, 0)", r"[f>0]"),
}


@dataclass(frozen=True)
class Formula:
    """A formula in TeX, and what it says in a sentence."""

    tex: str
    words: str


def symbol(name: str) -> str:
    """A station's name in TeX: "dL/dW1" becomes the fraction of dL by dW_1."""
    if name.startswith("dL/d"):
        return rf"\frac{{\partial L}}{{\partial {symbol(name.removeprefix('dL/d'))}}}"
    if name == "y_hat":
        return r"\hat y"
    letter, number = name[0], name[1:]
    return f"{letter}_{{{number}}}" if number else letter


def in_letters(name: str) -> str:
    """A station's name in plain letters: "∂L/∂W₁"."""
    if name.startswith("dL/d"):
        return f"∂L/∂{in_letters(name.removeprefix('dL/d'))}"
    if name == "y_hat":
        return "ŷ"
    return name.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def formula_of(step: Backpropagation, station: Station) -> Formula:
    """The formula of a station of this step."""
    forward = station.direction == "forward"
    make = _FORWARD[station.kind] if forward else _BACKWARD[station.kind]
    return make(step, station)


def _input(step: Backpropagation, station: Station) -> Formula:
    return Formula(
        r"x = \mathrm{pixels} / 255",
        "The digit's pixels, from 0 (paper) to 1 (ink), as one column.",
    )


def _sum(step: Backpropagation, station: Station) -> Formula:
    n, x = station.number, symbol(station.sources[0])
    return Formula(
        rf"{symbol(station.name)} = W_{{{n}}}\,{x} + b_{{{n}}}",
        "Each unit multiplies every input by a weight of its own and adds its bias.",
    )


def _activation(step: Backpropagation, station: Station) -> Formula:
    assert station.layer is not None
    f, _ = ACTIVATIONS[type(step.model.layers[station.layer])]
    a = symbol(station.sources[0])
    return Formula(
        f"{symbol(station.name)} = " + f.replace("%s", a),
        "The activation, number by number: without it two layers would be no more than one.",
    )


def _convolution(step: Backpropagation, station: Station) -> Formula:
    n, x = station.number, symbol(station.sources[0])
    return Formula(
        rf"{symbol(station.name)} = W_{{{n}}} * {x} + b_{{{n}}}",
        "Each filter is laid on every place; what it covers times its weights, summed, is one "
        "number of its map.",
    )


def _pooled(step: Backpropagation, station: Station) -> Formula:
    c = symbol(station.sources[0])
    return Formula(
        rf"{symbol(station.name)} = \max\nolimits_{{2\times2}}\,{c}",
        "Of each square of four numbers the largest goes on.",
    )


def _flattened(step: Backpropagation, station: Station) -> Formula:
    return Formula(
        rf"{symbol(station.name)} = \mathrm{{vec}}({symbol(station.sources[0])})",
        "All maps as one column; no number changes.",
    )


def _probabilities(step: Backpropagation, station: Station) -> Formula:
    a = symbol(station.sources[0])
    return Formula(
        rf"\hat y_i = \frac{{e^{{{a}[i]}}}}{{\sum_j e^{{{a}[j]}}}}",
        "Softmax turns the ten logits into probabilities that sum to one.",
    )


def _loss(step: Backpropagation, station: Station) -> Formula:
    return Formula(
        r"L = -\sum_i y_i \log \hat y_i = -\log \hat y_{\mathrm{label}}",
        "Cross-entropy: small if the network gave the right digit a large probability. "
        "y is 1 at the label and 0 elsewhere.",
    )


def _sum_back(step: Backpropagation, station: Station) -> Formula:
    if station.sources[0] == "y_hat":
        label = int(step.one_hot.argmax())
        return Formula(
            rf"{symbol(station.name)} = \hat y - y",
            f"What the network said, minus what is right: y is 1 at {label} and 0 elsewhere. "
            "The two formulas before make L the logarithm of all e^a summed, minus the logit of "
            f"{label}: for a logit, the first has its probability as slope, the second its y.",
        )
    return _through_activation(step, station)


def _through_activation(step: Backpropagation, station: Station) -> Formula:
    """The gradient of what an activation has read: a sum, or pooled maps."""
    value, after = symbol(station.sources[1]), symbol(station.sources[0])
    assert station.layer is not None
    _, slope = ACTIVATIONS[type(step.model.layers[station.layer])]
    return Formula(
        rf"{symbol(station.name)} = {after} \odot f'({value}),\qquad f' = {slope}",
        "Each number's share, times how steep the activation is there. The Jacobian is diagonal: "
        "a product number by number replaces it.",
    )


def _through_weights(step: Backpropagation, station: Station) -> Formula:
    """The gradient of what a layer with weights has read."""
    after = station.sources[0].removeprefix("dL/d")
    n, last = after[1:], symbol(station.sources[0])
    if station.layer is not None and isinstance(step.model.layers[station.layer], Conv2D):
        return Formula(
            rf"{symbol(station.name)} = {last} \star W_{{{n}}}",
            "Each number is told by every place whose filter covered it, weighted as it was read.",
        )
    if after.startswith("v"):
        return Formula(
            rf"{symbol(station.name)} = \mathrm{{vec}}^{{-1}}({last})",
            "The column is laid out as maps again.",
        )
    return Formula(
        rf"{symbol(station.name)} = W_{{{n}}}^{{\mathsf T}}\,{last}",
        "Each value is told by every unit that read it, weighted as it was read: the same weights, "
        "transposed.",
    )


def _convolution_back(step: Backpropagation, station: Station) -> Formula:
    return Formula(
        rf"{symbol(station.name)} = \mathrm{{route}}({symbol(station.sources[0])})",
        "The gradient goes to the largest number of each square alone; the other three get 0.",
    )


def _weights(step: Backpropagation, station: Station) -> Formula:
    delta, x = symbol(station.sources[0]), symbol(station.sources[1])
    if station.value.ndim == 4:
        return Formula(
            rf"{symbol(station.name)} = \sum_{{\mathrm{{places}}}} {delta}\;\mathrm{{patch}}({x})",
            "Every place adds what the filter saw there, times how much its number matters.",
        )
    return Formula(
        rf"{symbol(station.name)} = {delta}\,{x}^{{\mathsf T}}",
        "How much the unit's sum matters, times what the weight was multiplied by: a column times "
        "a row gives the whole matrix.",
    )


def _bias(step: Backpropagation, station: Station) -> Formula:
    delta = symbol(station.sources[0])
    summed = rf"\sum_{{\mathrm{{places}}}} {delta}" if _of_maps(step, station) else delta
    return Formula(
        rf"{symbol(station.name)} = {summed}",
        "A bias is added to its sum as it is, so its gradient is the sum's.",
    )


def _of_maps(step: Backpropagation, station: Station) -> bool:
    return station.layer is not None and isinstance(step.model.layers[station.layer], Conv2D)


_FORWARD = {
    "input": _input,
    "sum": _sum,
    "activation": _activation,
    "convolution": _convolution,
    "pooled": _pooled,
    "flattened": _flattened,
    "probabilities": _probabilities,
    "loss": _loss,
}
_BACKWARD = {
    "sum": _sum_back,
    "activation": _through_weights,
    "convolution": _convolution_back,
    "pooled": _through_activation,
    "flattened": _through_weights,
    "weights": _weights,
    "bias": _bias,
}
