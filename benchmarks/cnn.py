"""The convolutional networks S, M and L as NumPy core and as PyTorch in both memory layouts.
All rows train on the same 4,096 images, each step with cross-entropy and Nesterov momentum.
"""

import os
from functools import partial
from time import perf_counter

from measure import Bar, Measurement, Row, Table

IMAGES = 4096  # in a measurement
LEARNING_RATE = 0.02
MOMENTUM = 0.9
PREDICTIONS = 500  # of one image each, in a measurement
LIMIT_SIDE = 1024  # of the large matrices whose product shows what the machine can do


def _one_blas_thread() -> None:
    """The core's own threads want BLAS on one thread. Must come before NumPy is imported."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def core_training(name: str, batch_size: int, threads: int) -> Measurement:
    """Seconds an image, with the micro-batches of each batch on one or two threads."""
    _one_blas_thread()
    import numpy as np

    from mnist_core import load_mnist
    from mnist_core.nn.builders import CNNS
    from mnist_core.nn.network import to_pixels
    from mnist_core.training.config import TrainConfig
    from mnist_core.training.micro_batches import MicroBatches
    from mnist_core.training.run import Run
    from mnist_core.training.train_step import train_step

    config = TrainConfig(
        model="cnn", **CNNS[name], initialisation="he", momentum=MOMENTUM, train_size=IMAGES
    )
    mnist = load_mnist()
    run = Run(config, mnist)
    pixels, labels = to_pixels(mnist.train.images[:IMAGES]), mnist.train.labels[:IMAGES]
    micro_batches = MicroBatches(run.model, threads=threads)
    rng = np.random.default_rng(1)

    def epoch() -> float:
        started = perf_counter()
        order = rng.permutation(IMAGES)
        for start in range(0, IMAGES, batch_size):
            chosen = order[start : start + batch_size]
            batch = pixels.take(chosen, axis=0, mode="clip")
            loss, _ = train_step(run, batch, labels[chosen], LEARNING_RATE, micro_batches)
            assert np.isfinite(loss)
        return (perf_counter() - started) / IMAGES

    return epoch


def _pytorch_network(name: str):
    from torch import nn

    def block(inputs: int, maps: int, size: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, maps, size), nn.ReLU(), nn.MaxPool2d(2)]

    if name == "S":
        return nn.Sequential(*block(1, 8, 5), *block(8, 16, 5), nn.Flatten(), nn.Linear(256, 10))
    size, features, units = {"L": (3, 800, 64), "M": (5, 512, 128)}[name]
    head = [nn.Flatten(), nn.Linear(features, units), nn.ReLU(), nn.Linear(units, 10)]
    return nn.Sequential(*block(1, 16, size), *block(16, 32, size), *head)


def pytorch_training(name: str, batch_size: int, threads: int, layout: str) -> Measurement:
    """The same with PyTorch's usual loop, in the memory layout NCHW or NHWC ("channels last")."""
    import torch
    from torch import nn

    from mnist_core import load_mnist

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    train = load_mnist().train
    memory = torch.channels_last if layout == "NHWC" else torch.contiguous_format
    images = torch.tensor(train.images[:IMAGES]).float().div(255).reshape(-1, 1, 28, 28)
    images = images.to(memory_format=memory)
    labels = torch.tensor(train.labels[:IMAGES]).long()
    network = _pytorch_network(name).to(memory_format=memory)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, nesterov=True
    )
    loss_of = nn.CrossEntropyLoss()

    def epoch() -> float:
        started = perf_counter()
        order = torch.randperm(IMAGES)
        for start in range(0, IMAGES, batch_size):
            chosen = order[start : start + batch_size]
            loss = loss_of(network(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return (perf_counter() - started) / IMAGES

    return epoch


def useful_operations(name: str) -> int:
    """Multiplications and additions that training on one image takes, without any waste.

    Convolutions count for the outputs that the pooling looks at, forward and for both gradients;
    the first layer needs no gradient for its input.
    """
    from mnist_core.nn.builders import CNNS

    net = CNNS[name]
    total, inputs, side = 0, 1, 28
    for number, (maps, size) in enumerate(zip(net["channels"], net["kernel_sizes"], strict=True)):
        pooled = (side - size + 1) // 2
        products = 3 if number else 2
        total += products * 2 * maps * inputs * size**2 * (2 * pooled) ** 2
        inputs, side = maps, pooled
    widths = [inputs * side**2, *net["dense"], 10]
    return total + sum(3 * 2 * a * b for a, b in zip(widths, widths[1:], strict=False))


def limit(name: str) -> Measurement:
    """Seconds an image if all useful operations ran at the speed of one large product."""
    _one_blas_thread()
    import numpy as np

    a = np.random.default_rng(0).random((LIMIT_SIDE, LIMIT_SIDE), np.float32)
    out = np.empty_like(a)
    operations = useful_operations(name)

    def product() -> float:
        started = perf_counter()
        for _ in range(10):
            np.matmul(a, a, out=out)
        seconds = (perf_counter() - started) / 10
        return seconds / (2 * LIMIT_SIDE**3) * operations

    return product


def core_prediction(images: int, threads: int) -> Measurement:
    """Seconds an image for predict_proba of S on uint8 images, its checks included."""
    _one_blas_thread()
    import numpy as np

    from mnist_core import load_mnist
    from mnist_core.nn.builders import CNNS, build_cnn

    test = load_mnist().test.images
    model = build_cnn(**CNNS["S"], rng=np.random.default_rng(0))
    repeats = PREDICTIONS if images == 1 else 1

    def prediction() -> float:
        started = perf_counter()
        for i in range(repeats):
            model.predict_proba(test[i : i + images], threads=threads)
        return (perf_counter() - started) / (repeats * images)

    return prediction


def pytorch_prediction(images: int, threads: int, layout: str) -> Measurement:
    """The same from the same uint8 images, in tiles of 512, without recording for gradients."""
    import torch

    from mnist_core import load_mnist

    torch.set_num_threads(threads)
    test = torch.tensor(load_mnist().test.images)
    memory = torch.channels_last if layout == "NHWC" else torch.contiguous_format
    network = _pytorch_network("S").eval().to(memory_format=memory)
    repeats = PREDICTIONS if images == 1 else 1

    @torch.inference_mode()
    def prediction() -> float:
        started = perf_counter()
        for i in range(repeats):
            for tile in test[i : i + images].split(512):
                x = tile[:, None].float().div(255).to(memory_format=memory)
                torch.softmax(network(x), dim=1)
        return (perf_counter() - started) / (repeats * images)

    return prediction


def _threads(count: int) -> str:
    return "one thread" if count == 1 else "two threads"


def _training_table(name: str, batch_size: int, threads: int, ratio: float) -> Table:
    """`ratio`: how many times as fast as either layout of PyTorch the core is to be."""
    own = partial(core_training, name, batch_size, threads)
    rows = [Row("NumPy core", own)]
    bars = []
    for layout in ("NCHW", "NHWC"):
        row = f"PyTorch {layout}"
        rows.append(Row(row, partial(pytorch_training, name, batch_size, threads, layout)))
        bars.append(Bar(row, round(1 / ratio, 2)))
    if (name, batch_size, threads) == ("S", 128, 1):
        rows.append(Row("useful operations at the machine's limit", partial(limit, name)))
        bars.append(Bar(rows[-1].name, round(1 / 0.35, 2)))
    return Table(
        key=f"cnn-{name.lower()}-{batch_size}-{threads}",
        title=f"Training CNN {name} on one image, batch {batch_size}, {_threads(threads)}",
        rows=tuple(rows),
        bars=tuple(bars),
        unit="us",
        threads=threads,
    )


def _prediction_table(images: int, threads: int, at_most: float | None) -> Table:
    layouts = ("NCHW", "NHWC")
    return Table(
        key=f"cnn-predict-{images}-{threads}",
        title=f"Prediction of an image out of {images:,} by CNN S, {_threads(threads)}",
        rows=(
            Row("NumPy core", partial(core_prediction, images, threads)),
            *(
                Row(f"PyTorch {layout}", partial(pytorch_prediction, images, threads, layout))
                for layout in layouts
            ),
        ),
        bars=tuple(Bar(f"PyTorch {layout}", 1.0) for layout in layouts),
        at_most=at_most,
        unit="us",
        threads=threads,
    )


TABLES = [
    *(
        _training_table(name, batch_size, threads, ratio if name == "S" else 1.0)
        for threads, ratio in ((1, 1.3), (2, 1.25))
        for name, batch_size in (("S", 64), ("S", 128), ("L", 64), ("M", 64))
    ),
    _prediction_table(1, 1, 120e-6),
    _prediction_table(10_000, 1, None),
    _prediction_table(10_000, 2, None),
]
