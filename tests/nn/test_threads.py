"""One network in the hands of several threads: nothing of a pass stays on the network."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from mnist_core.nn.builders import build_model
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace

ROUNDS = 100
NETWORKS = {
    "mlp": {"name": "mlp", "hidden": (32, 16), "activation": "tanh", "dropout": 0.3},
    "cnn": {"name": "cnn", "channels": (4, 6), "kernel_sizes": (5, 3), "dropout": 0.3},
    "plain cnn": {"name": "cnn", "channels": (2, 3), "kernel_sizes": (5, 3), "fast": False},
}
LABELS = np.arange(24) % 10


def train(model: Sequential, pixels: np.ndarray) -> list[bytes]:
    """The gradients of one step after another, in memory that is used again, with dropout."""
    work, gradients = Workspace(training=True, reuse=True), model.new_gradients()
    found = []
    for number in range(ROUNDS):
        work.rng = np.random.default_rng(number)
        logits, caches = model.forward(model.input_batch(pixels), work)
        model.backward(cross_entropy(logits, LABELS)[1], caches, gradients, work)
        found.append(gradients.flat.tobytes())
    return found


def predict(model: Sequential, pixels: np.ndarray) -> list[bytes]:
    """Probabilities, again and again."""
    images = np.rint(255 * pixels).astype(np.uint8).reshape(-1, 28, 28)
    return [model.predict_proba(images).tobytes() for _ in range(ROUNDS)]


def explain(model: Sequential, pixels: np.ndarray) -> list[bytes]:
    """What every pixel does to the loss, again and again."""
    found = []
    for _ in range(ROUNDS):
        logits, caches = model.forward(model.input_batch(pixels))
        dlogits = cross_entropy(logits, LABELS)[1]
        dx = model.backward(dlogits, caches, model.new_gradients(), input_gradient=True)
        assert dx is not None
        found.append(dx.tobytes())
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("other", [train, predict, explain])
def test_a_network_can_be_trained_while_another_thread_uses_it(
    name: str, other: Callable[[Sequential, np.ndarray], list[bytes]]
):
    model = build_model(**NETWORKS[name], rng=np.random.default_rng(0))
    first, second = np.random.default_rng(1).random((2, len(LABELS), 784), np.float32)
    alone = train(model, first), other(model, second)
    together = Barrier(2)

    def at_once(work: Callable[[Sequential, np.ndarray], list[bytes]], pixels) -> list[bytes]:
        together.wait()
        return work(model, pixels)

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(at_once, train, first), pool.submit(at_once, other, second)]
        assert tuple(result.result() for result in results) == alone
