"""How the loss of a few images changes with a single weight, for any network.
Steps of many sizes are measured, and extrapolated to the slope at step zero.

Three things can make a right gradient look wrong, and must not be taken for mistakes:

- Rounding. The loss changes by less than its last digits if the gradient is tiny. Here the change
  is computed from the change of the logits, which does not subtract two nearly equal losses.
- The step. With a large one the curve bends, with a small one rounding is all that is left. Here
  each weight is measured with a ladder of steps, extrapolated to step zero (Richardson; Ridders
  1982), and the rungs that agree best are taken. How well they agree is the measurement's doubt.
- Kinks. Where a ReLU or a maximum changes over, there are two slopes. Between two rungs of the
  ladder it makes them disagree, so that smaller steps are taken. Exactly at the weight, as with
  the zero biases of a new network, back-propagation has to give the slope of one of both sides.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.activations import forward_through
from mnist_core.nn.functional import cross_entropy, softmax
from mnist_core.nn.network import Sequential, to_pixels
from mnist_core.nn.workspace import Workspace

Index = tuple[int, ...]

RATIO = 4  # of a rung of the ladder to the next
LADDER = 0.5 * RATIO ** -np.arange(12.0)  # 1/2 to 1e-7, all powers of two
# Rounding of a logit in units of the last digit of the largest one: sums of hundreds of products.
ROUNDING = 4
# Logits are taken to be at least so large: sigmoid is cut off where it is 2e-35, and no slope of
# that size is to be judged.
SMALLEST = 1e-3


class LossAround:
    """A copy of a network with N images: where on the loss's surface the slopes are taken."""

    def __init__(self, model: Sequential, images: Array, labels: Array | int, dtype: Any) -> None:
        self.model = model.copied(dtype)
        self.parameters = self.model.parameters.named()
        self.labels = np.atleast_1d(labels)  # (N,)
        x = self.model.input_batch(to_pixels(images, dtype))
        if self.labels.shape != x.shape[-1:]:
            raise ValueError(f"{x.shape[-1]} images need as many labels, not {self.labels.size}")
        self.inputs, caches = [], []  # of every layer
        for layer in self.model.layers:
            self.inputs.append(x)
            x, cache = layer.forward(x, Workspace())
            caches.append(cache)
        self.logits = x  # (10, N)
        self.true = self.labels, np.arange(self.labels.size)  # where the true classes' logits are
        self.gradients = self.model.new_gradients()
        self.model.backward(self._dlogits(), caches, self.gradients)

    def _dlogits(self) -> Array:
        """The gradient of the mean loss for the logits, (10, N).

        If the network is sure, softmax - 1 of the true class has lost its digits, in float64 seven
        of them with a probability of 1 - 1e-9. The others, which add up to the same, have not.
        """
        dlogits = cross_entropy(self.logits, self.labels)[1]
        others = dlogits.copy()
        others[self.true] = 0
        exact = -others.sum(axis=0)
        rounded = np.abs(exact - dlogits[self.true]) < 16 * np.finfo(dlogits.dtype).eps
        dlogits[self.true] = np.where(rounded, exact, dlogits[self.true])
        return dlogits / self.labels.size

    def logits_around(self, path: str, index: Index, steps: Array) -> Array:
        """The logits with a weight at w + h for each step h, then at w - h, (10, 2 steps, N).

        Layers before the weight's own compute what they did before, so they are left out; those
        after it take all its outputs as one batch.
        """
        number = int(path.partition(".")[0])
        layer, array = self.model.layers[number], self.parameters[path]
        before = array[index]
        outputs = []
        for step in [*steps, *-steps]:
            array[index] = before + step
            outputs.append(layer.forward(self.inputs[number], Workspace())[0])
        array[index] = before
        x = np.concatenate(outputs, axis=-1)  # (..., 2 steps N)
        logits = forward_through(self.model.layers[number + 1 :], x)[0]
        return logits.reshape(len(logits), -1, self.labels.size)

    def loss_changes(self, path: str, index: Index) -> tuple[Array, float]:
        """L(w + h) - L(w) for each step of the ladder, then for each -h, (2 steps,); and how far
        rounding may have moved each of them.

        With p the probabilities and z' the new logits less those of the true class, the change of
        an image's loss is log(1 + the sum of p (exp(z' - z) - 1)): no two losses are subtracted.
        """
        others = softmax(self.logits)  # (10, N), without the true class, which adds nothing
        others[self.true] = 0
        changes = self.logits_around(path, index, LADDER) - self.logits[:, None]
        changes -= changes[self.true[0], :, self.true[1]].T  # (10, 2 steps, N)
        moved = changes.any(axis=1)  # (10, N)
        if not path.startswith(f"{len(self.model.layers) - 1}.") or not moved.any():
            # All logits are rounded anew; in the last layer only that of the weight's own class,
            # unless its change is lost in rounding.
            moved = np.ones_like(moved)
        size = max(SMALLEST, float(np.abs(self.logits).max()))
        digit = float(np.finfo(self.model.dtype).eps) * size
        rounding = ROUNDING * digit * float((others * moved).sum(axis=0).mean())
        with np.errstate(all="ignore"):  # a step that is far too large for the weight
            factors = np.expm1(changes, out=changes)
            losses = np.log1p((others[:, None] * factors).sum(axis=0)).mean(axis=1)
        losses[~np.isfinite(losses)] = np.nan  # which goes on through sums without a warning
        return losses.astype(np.float64), rounding


def at_step_zero(slopes: Array, orders: Sequence[int], noise: Array) -> tuple[Array, Array]:
    """Slopes measured with the ladder's steps, extrapolated to step zero, and their doubt.

    slopes and noise are (weights, steps); `orders` are the powers of the step in the slopes'
    error, which are removed one after the other. Of the results the one is taken that agrees
    best with its neighbours: (weights,) twice.
    """
    for order in orders:
        factor = RATIO**order
        slopes = (factor * slopes[:, 1:] - slopes[:, :-1]) / (factor - 1)
    doubts = np.abs(np.diff(slopes, axis=1))  # (weights, results - 1)
    doubts = np.maximum(doubts[:, 1:], doubts[:, :-1])  # of the results with two neighbours
    doubts = doubts + noise[:, -doubts.shape[1] - 1 : -1]
    doubts[np.isnan(doubts)] = np.inf
    best = np.arange(len(slopes)), doubts.argmin(axis=1)
    return slopes[:, 1:-1][best], doubts[best]
