"""Which runs the report's experiment has: its own two, its learning rates, and better networks."""

from dataclasses import dataclass, replace

from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.data.mnist import MIN_TRAIN_SIZE, VALIDATION_SIZE
from mnist_core.experiments.space import Choices, grid
from mnist_core.experiments.sweep import Candidate, candidate
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS

# The runs that have a name: the report's two; the larger one, ended early; the smaller one with a
# hundred times the rate; and the network that the report could not finish.
FEW, MANY, PART, FASTER, CNN = "few", "many", "part", "faster", "cnn"
# The same 64 units as well as they are trained without augmentation: validation chooses.
RECIPES = {
    "nesterov": replace(PRESETS["quick-and-good"], epochs=20, weight_decay=5e-4),
    "adam": replace(PRESETS["mlp-best"], epochs=20, augmentation=AUGMENTATIONS["none"]),
    "quick-and-good": PRESETS["quick-and-good"],
}
TIMES = 100  # the rate of the run that is called faster
SUMMED_POWERS = range(-6, 1)  # rates from 0.000001 to 1
BETWEEN = 3  # the rate between 1 and 10, as near to the middle as a short number is
SHARE = 25  # the smaller run has one in 25 of the images


@dataclass(frozen=True)
class Plan:
    """All runs of the experiment. The report's own settings stand in `named`, under FEW and MANY.

    `images` is how many there are to train on. `sweep` has the summed rates first, from the lowest
    up, and then the mean ones.
    """

    images: int
    named: dict[str, TrainConfig]
    sweep: tuple[Candidate, ...]
    is_quick: bool

    @property
    def configs(self) -> list[TrainConfig]:
        """Of every run: those with a name, then those of the sweep."""
        return [*self.named.values(), *(c for one in self.sweep for c in one.configs)]

    @property
    def recipes(self) -> list[str]:
        """The names of the well-trained candidates."""
        return [name for name in self.named if name in RECIPES]


def planned(images: int, *, quick: bool = False) -> Plan:
    """The whole experiment, or in `quick` a part of it; ValueError for too few training images."""
    if images < 2 * MIN_TRAIN_SIZE:
        raise ValueError(
            f"the experiment needs at least {2 * MIN_TRAIN_SIZE} training images, not {images}"
        )
    report = PRESETS["report-50000"]
    many = replace(report, train_size=min(report.train_size, images))
    if quick:
        many = replace(many, epochs=30)
    size = min(PRESETS["report-2000"].train_size, max(MIN_TRAIN_SIZE, images // SHARE))
    few = replace(many, train_size=size)
    part = replace(many, epochs=3 * many.epochs // 10)
    faster = replace(few, learning_rate=float(f"{TIMES * few.learning_rate:g}"))
    cnn = PRESETS["first-light" if quick else "quick"]
    named = {MANY: many, FEW: few, PART: part, FASTER: faster, CNN: cnn}
    named |= {"quick-and-good": RECIPES["quick-and-good"]} if quick else RECIPES
    fitting = {
        name: replace(config, train_size=min(config.train_size, images), threads=1)
        for name, config in named.items()
    }
    return Plan(images, fitting, _sweep(many, quick), quick)


def _sweep(report: TrainConfig, quick: bool) -> tuple[Candidate, ...]:
    """The report's network with rates over six decades, for summed and for mean gradients.

    The mean rates are the summed ones times the batch size: the same steps, if the gradients of
    a batch are what they should be.
    """
    size = min(report.train_size, VALIDATION_SIZE) if quick else report.train_size
    base = replace(report, epochs=4 if quick else 20, train_size=size)
    factors = (1,) if quick else (1, BETWEEN)
    rates = [float(f"{factor}e{power}") for power in SUMMED_POWERS for factor in factors]
    rates = [rate for rate in rates if rate <= 1]
    found = []
    for reduction, times in (("sum", 1), ("mean", base.batch_size)):
        values = tuple(float(f"{times * rate:.4g}") for rate in rates)
        for settings in grid([Choices("learning_rate", values)]):
            both = {"reduction": reduction} | settings
            found.append(candidate(base, both, seeds=1 if quick else 3))
    return tuple(found)
