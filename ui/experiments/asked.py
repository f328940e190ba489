"""What a search asks for: the settings to vary with their values, and the runs that follow."""

import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mnist_core.cli.parser import refuse_what_is_not_used
from mnist_core.cli.varying import REFUSED, varied
from mnist_core.data.mnist import MIN_TRAIN_SIZE
from mnist_core.experiments.experiment import MOST_RUNS, Order, too_much
from mnist_core.experiments.space import Choices, Range, grid, in_text, random_draws
from mnist_core.experiments.sweep import (
    Candidate,
    Score,
    best,
    candidate,
    judged_by_test_images,
    scores,
)
from mnist_core.training.config import TrainConfig
from mnist_core.training.settings import SETTINGS

NOTHING = "none"  # as the second setting to vary
LONGEST = 1_000  # characters of values
READABLE = re.compile(r"[\w.,+():\- ]*")
COUNT = re.compile(r":(\d+)$")  # how many values a range has
# What is tried at first of a setting; of the others, all that the table offers.
USUAL = {
    "learning_rate": "0.003,0.01,0.03,0.1,0.3,1",
    "hidden": "16,32,64,128",
    "batch_size": "32,64,128,256",
    "dropout": "0,0.1,0.2,0.4",
    "weight_decay": "0,1e-05,0.0001,0.001",
    "momentum": "0,0.5,0.9,0.95",
    "train_size": "1000,2000,5000,10000",
    "epochs": "1,2,4,8",
    "channels": "4+8,8+16,16+32",
    "kernel_sizes": "3+3,5+5",
    "dense": "0,32,64",
    "ema_decay": "0,0.9,0.99,0.999",
    "initialisation": "glorot,he,normal(0.01),normal(0.1)",
}


def usual_values(name: str) -> str:
    """The values that a setting is tried with at first, as they are typed."""
    row = SETTINGS[name]
    return USUAL.get(name) or ",".join(row.choices or row.named)


def setting_in_words(name: str) -> str:
    """A setting as widgets have it, without the number of a layer."""
    row = SETTINGS[name]
    return row.label if not row.layers else name.replace("_", " ").capitalize()


def can_vary(model: str) -> list[str]:
    """The settings that a search can vary for that kind of network, the usual ones first."""
    rest = [name for name in SETTINGS if name not in USUAL]
    return [
        name
        for name in [*USUAL, *rest]
        if name not in (*REFUSED, "model") and SETTINGS[name].model in ("", model)
    ]


def values_of(name: str, text: str) -> Choices | Range:
    """The values that a text stands for; ValueError, with the allowed range, for what can't be."""
    if len(text) > LONGEST:
        raise ValueError(f"values of {LONGEST:,} characters at most are read")
    if not READABLE.fullmatch(text):  # nor may a sentence repeat what makes a link of it
        raise ValueError("values are numbers or words with commas between them")
    count = COUNT.search(text)
    if count and (len(count[1]) > 4 or int(count[1]) > MOST_RUNS):
        raise ValueError(f"a range has at most {MOST_RUNS} values")
    said = f"{name}={text}"
    try:
        return varied(said)
    except ArgumentTypeError as error:
        raise ValueError(str(error).removeprefix(f"{said!r}: ")[:LONGEST]) from None


@dataclass(frozen=True)
class Search:
    """A search that can be carried out.

    Args:
        names: of the settings that are varied.
        is_random: whether combinations were drawn instead of taking all.
    """

    names: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    is_random: bool

    @property
    def configs(self) -> tuple[TrainConfig, ...]:
        """Of every run, a candidate's after the other's."""
        return tuple(config for one in self.candidates for config in one.configs)

    @property
    def order(self) -> Order:
        """The search as the server is asked for it."""

        def conclude(runs, kept, data) -> "Searched":
            scored = scores(self.candidates, runs)
            top = best(scored)
            tested = judged_by_test_images(top, kept, data.test) if top else []
            return Searched(tuple(scored), top, tuple(tested))

        return Order(f"search {' '.join(self.names)}", self.configs, conclude)


@dataclass(frozen=True)
class Searched:
    """What came out: the best candidate, None if none went well, and its shares of test images."""

    scores: tuple[Score, ...]
    best: Score | None
    tested: tuple[float, ...]


def search(
    base: TrainConfig, values: Sequence[Choices | Range], draws: int, seeds: int, images: int
) -> Search:
    """All combinations, or so many at random if `draws` is not 0; ValueError for what can't be.

    `images` is how many there are to train on.
    """
    names = tuple(one.name for one in values)
    endless = [one.name for one in values if isinstance(one, Range)]
    if endless and not draws:
        raise ValueError(
            f"the range of {endless[0]} needs a number of values, as 1e-6..1:log:9, or draw at "
            "random"
        )
    choices = [one for one in values if isinstance(one, Choices)]
    number = draws or prod(len(one.values) for one in choices)
    if refusal := too_much(number * seeds, 0):
        raise ValueError(refusal)
    settings = random_draws(values, draws) if draws else grid(choices)
    found = []
    for one in settings:
        try:
            made = candidate(base, one, seeds)
            refuse_what_is_not_used(made.configs[0], one)
            if not MIN_TRAIN_SIZE <= made.configs[0].train_size <= images:
                raise ValueError(f"the training size must be from {MIN_TRAIN_SIZE} to {images:,}")
        except ValueError as error:
            raise ValueError(f"{in_text(one)} can't be trained: {error}") from None
        found.append(made)
    return Search(names, tuple(found), is_random=bool(draws))
