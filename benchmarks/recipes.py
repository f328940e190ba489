"""Every recipe over several seeds, as NumPy core and as PyTorch, on one and on two threads.
Both train the same network on the same mini-batches; each run is a process of its own.

    python benchmarks/recipes.py [--seeds 5] [--threads 1 2] [--only quick] [--peers core pytorch]
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RECIPES = ("first-light", "quick", "good", "best", "mlp-best")
PEERS = ("core", "pytorch")


def run_core(recipe: str, seed: int, threads: int) -> dict[str, float]:
    """Test accuracy and seconds of training of the core's own loop."""
    from mnist_core import load_mnist
    from mnist_core.nn.metrics import accuracy
    from mnist_core.training.recipes import PRESETS
    from mnist_core.training.run import Run
    from mnist_core.training.train import train

    data = load_mnist()
    run = Run(replace(PRESETS[recipe], seed=seed, threads=threads), data)
    seconds = 0.0
    for progress in train(run):
        seconds = progress.seconds
    predictions = run.network().predict(data.test.images)
    return {"accuracy": accuracy(predictions, data.test.labels), "seconds": seconds}


def run_pytorch(recipe: str, seed: int, threads: int) -> dict[str, float]:
    """The same network, batches, schedule and averaged weights with PyTorch's usual loop."""
    import torch
    from torch import nn

    from mnist_core import load_mnist
    from mnist_core.nn.schedules import SCHEDULES
    from mnist_core.training.batches import batches
    from mnist_core.training.recipes import PRESETS
    from mnist_core.training.run import Run

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    data = load_mnist()
    run = Run(replace(PRESETS[recipe], seed=seed), data)
    config = run.config
    memory = torch.channels_last if config.model == "cnn" else torch.contiguous_format
    shape = (-1, 1, 28, 28) if config.model == "cnn" else (-1, 784)
    network = pytorch_network(config)
    if config.model == "cnn":
        network = network.to(memory_format=memory)
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.ema_decay)
    )
    decayed = {"weight_decay": config.weight_decay}
    if config.optimizer == "adam":
        optimizer = torch.optim.Adam(network.parameters(), config.learning_rate, **decayed)
    else:
        optimizer = torch.optim.SGD(
            network.parameters(), config.learning_rate, momentum=config.momentum, nesterov=True,
            **decayed,
        )  # fmt: skip
    loss_of = nn.CrossEntropyLoss()
    started = perf_counter()
    while run.step < run.steps:
        for pixels, labels in batches(run):
            rate = config.learning_rate * SCHEDULES[config.schedule](run.step / run.steps)
            for group in optimizer.param_groups:
                group["lr"] = rate
            images = torch.from_numpy(pixels).reshape(shape).to(memory_format=memory)
            loss = loss_of(network(images), torch.from_numpy(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if config.ema_decay:
                averaged.update_parameters(network)
            run.step += 1
    seconds = perf_counter() - started
    judged = (averaged if config.ema_decay else network).eval()
    with torch.inference_mode():
        images = torch.tensor(data.test.images).float().div(255).reshape(shape)
        right = judged(images).argmax(1).numpy() == data.test.labels
    return {"accuracy": float(right.mean()), "seconds": seconds}


def pytorch_network(config: Any) -> Any:
    """The network of a configuration as PyTorch layers, with the same kind of initial weights."""
    from torch import nn

    layers: list[Any] = []
    units = 784
    widths: Sequence[int] = config.hidden
    if config.model == "cnn":
        inputs, side = 1, 28
        for maps, size in zip(config.channels, config.kernel_sizes, strict=True):
            layers += [nn.Conv2d(inputs, maps, size), nn.MaxPool2d(2), nn.ReLU()]
            inputs, side = maps, (side - size + 1) // 2
        layers.append(nn.Flatten())
        units, widths = inputs * side**2, config.dense
    for width in widths:
        if config.dropout and config.model == "cnn":
            layers.append(nn.Dropout(config.dropout))
        layers += [nn.Linear(units, width), nn.ReLU()]
        if config.dropout and config.model == "mlp":
            layers.append(nn.Dropout(config.dropout))
        units = width
    if config.dropout and config.model == "cnn":
        layers.append(nn.Dropout(config.dropout))
    layers.append(nn.Linear(units, 10))
    network = nn.Sequential(*layers)
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            if config.initialisation == "he":
                nn.init.kaiming_normal_(layer.weight)
            else:
                nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network


def in_a_process(peer: str, recipe: str, seed: int, threads: int) -> dict[str, float]:
    """Run one of the above by itself, with BLAS on one thread for the core."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--one", peer, recipe, str(seed), str(threads)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run everything by turns and print a table a recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], choices=(1, 2))
    parser.add_argument("--only", nargs="+", default=list(RECIPES), choices=RECIPES)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        peer, recipe, seed, threads = options.one
        run = {"core": run_core, "pytorch": run_pytorch}[peer]
        print(json.dumps(run(recipe, int(seed), int(threads))))
        return
    print("| recipe | peer | threads | seeds | test accuracy, mean | spread | seconds, mean |")
    print("|---|---|---|---|---|---|---|")
    for recipe in options.only:
        results: dict[tuple[str, int], list[dict[str, float]]] = {}
        for seed in range(options.seeds):
            for threads in options.threads:
                for peer in options.peers:
                    result = in_a_process(peer, recipe, seed, threads)
                    results.setdefault((peer, threads), []).append(result)
        for (peer, threads), runs in sorted(results.items()):
            accuracies = [100 * run["accuracy"] for run in runs]
            spread = stdev(accuracies) if len(runs) > 1 else 0.0
            print(
                f"| {recipe} | {peer} | {threads} | {len(runs)} | {mean(accuracies):.2f} % | "
                f"{spread:.2f} | {mean(run['seconds'] for run in runs):.1f} s |",
                flush=True,
            )


if __name__ == "__main__":
    main()
