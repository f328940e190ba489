"""A run: a network, its optimizer, and how far they have come.
Saved and resumed, it goes on to the very numbers that it would have had.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from math import isfinite
from typing import Any, Literal, Self

import numpy as np

from mnist_core.arrays import Array
from mnist_core.data.mnist import VALIDATION_SIZE, Dataset, Split, balanced_subset, joined
from mnist_core.nn.builders import build_model
from mnist_core.nn.metrics import loss_and_accuracy_of
from mnist_core.nn.network import Sequential
from mnist_core.nn.optimizers import OPTIMIZERS
from mnist_core.training.checkpoint import Checkpoint, CheckpointError, fill, restored
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.random_streams import DROPOUT, INITIAL, STROKES, SUBSET, random_stream

Status = Literal["running", "finished", "diverged"]


@dataclass(frozen=True)
class EpochResult:
    """What an epoch led to. Losses are in nats, accuracies 0..1, all of the same weights.

    train_* are measured on the clean training images, at most the first 10,000 of them.
    seconds is the time of training alone, and no part of what makes two results equal.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float = field(compare=False)


@dataclass(slots=True)  # not frozen: that would take four times as long, at every step
class Progress:
    """A run after one more step; loss and accuracy are those of the step's batch."""

    step: int
    steps: int
    epoch: int  # of the step, from 1
    loss: float
    accuracy: float
    learning_rate: float
    seconds: float  # of training, since the run began or was resumed
    images: int  # trained on in that time
    result: EpochResult | None  # with the last step of an epoch
    status: Status
    message: str = ""


class Run:
    """A network, its optimizer and how far they have come.

    learning_rate may be changed between two steps; the schedule scales whatever it is.
    """

    def __init__(self, config: TrainConfig, data: Dataset) -> None:
        """A new run; ValueError for a training size that the data does not have."""
        self.config = config
        self.data = data
        self.train = balanced_subset(
            data.train, config.train_size, rng=random_stream(config.seed, SUBSET)
        )
        self.model = build_model(**config.network, rng=random_stream(config.seed, INITIAL))
        self.optimizer = OPTIMIZERS[config.optimizer](
            self.model.parameters.flat.size, momentum=config.momentum
        )
        self.ema = self.model.new_gradients() if config.ema_decay else None
        self.learning_rate = config.learning_rate
        self.step = 0
        self.steps_per_epoch = config.steps_per_epoch
        self.steps = self.steps_per_epoch * config.epochs
        self.history: list[EpochResult] = []
        self.decay_factors = _decay_factors(self.model, config.weight_decay)

    @classmethod
    def resume(cls, checkpoint: Checkpoint, data: Dataset) -> Self:
        """The run that a checkpoint was made of; CheckpointError if it does not fit the data."""
        if checkpoint.data_sha256 != data.sha256:
            raise CheckpointError("it was trained on other data")
        try:
            run = cls(TrainConfig.from_dict(checkpoint.config), data)
        except ValueError as error:
            raise CheckpointError(f"its settings can't be used: {error}") from error
        fill(run.model.parameters.named(), checkpoint.parameters)
        fill(run.optimizer.state, checkpoint.optimizer)
        if run.ema is not None:
            fill(run.ema.named(), checkpoint.ema)
        if not 0 <= checkpoint.step <= run.steps:
            raise CheckpointError(f"its step {checkpoint.step} is not one of the run's {run.steps}")
        if run.optimizer.state.get("steps", checkpoint.step) != checkpoint.step:
            raise CheckpointError("its optimizer has not counted the steps that the run took")
        low, high = LIMITS["learning_rate"]
        if not low <= checkpoint.learning_rate <= high:  # false for NaN too
            raise CheckpointError(f"its learning rate is not from {low:g} to {high:g}")
        run.step = checkpoint.step
        run.learning_rate = float(checkpoint.learning_rate)
        run.history = [_epoch_result(values) for values in checkpoint.history]
        # One may be missing: that of an epoch which has just ended, saved before it was judged.
        just_ended = run.is_unjudged and run.step % run.steps_per_epoch == 0
        if len(run.history) != run.step // run.steps_per_epoch - just_ended:
            raise CheckpointError("its history does not have a result for every epoch")
        return run

    @cached_property
    def lessons(self) -> Split:
        """All that an epoch learns from: the training images, then the digits drawn for the run.

        These are drawn when they are first asked for, which may take as long as many epochs.
        """
        n = self.config.drawn_digits
        return joined(self.train, _drawn_digits(n, self.config.seed)) if n else self.train

    @property
    def is_unjudged(self) -> bool:
        """Whether the last epoch has ended, but its validation has not."""
        return len(self.history) == self.step // self.steps_per_epoch - 1

    def arrays(self) -> list[Array]:
        """All that a step changes: the parameters, the optimizer's memory, averaged weights."""
        arrays = [self.model.parameters.flat, *self.optimizer.state.values()]
        return arrays if self.ema is None else [*arrays, self.ema.flat]

    def dropout_generator(self, micro_batch: int) -> np.random.Generator | None:
        """What drops values in a micro-batch of the next step; None for a network without dropout.

        It depends on nothing but the seed and these two numbers, so that a resumed run and any
        number of threads drop the same values.
        """
        if not self.model.has_randomness:
            return None
        return random_stream(self.config.seed, DROPOUT, self.step, micro_batch)

    def checkpoint(self) -> Checkpoint:
        """Everything that `resume` needs. The arrays are the run's own: save or copy them now."""
        return Checkpoint(
            model=self.config.network,
            parameters=self.model.parameters.named(),
            optimizer=dict(self.optimizer.state),
            ema=self.ema.named() if self.ema is not None else {},
            config=self.config.to_dict(),
            history=[asdict(result) for result in self.history],
            step=self.step,
            learning_rate=self.learning_rate,
            seed=self.config.seed,
            data_sha256=self.data.sha256,
        )

    def network(self) -> Sequential:
        """The network to predict with: averaged weights if the run keeps them, else its own."""
        if self.ema is None or self.step == 0:
            return self.model
        return restored(self.config.network, self.ema.named())

    def evaluate(
        self, epoch: int, seconds: float, before_tile: Callable[[], object] = lambda: None
    ) -> EpochResult:
        """Loss and accuracy on training and validation images now.

        `before_tile` is called before every few hundred images, and may raise what it likes.
        """
        network = self.network()

        def judged(split: Split) -> tuple[float, float]:
            logits = network.logits(split.images, before_tile=before_tile)  # (10, N)
            return loss_and_accuracy_of(logits, split.labels)

        seen, held_out = self.train[:VALIDATION_SIZE], self.data.validation
        return EpochResult(epoch, *judged(seen), *judged(held_out), seconds)


