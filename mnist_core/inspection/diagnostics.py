"""How a training run is doing, from its gradients, its steps and its history; and what is wrong.
A diagnosis has a name, a reason in numbers, and a change of the settings that cures it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from typing import Any, Literal

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.inspection.activations import hidden_layers, unit_responses
from mnist_core.inspection.unit_statistics import Activity, unit_activity
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import ParameterVector, Sequential, to_pixels
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.run import EpochResult, Status

GUESSING = log(CLASSES)  # the loss, in nats, of the probability 1/10 for every digit
HARDLY_BETTER = 0.95  # of that loss
STILL_FALLS = 0.995  # of the loss an epoch before
STEPS_TOO_LARGE = 0.1  # update / weight: about 1e-3 is usual in training
TOO_EQUAL = 1e-4  # spread of initial weights
# Of each optimizer, for the mean gradient of a batch: networks with any of the settings learn.
USUAL_RATES = {"sgd": 0.1, "nesterov": 0.1, "adam": 0.003}
SCALE_FREE = ("adam",)  # their steps do not grow with the gradient
MANY_INACTIVE = 0.25  # of a layer's units


def gradient_of(model: Sequential, images: Array, labels: Array) -> ParameterVector:
    """The gradient of the mean loss on uint8 images (N, 28, 28), without dropout."""
    gradients = model.new_gradients()
    logits, caches = model.forward(model.input_batch(to_pixels(images, model.dtype)))
    dlogits = cross_entropy(logits, labels)[1] / len(labels)
    model.backward(dlogits, caches, gradients)
    return gradients


def root_mean_squares(vector: ParameterVector) -> dict[str, float]:
    """The root mean square of each array by its path ("0.W"): of weights, gradients or updates."""
    return {name: _rms(array) for name, array in vector.named().items()}


def _rms(array: Array) -> float:
    # In float64: the squares of a diverging run's gradient do not fit into float32.
    return float(np.square(array, dtype=np.float64).mean()) ** 0.5


def update_ratios(before: Mapping[str, Array], after: Mapping[str, Array]) -> dict[str, float]:
    """How far each array moved against its size: rms(after - before) / rms(before), by path.

    For one step it is usually about 0.001; for n steps it grows up to n-fold. An array that was
    all zeros, as new biases are, has no ratio and is left out.
    """
    sizes = {name: _rms(array) for name, array in before.items()}
    return {
        name: _rms(after[name].astype(np.float64) - before[name]) / size
        for name, size in sizes.items()
        if size > 0
    }


def weight_histogram(weights: Array, *, bins: int = 60) -> tuple[Array, Array]:
    """Counts (bins,) of an array's values and edges (bins + 1,), symmetric about 0."""
    bound = float(np.abs(weights).max()) or 1.0
    return np.histogram(weights, bins, range=(-bound, bound))


@dataclass(frozen=True)
class Measurements:
    """What was measured of a run's network; without it fewer causes can be told apart.

    `ratios` are update_ratios of one step, `activities` one for each hidden layer.
    """

    ratios: Mapping[str, float] = field(default_factory=dict)
    activities: Sequence[Activity] = ()

    @property
    def of_weights(self) -> list[float]:
        """The ratios of weights alone: biases begin at 0, and move a lot beside that."""
        return [ratio for name, ratio in self.ratios.items() if name.endswith(".W")]


