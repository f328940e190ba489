"""The multi-layer perceptron 784-64-10 as NumPy core, textbook NumPy, PyTorch and scikit-learn.
All rows start from the same 50,000 images, shuffle them, and do plain SGD on the mean gradient.
"""

from functools import partial
from time import perf_counter

from measure import Bar, Measurement, Row, Table

HIDDEN = 64
LEARNING_RATE = 0.1
PREDICTIONS = 1000  # of one image each, in a measurement


def core_epoch(batch_size: int) -> Measurement:
    """`train` just as the command line runs it: it measures and reports every step."""
    from mnist_core import load_mnist
    from mnist_core.training.config import TrainConfig
    from mnist_core.training.run import Run
    from mnist_core.training.train import train

    config = TrainConfig(
        hidden=(HIDDEN,),
        activation="sigmoid",
        optimizer="sgd",
        learning_rate=LEARNING_RATE,
        schedule="constant",
        batch_size=batch_size,
        epochs=10_000,
    )
    run = Run(config, load_mnist())
    steps = train(run)

    def epoch() -> float:
        # The last step is not timed: with it comes the judging of the weights on 20,000 images,
        # which is no training and which the peers do not do.
        started = perf_counter()
        for _ in range(run.steps_per_epoch - 1):
            next(steps)
        seconds = perf_counter() - started
        next(steps)
        return seconds

    return epoch