def best_epoch(results: Sequence[EpochResult]) -> EpochResult | None:
    """The first of those that did best on validation images; None without any."""
    return max(results, key=lambda result: result.validation_accuracy, default=None)


def starting_point(config: TrainConfig, parameters: Array, data_sha256: str) -> Checkpoint:
    """What `Run.resume` makes a new run of that begins, at step 0, with these parameters (P,).

    The optimizer remembers nothing yet. Raises CheckpointError if the parameters are not those of
    a network with these settings.
    """
    model = build_model(**config.network, rng=np.random.default_rng(0))
    if model.parameters.flat.shape != parameters.shape:
        raise CheckpointError("the weights are those of a network with other layers")
    model.parameters.flat[...] = parameters
    optimizer = OPTIMIZERS[config.optimizer](parameters.size, momentum=config.momentum)
    return Checkpoint(
        model=config.network,
        parameters=model.parameters.named(),
        optimizer=dict(optimizer.state),
        ema=model.parameters.named() if config.ema_decay else {},
        config=config.to_dict(),
        learning_rate=config.learning_rate,
        seed=config.seed,
        data_sha256=data_sha256,
    )


@lru_cache(1)  # a rewound run, or the next of a sweep, may have the same
def _drawn_digits(n: int, seed: int) -> Split:
    # Pillow draws them, and only runs that have some should need it.
    from mnist_core.handwriting.digits import handwritten

    return handwritten(n, rng=random_stream(seed, STROKES))


def _decay_factors(model: Sequential, weight_decay: float) -> Array | None:
    """weight_decay for every weight and 0 for every bias, (P,); None if there is none."""
    if not weight_decay:
        return None
    factors = model.new_gradients()
    for name, array in factors.named().items():
        array[...] = weight_decay if name.endswith(".W") else 0
    return factors.flat


def _epoch_result(values: Any) -> EpochResult:
    """The result that a checkpoint's history has; CheckpointError if it is none."""
    try:
        result = EpochResult(**values)
        if any(type(n) not in (int, float) or not isfinite(n) for n in asdict(result).values()):
            raise ValueError("a value is not a finite number")
    except (TypeError, ValueError, OverflowError) as error:
        raise CheckpointError("its history is not made of results of epochs") from error
    return result