def activities(network: Sequential, images: Array) -> list[Activity]:
    """How the units of each hidden layer answer uint8 images (N, 28, 28)."""
    return [
        unit_activity(unit_responses(network, images, layer), layer.activation)
        for layer in hidden_layers(network)
    ]


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a run: why we think so, what to do, and the new settings."""

    name: Literal["diverging", "not learning", "inactive units"]
    reason: str
    remedy: str
    change: dict[str, Any] = field(default_factory=dict)  # for dataclasses.replace(config, **...)


def diagnose(
    config: TrainConfig,
    history: Sequence[EpochResult],
    *,
    status: Status = "running",
    measured: Measurements | None = None,
) -> Diagnosis | None:
    """The cause of what is wrong with a run; None for a healthy one.

    Several signs often have one cause (a network whose units are all dead does not learn either),
    and each sign alone would ask for a remedy of its own. So all are looked at together, the more
    certain causes first, and there is one remedy.
    """
    measured = measured or Measurements()
    return (
        _diverging(config, history, status, measured)
        or _equal_units(config, history, status)
        or _inactive_units(config, history, status, measured)
        or _not_learning(config, history, status, measured)
    )


def _diverging(
    config: TrainConfig, history: Sequence[EpochResult], status: Status, measured: Measurements
) -> Diagnosis | None:
    ratios = measured.of_weights
    if status == "diverged":
        reason = "The loss grew without end."
    elif history and not history[-1].train_loss < 2 * GUESSING:
        reason = f"The loss is {history[-1].train_loss:.3g}; {_GUESSING_IN_WORDS}."
    elif ratios and not (isfinite(max(ratios)) and max(ratios) <= 1):
        reason = f"One step changes weights by {max(ratios):.3g} times their own size."
    else:
        return None
    return Diagnosis("diverging", reason, *_slower(config))


def _equal_units(
    config: TrainConfig, history: Sequence[EpochResult], status: Status
) -> Diagnosis | None:
    if _learns(history, status) or not config.initialisation.startswith("normal("):
        return None
    if float(config.initialisation[len("normal(") : -1]) >= TOO_EQUAL:
        return None
    return Diagnosis(
        "not learning",
        _no_better_than_guessing(history),
        "Start from larger random weights: equal units get equal gradients and stay equal.",
        {"initialisation": _usual_initialisation(config)},
    )


def _inactive_units(
    config: TrainConfig, history: Sequence[EpochResult], status: Status, measured: Measurements
) -> Diagnosis | None:
    shares = [(a.dead | a.saturated).mean() for a in measured.activities]
    if not shares or max(shares) <= MANY_INACTIVE:
        return None
    worst = int(np.argmax(shares))
    of_layer = measured.activities[worst]
    count = np.count_nonzero(of_layer.dead | of_layer.saturated)
    reason = f"{count:,} of the {len(of_layer.dead):,} units of hidden layer {worst + 1} "
    initial, too_quiet = "glorot", False
    if config.activation == "relu":
        initial = "he"
        reason += "answer to no image: their gradient is zero and they can't come back."
    elif too_quiet := 2 * np.count_nonzero(of_layer.saturated) < count:
        reason += "answer nearly the same to every image, and far from their bounds."
    else:
        reason += "are at their bounds for nearly every image, where they hardly learn."
    if not _learns(history, status):
        reason = f"{_no_better_than_guessing(history)} {reason}"
    if too_quiet:
        return Diagnosis(
            "inactive units",
            reason,
            f"Use ReLU units: each layer of {config.activation} units hands on only a part of the "
            "differences between images, and of the gradient.",
            {"activation": "relu", "initialisation": "he"},
        )
    words, change = _slower(config)
    return Diagnosis(
        "inactive units",
        reason,
        f"{words} {initial.capitalize()}'s initial weights keep the inputs of units moderate.",
        change | {"initialisation": initial},
    )


def _not_learning(
    config: TrainConfig, history: Sequence[EpochResult], status: Status, measured: Measurements
) -> Diagnosis | None:
    if _learns(history, status):
        return None
    reason, ratios = _no_better_than_guessing(history), measured.of_weights
    if ratios:
        reason += f" A step changes weights by {100 * max(ratios):.2g} % of their size."
    usual = _usual_rate(config)
    if max(ratios) > STEPS_TOO_LARGE if ratios else config.learning_rate > 10 * usual:
        return Diagnosis("not learning", reason, *_slower(config))
    rate = _rounded(max(10 * config.learning_rate, usual))
    return Diagnosis(
        "not learning",
        reason,
        f"Raise the learning rate to {rate:g}: the steps are too small to get anywhere.",
        {"learning_rate": rate},
    )


_GUESSING_IN_WORDS = f"pure guessing has a loss of {GUESSING:.2f}"


def _learns(history: Sequence[EpochResult], status: Status) -> bool:
    """Whether the loss is better than that of guessing, or on its way there."""
    if not history or history[-1].train_loss < HARDLY_BETTER * GUESSING:
        return True
    falls = len(history) > 1 and history[-1].train_loss < STILL_FALLS * history[-2].train_loss
    return falls and status != "finished"


def _no_better_than_guessing(history: Sequence[EpochResult]) -> str:
    last = history[-1]
    epochs = "1 epoch" if last.epoch == 1 else f"{last.epoch:,} epochs"
    return f"After {epochs} the loss is {last.train_loss:.2f}; {_GUESSING_IN_WORDS}."


def _times_larger(config: TrainConfig) -> int:
    """How many times as long as with the mean gradient of a batch the steps are."""
    summed = config.reduction == "sum" and config.optimizer not in SCALE_FREE
    return config.batch_size if summed else 1


def _usual_rate(config: TrainConfig) -> float:
    return USUAL_RATES[config.optimizer] / _times_larger(config)


def _slower(config: TrainConfig) -> tuple[str, dict[str, Any]]:
    """The remedy for steps that are too large, in words and as settings."""
    if _times_larger(config) > 1 and config.learning_rate > _usual_rate(config):
        rate = _rounded(min(config.learning_rate, USUAL_RATES[config.optimizer]))
        return (
            f"Average the gradients of a batch (summed over {config.batch_size:,} images, they are "
            f"that many times as large), with a learning rate of {rate:g}.",
            {"reduction": "mean", "learning_rate": rate},
        )
    rate = _rounded(min(config.learning_rate / 10, _usual_rate(config)))
    return (
        f"Lower the learning rate to {rate:g}: the steps are too large.",
        {"learning_rate": rate},
    )


def _rounded(rate: float) -> float:
    """With two digits, and within its limits."""
    low, high = LIMITS["learning_rate"]
    return min(max(float(f"{rate:.2g}"), low), high)


def _usual_initialisation(config: TrainConfig) -> str:
    return "glorot" if config.model == "mlp" else "he"
