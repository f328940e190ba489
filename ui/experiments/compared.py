"""A comparison as the server is asked for it, and what came out."""

from dataclasses import dataclass
from functools import lru_cache

from mnist_core.experiments.comparison import Judged, Pair, ordered, paired
from mnist_core.experiments.experiment import Order
from mnist_core.experiments.reference.charts import pictures_chart, strongest_of
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import load_model
from mnist_core.training.config import TrainConfig

REMEMBERED = 16  # comparisons whose initial weights are not made again


@dataclass(frozen=True)
class Compared:
    """What came out: the pairs, both networks of the first, and the pictures of their weights.

    `pictures` has SVG by what it shows; none where the shapes differ.
    """

    pairs: tuple[Pair, ...]
    networks: tuple[Sequential, Sequential]
    pictures: dict[str, str]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both sides, and the order for their runs."""

    first: TrainConfig
    second: TrainConfig
    order: Order


@lru_cache(REMEMBERED)
def comparison(first: TrainConfig, second: TrainConfig, seeds: int) -> Comparison:
    """Both sides with so many seeds."""
    configs, initial = ordered(first, second, range(seeds))

    def conclude(runs, kept, data) -> Compared:
        judged = {
            index: Judged(run, kept.recognised(run.config, data.test, start))
            for index, (run, start) in enumerate(zip(runs, initial, strict=True))
            if run.status == "finished"
        }
        pairs = paired(range(seeds), judged)
        if not pairs:
            raise ValueError("no seed went well on both sides, so there is nothing to compare")
        at = 2 * pairs[0].seed
        one, other = (
            load_model(kept.network(configs[index], initial[index])) for index in (at, at + 1)
        )
        return Compared(tuple(pairs), (one, other), _pictures(one, other))

    return Comparison(first, second, Order("compare", tuple(configs), conclude, tuple(initial)))


def _pictures(one: Sequential, other: Sequential) -> dict[str, str]:
    """The first layer's weights of both and their difference, where the shapes agree."""
    first, second = first_layer_pictures(one), first_layer_pictures(other)
    if first.shape != second.shape:
        return {}
    strongest = max(strongest_of(first), strongest_of(second))
    difference = second - first
    return {
        title: pictures_chart(pictures, f"compared-{number}", title, scale)
        for number, (title, pictures, scale) in enumerate(
            (
                ("The weights of A", first, strongest),
                ("The weights of B", second, strongest),
                ("B minus A", difference, strongest_of(difference)),
            )
        )
    }
