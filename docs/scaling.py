"""What a number of visitors takes: front ends, places for trainings, memory and disk.
`python docs/scaling.py 10000` simulates them with the costs that were measured (see scaling.md).
"""

import argparse
import heapq
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import ceil

import numpy as np

SECONDS, WARM_UP = 60.0, 10.0  # of simulated time, and of it before anything is counted
SPREAD = 0.5  # of the logarithm of what a message takes
RUNS = 20_000  # simulated


@dataclass(frozen=True)
class Measured:
    """What one of each costs, on the machine that scaling.md names."""

    message_ms: float = 5.8  # of one core, for one message of the pen and its answer
    front_end_mb: float = 165.0  # of memory, before anybody comes
    visitor_mb: float = 0.27  # of memory for an open page
    training_mb: float = 75.0  # of memory for a run at work: its process, and what is shown of it
    run_mb: float = 11.0  # of disk for a run that is kept


@dataclass(frozen=True)
class Habits:
    """What visitors do, in means."""

    drawing: float = 0.1  # share of the open pages on which somebody draws now
    pieces: int = 4  # messages of the pen for one digit
    pause: float = 1.5  # seconds between two digits
    trainings_an_hour: float = 4.0  # of one visitor
    training_seconds: float = 15.0  # of one run, with a place of its own
    runs_kept: int = 4  # of one visitor


def pen_p95(
    drawing: int, front_ends: int, cost: float, habits: Habits, rng: np.random.Generator
) -> float:
    """Seconds that 95 of 100 messages of the pen wait for their answer at most.

    Args:
        drawing: visitors who draw. Each sends the next piece when the last one was answered.
        front_ends: processes; a visitor stays with one, which answers in order of arrival.
        cost: seconds of a message on average; a single one takes half to twice as long.
    """
    home = rng.integers(front_ends, size=drawing)
    free_at = np.zeros(front_ends)
    begins = rng.random(drawing) * habits.pause
    due = [(time, visitor, 0) for visitor, time in enumerate(begins.tolist())]
    heapq.heapify(due)
    waited = []
    while due[0][0] < SECONDS:
        sent, visitor, piece = due[0]
        server = home[visitor]
        ready = max(sent, free_at[server]) + cost * rng.lognormal(-(SPREAD**2) / 2, SPREAD)
        free_at[server] = ready
        if sent > WARM_UP:
            waited.append(ready - sent)
        last = piece + 1 == habits.pieces
        following = ready + habits.pause * rng.uniform(0.5, 1.5) if last else ready
        heapq.heapreplace(due, (following, visitor, 0 if last else piece + 1))
    return float(np.quantile(waited, 0.95))


def start_p95(places: int, visitors: int, habits: Habits, rng: np.random.Generator) -> float:
    """Seconds that 95 of 100 runs wait for their place at most, when all come at random."""
    starts_a_second = visitors * habits.trainings_an_hour / 3600
    free_at = [0.0] * places
    now, waited = 0.0, []
    for _ in range(RUNS):
        now += rng.exponential(1 / starts_a_second)
        begins = max(now, free_at[0])
        waited.append(begins - now)
        heapq.heapreplace(free_at, begins + rng.exponential(habits.training_seconds))
    return float(np.quantile(waited[RUNS // 5 :], 0.95))


def least(enough: Callable[[int], bool], first: int) -> int:
    """The smallest number from `first` on with which it is enough, to 5 %."""
    number = first
    while not enough(number):
        number = max(number + 1, round(number * 1.05))
    return number


def main() -> None:
    """Print what a number of visitors takes."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("visitors", type=int, help="pages that are open at the same time")
    parser.add_argument("--answer-ms", type=float, default=200.0, help="p95 of the pen's answers")
    parser.add_argument("--start-s", type=float, default=5.0, help="p95 of the wait for a place")
    for table in (Measured, Habits):
        for field in fields(table):
            name = "--" + field.name.replace("_", "-")
            parser.add_argument(name, type=type(field.default), default=field.default)
    options = vars(parser.parse_args())
    measured = Measured(**{field.name: options[field.name] for field in fields(Measured)})
    habits = Habits(**{field.name: options[field.name] for field in fields(Habits)})
    for name, value in what_it_takes(options, measured, habits).items():
        print(f"{name:<58} {value:>12,.0f}")


def what_it_takes(
    options: dict[str, float], measured: Measured, habits: Habits
) -> dict[str, float]:
    """Names of figures, and the figures."""
    rng = np.random.default_rng(1)
    visitors, cost = int(options["visitors"]), measured.message_ms / 1000
    drawing = max(1, round(visitors * habits.drawing))

    def answers_in_time(front_ends: int) -> bool:
        return pen_p95(drawing, front_ends, cost, habits, rng) * 1000 <= options["answer_ms"]

    def starts_in_time(places: int) -> bool:
        return start_p95(places, visitors, habits, rng) <= options["start_s"]

    messages = drawing * habits.pieces / habits.pause  # a second, at most
    front_ends = least(answers_in_time, max(1, ceil(messages * cost / 2)))
    at_work = visitors * habits.trainings_an_hour / 3600 * habits.training_seconds
    places = least(starts_in_time, max(1, ceil(at_work)))
    memory = front_ends * measured.front_end_mb + visitors * measured.visitor_mb
    return {
        "visitors who draw at the same time": drawing,
        "messages of the pen a second, at most": messages,
        f"front ends for a p95 of {options['answer_ms']:.0f} ms, a core each": front_ends,
        f"places for a p95 of {options['start_s']:.0f} s, a core each": places,
        "memory of the front ends, MB": memory,
        "memory of the trainings, MB": places * measured.training_mb,
        "disk for the runs that are kept, MB": visitors * habits.runs_kept * measured.run_mb,
    }


if __name__ == "__main__":
    main()
