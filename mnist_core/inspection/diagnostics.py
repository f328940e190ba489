"""How a training run is doing, from its gradients, its steps and its history; and what is wrong.
Every diagnosis has a name, a reason in numbers, and a change of the settings that should cure it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from typing import Any, Literal

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.inspection.unit_statistics import Activity
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import ParameterVector, Sequential, to_pixels
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.run import EpochResult, Status

GUESSING = log(CLASSES)  # the loss, in nats, of the probability 1/10 for every digit
HARDLY_BETTER = 0.95  # of that loss
STEPS_TOO_SMALL = 1e-5  # update / weight: about 1e-3 is usual in training
STEPS_TOO_LARGE = 0.1
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
class Diagnosis:
    """Something that is wrong with a run: why we think so, what to do, and the new settings."""

    name: Literal["diverging", "not learning", "inactive units"]
    reason: str
    remedy: str
    change: dict[str, Any] = field(default_factory=dict)  # for dataclasses.replace(config, **...)


def diagnose(
    config: TrainConfig,
    history: Sequence[EpochResult],
    *,
    status: Status = "running",
    ratios: Mapping[str, float] | None = None,
    activities: Sequence[Activity] = (),
) -> list[Diagnosis]:
    """What is wrong with a run, the worst first; empty for a healthy one.

    `ratios` are update_ratios of one step, `activities` one for each hidden layer. Without them
    fewer faults can be found.
    """
    weights = [ratio for name, ratio in (ratios or {}).items() if name.endswith(".W")]
    found = [
        _diverging(config, history, status, weights),
        _not_learning(config, history, weights),
        _inactive_units(config, activities),
    ]
    if found[0] is not None:
        found[1] = None  # a run that diverges does not learn either, and for that reason
    return [diagnosis for diagnosis in found if diagnosis is not None]


def _diverging(
    config: TrainConfig, history: Sequence[EpochResult], status: Status, ratios: Sequence[float]
) -> Diagnosis | None:
    losses = [result.train_loss for result in history]
    if status == "diverged":
        reason = "The loss is no longer a finite number."
    elif losses and not losses[-1] < 2 * GUESSING:
        reason = f"The loss is {losses[-1]:.3g}; pure guessing has a loss of {GUESSING:.2f}."
    elif ratios and not (isfinite(max(ratios)) and max(ratios) <= 1):
        reason = f"One step changes weights by {max(ratios):.3g} times their own size."
    else:
        return None
    if config.reduction == "sum" and config.learning_rate * config.batch_size > 0.1:
        return Diagnosis(
            "diverging",
            reason,
            f"Average the gradients of a batch: summed over {config.batch_size} images, they "
            "are that many times as large.",
            {"reduction": "mean"},
        )
    return Diagnosis("diverging", reason, *_slower(config))


def _not_learning(
    config: TrainConfig, history: Sequence[EpochResult], ratios: Sequence[float]
) -> Diagnosis | None:
    if not history or history[-1].train_loss < HARDLY_BETTER * GUESSING:
        return None
    reason = (
        f"After {history[-1].epoch} epochs the loss is {history[-1].train_loss:.2f}; pure guessing "
        f"has a loss of {GUESSING:.2f}."
    )
    if config.initialisation.startswith("normal(") and float(config.initialisation[7:-1]) < 1e-4:
        return Diagnosis(
            "not learning",
            reason,
            "Start from larger random weights: equal units get equal gradients and stay equal.",
            {"initialisation": "glorot" if config.model == "mlp" else "he"},
        )
    if ratios and max(ratios) > STEPS_TOO_LARGE:
        reason += f" A step changes weights by {100 * max(ratios):.0f} % of their size."
        return Diagnosis("not learning", reason, *_slower(config))
    if ratios and max(ratios) < STEPS_TOO_SMALL:
        reason += f" A step changes weights by {max(ratios):.1e} of their size."
    rate = min(max(10 * config.learning_rate, 1e-4), LIMITS["learning_rate"][1])
    return Diagnosis(
        "not learning",
        reason,
        f"Raise the learning rate to {rate:.3g}: the steps are too small to get anywhere.",
        {"learning_rate": rate},
    )


def _slower(config: TrainConfig) -> tuple[str, dict[str, Any]]:
    rate = config.learning_rate / 10
    return f"Lower the learning rate to {rate:.3g}: the steps are too large.", {
        "learning_rate": rate
    }


def _inactive_units(config: TrainConfig, activities: Sequence[Activity]) -> Diagnosis | None:
    counts = [np.count_nonzero(activity.dead | activity.saturated) for activity in activities]
    shares = [count / len(a.dead) for count, a in zip(counts, activities, strict=True)]
    if not shares or max(shares) <= MANY_INACTIVE:
        return None
    worst = int(np.argmax(shares))
    total = len(activities[worst].dead)
    reason = f"{counts[worst]} of the {total} units of hidden layer {worst + 1} "
    rate = config.learning_rate / 3
    if config.activation == "relu":
        return Diagnosis(
            "inactive units",
            reason + "answer to no image: their gradient is zero and they can't come back.",
            f"Start again with the learning rate {rate:.3g} and He's initial weights: smaller "
            "steps don't throw a unit's bias below every input.",
            {"learning_rate": rate, "initialisation": "he"},
        )
    return Diagnosis(
        "inactive units",
        reason + "always answer the same or are at their bounds, where they hardly learn.",
        f"Start again with the learning rate {rate:.3g} and Glorot's initial weights, which keep "
        "the inputs of units small.",
        {"learning_rate": rate, "initialisation": "glorot"},
    )