def two_products(batch_size: int) -> Measurement:
    """What no implementation can do without: W1 x and its transpose's gradient, from the cache."""
    import numpy as np

    # OpenBLAS packs its operands into memory that it takes piece by piece, as products first need
    # it. Where small products come first, on some machines all later ones stay at half the speed.
    large = np.ones((512, 512), np.float32)
    np.matmul(large, large)

    rng = np.random.default_rng(0)
    pixels = rng.random((batch_size, 784), np.float32)  # a batch, sample by sample
    W = rng.random((HIDDEN, 784), np.float32)
    errors = rng.random((HIDDEN, batch_size), np.float32)
    activations, gradient = np.empty_like(errors), np.empty_like(W)

    def epoch() -> float:
        started = perf_counter()
        for _ in range(50_000 // batch_size):
            np.matmul(W, pixels.T, out=activations)  # (64, N)
            np.matmul(errors, pixels, out=gradient)  # (64, 784)
        return perf_counter() - started

    return epoch


def textbook_epoch(batch_size: int) -> Measurement:
    """NumPy as it is taught: float64, an example is a row, every result a new array."""
    import numpy as np

    from mnist_core import load_mnist

    train = load_mnist().train
    X = train.images.reshape(-1, 784) / 255.0  # (50000, 784)
    Y = np.eye(10)[train.labels]  # (50000, 10)
    rng = np.random.default_rng(0)
    W1, b1 = rng.normal(0, 0.05, (784, HIDDEN)), np.zeros(HIDDEN)
    W2, b2 = rng.normal(0, 0.15, (HIDDEN, 10)), np.zeros(10)

    def epoch() -> float:
        nonlocal W1, b1, W2, b2
        started = perf_counter()
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch_size):
            chosen = order[start : start + batch_size]
            x, y = X[chosen], Y[chosen]
            h = 1 / (1 + np.exp(-(x @ W1 + b1)))  # (N, 64)
            z = h @ W2 + b2  # (N, 10)
            e = np.exp(z - z.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            loss = -np.mean(np.sum(y * np.log(p), axis=1))
            assert np.isfinite(loss)
            dz = (p - y) / len(x)
            dh = dz @ W2.T * h * (1 - h)
            W2 -= LEARNING_RATE * h.T @ dz
            b2 -= LEARNING_RATE * dz.sum(axis=0)
            W1 -= LEARNING_RATE * x.T @ dh
            b1 -= LEARNING_RATE * dh.sum(axis=0)
        return perf_counter() - started

    return epoch


def pytorch_epoch(batch_size: int) -> Measurement:
    """PyTorch's usual loop, with mini-batches gathered by index: faster than a DataLoader."""
    import torch
    from torch import nn

    from mnist_core import load_mnist

    torch.set_num_threads(1)
    torch.manual_seed(0)
    train = load_mnist().train
    images = torch.tensor(train.images.reshape(-1, 784)).float() / 255  # (50000, 784)
    labels = torch.tensor(train.labels).long()
    network = nn.Sequential(nn.Linear(784, HIDDEN), nn.Sigmoid(), nn.Linear(HIDDEN, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    loss_of = nn.CrossEntropyLoss()

    def epoch() -> float:
        started = perf_counter()
        order = torch.randperm(len(images))
        for start in range(0, len(images), batch_size):
            chosen = order[start : start + batch_size]
            loss = loss_of(network(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return perf_counter() - started

    return epoch


def scikit_learn_epoch(batch_size: int) -> Measurement:
    """MLPClassifier's own pass over the data."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    from mnist_core import load_mnist

    train = load_mnist().train
    X = train.images.reshape(-1, 784) * np.float32(1 / 255)  # (50000, 784)
    network = MLPClassifier(
        (HIDDEN,),
        activation="logistic",
        solver="sgd",
        alpha=0,
        batch_size=batch_size,
        learning_rate_init=LEARNING_RATE,
        momentum=0,
        nesterovs_momentum=False,
        random_state=0,
    )

    def epoch() -> float:
        started = perf_counter()
        network.partial_fit(X, train.labels, classes=range(10))
        return perf_counter() - started

    return epoch


def core_prediction() -> Measurement:
    """predict_proba of one uint8 image, its checks included."""
    import numpy as np

    from mnist_core import load_mnist
    from mnist_core.nn.builders import build_mlp

    images = load_mnist().test.images
    model = build_mlp(hidden=(HIDDEN,), rng=np.random.default_rng(0))

    def prediction() -> float:
        started = perf_counter()
        for i in range(PREDICTIONS):
            model.predict_proba(images[i : i + 1])
        return (perf_counter() - started) / PREDICTIONS

    return prediction


def pytorch_prediction() -> Measurement:
    """The same from the same uint8 image, without recording for gradients."""
    import torch
    from torch import nn

    from mnist_core import load_mnist

    torch.set_num_threads(1)
    images = torch.tensor(load_mnist().test.images)
    network = nn.Sequential(nn.Linear(784, HIDDEN), nn.Sigmoid(), nn.Linear(HIDDEN, 10)).eval()

    @torch.inference_mode()
    def prediction() -> float:
        started = perf_counter()
        for i in range(PREDICTIONS):
            x = images[i : i + 1].reshape(1, 784).float() / 255
            torch.softmax(network(x), dim=1)
        return (perf_counter() - started) / PREDICTIONS

    return prediction


def _epoch_table(batch_size: int, bars: tuple[Bar, ...]) -> Table:
    return Table(
        key=f"mlp-{batch_size}",
        title=f"An epoch of 784-{HIDDEN}-10 over 50,000 images, batch {batch_size}, one thread",
        rows=(
            Row("NumPy core", partial(core_epoch, batch_size)),
            Row("the two matrix products alone", partial(two_products, batch_size)),
            Row("textbook NumPy, float64", partial(textbook_epoch, batch_size)),
            Row("PyTorch eager", partial(pytorch_epoch, batch_size)),
            Row("scikit-learn MLPClassifier", partial(scikit_learn_epoch, batch_size)),
        ),
        bars=bars,
    )


TABLES = [
    _epoch_table(64, (Bar("the two matrix products alone", 1.9), Bar("PyTorch eager", 0.35))),
    _epoch_table(10, (Bar("PyTorch eager", 0.25),)),
    Table(
        key="mlp-one",
        title="One prediction of one image by 784-64-10, one thread",
        rows=(Row("NumPy core", core_prediction), Row("PyTorch eager", pytorch_prediction)),
        bars=(Bar("PyTorch eager", 1.0),),
        at_most=60e-6,
        unit="us",
    ),
]
