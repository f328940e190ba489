"""What a second worker of a cluster gains: a sweep with one worker on a core, and two on two.
Run `python -m tests.load.cluster_gain`; the last line is the ratio of the times, the
median of all pairs. Others' work on the same cores hides the gain: the machine must be at rest.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.experiments.runner import run_all
from mnist_core.runs.cluster import Cluster
from mnist_core.training.config import TrainConfig
from tests.runs.machines import Machines
from tests.runs.tools import wait_until

RUNS = 8
CONFIG = TrainConfig(hidden=(64,), epochs=8)


def main() -> int:
    """Measure some pairs, and print each; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3, help="of sweeps (default: %(default)s)")
    pairs = parser.parse_args().pairs
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        print("Two cores are needed: one for each worker.", file=sys.stderr)
        return 2
    data, ratios = load_mnist(), []
    for _ in range(pairs):
        one, two = (seconds_with(cores[:workers], data) for workers in (1, 2))
        ratios.append(one / two)
        print(f"{RUNS} runs: one worker {one:.1f} s, two workers {two:.1f} s: {one / two:.2f}")
    print(f"{median(ratios):.2f}")
    return 0


def seconds_with(cores: list[int], data: Dataset) -> float:
    """How long the sweep takes with a worker on each of those cores, which are warmed up before."""
    with tempfile.TemporaryDirectory() as folder, pinned_machines(Path(folder), cores) as address:
        os.environ["DIGIT_LAB_SCHEDULER"] = address
        with Cluster(address) as cluster:
            wait_until(lambda: cluster.places("experiments") == len(cores))
        sweep(len(cores), data)
        started = perf_counter()
        sweep(RUNS, data)
        return perf_counter() - started


def sweep(number: int, data: Dataset) -> None:
    """Train so many runs of equal length."""
    runs = list(run_all([replace(CONFIG, seed=seed) for seed in range(number)], data, niceness=0))
    assert all(run.status == "finished" for run in runs)


@contextmanager
def pinned_machines(folder: Path, cores: list[int]) -> Iterator[str]:
    """A scheduler, and a worker with one thread on each core, whose processes stay there too."""
    ours, machines = os.sched_getaffinity(0), Machines(folder, threads=1)
    try:
        machines.start(workers=0)
        for number, core in enumerate(cores, 1):
            os.sched_setaffinity(0, {core})
            machines.start(workers=number)
            os.sched_setaffinity(0, ours)
        yield machines.address
    finally:
        os.sched_setaffinity(0, ours)
        machines.kill_all()


if __name__ == "__main__":
    sys.exit(main())
