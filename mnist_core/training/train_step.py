"""One step of training: forward, loss, backward, update.
What lies around a step (which batch, which rate, time, divergence) is in train.py.
"""

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import ParameterVector
from mnist_core.nn.workspace import Workspace
from mnist_core.training.micro_batches import MicroBatches
from mnist_core.training.run import Run


def train_step(
    run: Run, pixels: Array, labels: Array, learning_rate: float, micro_batches: MicroBatches
) -> tuple[float, float]:
    """Move the parameters of a run's network one step against the gradient of a batch.

    Args:
        pixels: (N, 784) in 0..1.
        labels: (N,).
        learning_rate: of this step.
        micro_batches: cuts the batch, on one or two threads, and adds up the gradients.

    Returns the mean loss in nats and the share of right answers, 0..1, as they were before it.
    """
    model, optimizer = run.model, run.optimizer
    # The learning rate, where the optimizer wants it in the gradient: SGD.step says why.
    scale = optimizer.gradient_scale(learning_rate)
    per_image = scale / len(labels) if run.config.reduction == "mean" else scale

    def there_and_back(
        x: Array, labels: Array, gradients: ParameterVector, work: Workspace
    ) -> tuple[float, int]:
        logits, caches = model.forward(x, work)  # (10, n)
        loss, dlogits = cross_entropy(logits, labels)  # the mean, (10, n)
        dlogits *= per_image
        model.backward(dlogits, caches, gradients, work)
        right = np.count_nonzero(logits.argmax(axis=0) == labels)
        return loss * len(labels), int(right)

    loss, right = micro_batches.add_up(there_and_back, pixels, labels, run.dropout_generator)
    gradient, parameters = micro_batches.gradients.flat, model.parameters.flat  # (P,), (P,)
    if run.decay_factors is not None:
        gradient += run.decay_factors * scale * parameters
    optimizer.step(parameters, gradient, learning_rate)
    return loss / len(labels), right / len(labels)
