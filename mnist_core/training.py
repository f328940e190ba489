"""Trains a network step by step: settings in, a generator of progress out.
Pausing is not asking for the next step, and a run that is saved and resumed is the same run.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from math import ceil, isfinite
from time import perf_counter
from typing import Any, Literal, Self

import numpy as np

from mnist_core.augment import AUGMENTATIONS, Augmentation, augment
from mnist_core.checkpoint import Checkpoint, CheckpointError, fill, restored
from mnist_core.data import VALIDATION_SIZE, Dataset, balanced_subset
from mnist_core.functional import Array
from mnist_core.layers import ACTIVATIONS
from mnist_core.metrics import loss_and_accuracy
from mnist_core.models import (
    MODELS,
    PIXELS,
    Sequential,
    build_model,
    to_pixels,
)
from mnist_core.optim import OPTIMIZERS, SCHEDULES
from mnist_core.parallel import BatchGradient

Status = Literal["running", "finished", "exploded"]
# Which settings describe the network itself; all others say how it is trained.
NETWORK_SETTINGS = {
    "mlp": ("hidden", "activation", "initialisation", "dropout"),
    "cnn": ("channels", "kernel_sizes", "dense", "activation", "initialisation", "dropout"),
}
REDUCTIONS = ("mean", "sum")
TILE = 256  # images that are gathered, varied and scaled at once, some batches ahead of use
KEEP_EVERY = 50  # steps between copies of weights that are known to give a finite loss
# What a random stream is for: with the seed and a count it gives a generator of its own, so
# that a resumed run needs no generator's state and no stream depends on another's use.
INITIAL, SUBSET, ORDER, DROPOUT, AUGMENT = range(5)


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a run; ValueError with a sentence for one that makes no sense.

    learning_rate is the peak of the schedule. momentum is Nesterov's mu or Adam's beta 1.
    reduction says whether a batch's gradients are averaged or summed. average is the decay per
    step of the averaged weights, 0 for none. threads shares each batch between that many.
    """

    model: str = "mlp"
    hidden: tuple[int, ...] = (64,)
    activation: str = "relu"
    channels: tuple[int, ...] = (8, 16)
    kernel_sizes: tuple[int, ...] = (5, 5)
    dense: tuple[int, ...] = ()
    initialisation: str = "glorot"
    dropout: float = 0.0
    optimizer: str = "nesterov"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0
    reduction: str = "mean"
    schedule: str = "one-cycle"
    batch_size: int = 64
    epochs: int = 10
    train_size: int = 50_000
    augmentation: Augmentation = field(default_factory=Augmentation)
    average: float = 0.0
    threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (
            ("model", MODELS),
            ("activation", ACTIVATIONS),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("reduction", REDUCTIONS),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{_words(name)} must be {', '.join(choices)}, not {getattr(self, name)!r}"
                )
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not isfinite(value) or not low <= value <= high:
                raise ValueError(f"{_words(name)} must be from {low:g} to {high:g}, not {value:g}")
        # Only who builds a network knows what fits together, and it takes about a millisecond.
        build_model(**self.network, rng=np.random.default_rng(0))

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; the last one may be smaller than the others."""
        return ceil(self.train_size / self.batch_size)

    @property
    def network(self) -> dict[str, Any]:
        """The arguments of build_model, in JSON's types."""
        options: dict[str, Any] = {"name": self.model}
        for name in NETWORK_SETTINGS[self.model]:
            value = getattr(self, name)
            options[name] = list(value) if isinstance(value, tuple) else value
        return options

    def to_dict(self) -> dict[str, Any]:
        """Every setting, in JSON's types."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Self:
        """The settings that to_dict gave; ValueError for unknown names and wrong types."""
        known = {f.name: f for f in fields(cls)}
        unknown = settings.keys() - known.keys()
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        default = cls()
        values = {}
        for name, value in settings.items():
            like = getattr(default, name)
            try:
                if isinstance(like, tuple):
                    values[name] = tuple(_integer(v) for v in value)
                elif isinstance(like, Augmentation):
                    values[name] = Augmentation(**value)
                elif isinstance(like, int):
                    values[name] = _integer(value)
                else:
                    values[name] = type(like)(value)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"{_words(name)} can't be {value!r}: {error}") from error
        return cls(**values)


LIMITS: dict[str, tuple[float, float]] = {
    "dropout": (0, 0.95),
    "learning_rate": (0, 100),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 1),
    "batch_size": (1, 50_000),
    "epochs": (1, 10_000),
    "train_size": (1, 10_000_000),
    "average": (0, 0.99999),
    "threads": (1, 2),
    "seed": (0, 2**32 - 1),
}


def _words(name: str) -> str:
    return "the " + name.replace("_", " ")


def _integer(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise ValueError("a whole number is needed")
    return int(value)


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
            data.train, config.train_size, rng=_generator(config.seed, SUBSET)
        )
        self.model = build_model(**config.network, rng=_generator(config.seed, INITIAL))
        self.optimizer = OPTIMIZERS[config.optimizer](
            self.model.parameters.flat.size, momentum=config.momentum
        )
        self.average = self.model.new_gradients() if config.average else None
        self.learning_rate = config.learning_rate
        self.step = 0
        self.steps_per_epoch = config.steps_per_epoch
        self.steps = self.steps_per_epoch * config.epochs
        self.history: list[EpochResult] = []

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
        if run.average is not None:
            fill(run.average.named(), checkpoint.average)
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
        if len(run.history) != run.step // run.steps_per_epoch:
            raise CheckpointError("its history does not have a result for every epoch")
        return run

    def arrays(self) -> list[Array]:
        """All that a step changes: the parameters, the optimizer's memory, averaged weights."""
        arrays = [self.model.parameters.flat, *self.optimizer.state.values()]
        return arrays if self.average is None else [*arrays, self.average.flat]

    def checkpoint(self) -> Checkpoint:
        """Everything that `resume` needs. The arrays are the run's own: save or copy them now."""
        return Checkpoint(
            model=self.config.network,
            parameters=self.model.parameters.named(),
            optimizer=dict(self.optimizer.state),
            average=self.average.named() if self.average is not None else {},
            config=self.config.to_dict(),
            history=[asdict(result) for result in self.history],
            step=self.step,
            learning_rate=self.learning_rate,
            seed=self.config.seed,
            data_sha256=self.data.sha256,
        )

    def network(self) -> Sequential:
        """The network to predict with: averaged weights if the run keeps them, else its own."""
        if self.average is None or self.step == 0:
            return self.model
        return restored(self.config.network, self.average.named())

    def evaluate(self, epoch: int, seconds: float) -> EpochResult:
        """Loss and accuracy on training and validation images now."""
        seen = self.train[:VALIDATION_SIZE]
        network = self.network()
        train_loss, train_accuracy = loss_and_accuracy(network, seen.images, seen.labels)
        held_out = self.data.validation
        loss, accuracy = loss_and_accuracy(network, held_out.images, held_out.labels)
        return EpochResult(epoch, train_loss, train_accuracy, loss, accuracy, seconds)


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
        average=model.parameters.named() if config.average else {},
        config=config.to_dict(),
        learning_rate=config.learning_rate,
        seed=config.seed,
        data_sha256=data_sha256,
    )


def _epoch_result(values: Any) -> EpochResult:
    """The result that a checkpoint's history has; CheckpointError if it is none."""
    try:
        result = EpochResult(**values)
        if any(type(n) not in (int, float) or not isfinite(n) for n in asdict(result).values()):
            raise ValueError("a value is not a finite number")
    except (TypeError, ValueError, OverflowError) as error:
        raise CheckpointError("its history is not made of results of epochs") from error
    return result


def _generator(seed: int, purpose: int, *counts: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose, *counts])


# Recipes, chosen on validation images. The report's own network is the 64 sigmoid units with
# summed gradients and the rate 0.0001 of its section 3.
_REPORT = TrainConfig(
    activation="sigmoid",
    optimizer="sgd",
    learning_rate=0.0001,
    reduction="sum",
    schedule="constant",
    batch_size=100,
    epochs=100,
)
_MLP_BEST = TrainConfig(
    optimizer="adam",
    learning_rate=0.004,
    batch_size=128,
    epochs=40,
    augmentation=AUGMENTATIONS["mild"],
    average=0.999,
)
_CNN = TrainConfig(model="cnn", initialisation="he", threads=2)
_BEST = replace(
    _CNN,
    channels=(16, 32),
    dense=(128,),
    learning_rate=0.15,
    weight_decay=5e-5,
    batch_size=128,
    epochs=12,
    augmentation=AUGMENTATIONS["affine"],
    average=0.99,
)
PRESETS: dict[str, TrainConfig] = {
    "quick-and-good": TrainConfig(epochs=5),
    "report-2000": replace(_REPORT, train_size=2000),
    "report-50000": _REPORT,
    "mlp-best": _MLP_BEST,
    "first-light": replace(_CNN, momentum=0.85, learning_rate=0.15, epochs=1),
    "quick": replace(_CNN, momentum=0.85, learning_rate=0.25, batch_size=128, epochs=4),
    "good": replace(
        _CNN,
        channels=(16, 32),
        kernel_sizes=(3, 3),
        dense=(64,),
        learning_rate=0.15,
        batch_size=128,
        epochs=8,
        augmentation=AUGMENTATIONS["affine"],
        average=0.99,
    ),
    "best": _BEST,
    # The shipped networks: they must read anybody's drawings, with any pen.
    "handwriting": replace(
        _BEST, dropout=0.2, epochs=30, augmentation=AUGMENTATIONS["handwriting"], average=0.995
    ),
    "mlp-handwriting": replace(
        _MLP_BEST, epochs=100, augmentation=AUGMENTATIONS["mild handwriting"]
    ),
}


def batches(run: Run) -> Iterator[tuple[Array, Array]]:
    """Pixels (N, 784) in 0..1 and labels (N,) of each step from run.step to its epoch's end.

    The pixels are valid until the next batch is asked for.
    """
    config, size = run.config, run.config.batch_size
    epoch, batch = divmod(run.step, run.steps_per_epoch)
    order = _generator(config.seed, ORDER, epoch).permutation(len(run.train))
    labels = run.train.labels[order].astype(np.intp)
    # Gathering, varying and scaling are done for a tile of batches, to share the calls' cost.
    batches_in_tile = max(1, TILE // size)
    tile_size = batches_in_tile * size
    gathered = np.empty((tile_size, *run.train.images.shape[1:]), np.uint8)  # (N, 28, 28)
    scaled = np.empty((tile_size, PIXELS), np.float32)
    for tile in range(batch // batches_in_tile, ceil(len(order) / tile_size)):
        start = tile * tile_size
        chosen = order[start : start + tile_size]
        images = gathered[: len(chosen)]
        # "clip" spares take a check of every index, and with it a hidden copy of the result.
        np.take(run.train.images, chosen, axis=0, out=images, mode="clip")
        if config.augmentation:
            rng = _generator(config.seed, AUGMENT, epoch, tile)
            images = augment(images, config.augmentation, rng=rng)
        pixels = to_pixels(images, out=scaled[: len(chosen)])
        first = max(batch * size - start, 0)  # a resumed run may begin within a tile
        for at in range(first, len(chosen), size):
            yield pixels[at : at + size], labels[start + at : start + at + size]


def _decay_factors(model: Sequential, weight_decay: float) -> Array | None:
    """weight_decay for every weight and 0 for every bias, (P,); None if there is none."""
    if not weight_decay:
        return None
    factors = model.new_gradients()
    for name, array in factors.named().items():
        array[...] = weight_decay if name.endswith(".W") else 0
    return factors.flat


def train(run: Run) -> Iterator[Progress]:
    """Go on with a run until its last step; yields after every step.

    A loss that is not finite ends the run with the status "exploded": the weights are then the
    last ones, at most 50 steps older, that are known to have been good.
    """
    config, model = run.config, run.model
    parameters = model.parameters.flat
    batch_gradient = BatchGradient(model, threads=config.threads)
    gradient = batch_gradient.gradients.flat
    decay = _decay_factors(model, config.weight_decay)
    schedule = SCHEDULES[config.schedule]
    has_randomness = model.has_randomness
    good, good_step = [array.copy() for array in run.arrays()], run.step
    seconds, images_done, epoch_seconds = 0.0, 0, 0.0

    def progress(loss: float, accuracy: float, rate: float, **others: Any) -> Progress:
        return Progress(
            run.step, run.steps, epoch, loss, accuracy, rate, seconds, images_done, **others
        )

    def dropout(part: int) -> np.random.Generator:
        return _generator(config.seed, DROPOUT, run.step, part)

    def exploded(loss: float, accuracy: float, rate: float) -> Progress:
        """Take back what was done since the last good weights."""
        for array, kept in zip(run.arrays(), good, strict=True):
            array[...] = kept
        run.step = good_step
        del run.history[good_step // run.steps_per_epoch :]
        return progress(loss, accuracy, rate, result=None, status="exploded", message=EXPLODED)

    while run.step < run.steps:
        epoch = run.step // run.steps_per_epoch + 1
        started = perf_counter()
        for pixels, labels in batches(run):
            rate = run.learning_rate * schedule(run.step / run.steps)
            # Overflow is no accident to warn of here: it is found below, and named. The block
            # ends before any yield, or it would hold in the caller's code too.
            with np.errstate(all="ignore"):
                scale = run.optimizer.gradient_scale(rate)
                if config.reduction == "mean":
                    scale /= len(labels)
                loss, accuracy = batch_gradient(
                    pixels, labels, scale=scale, dropout=dropout if has_randomness else None
                )
                finite = isfinite(loss)
                if finite:
                    if run.step % KEEP_EVERY == 0:
                        good, good_step = [array.copy() for array in run.arrays()], run.step
                    if decay is not None:
                        gradient += decay * run.optimizer.gradient_scale(rate) * parameters
                    run.optimizer.step(parameters, gradient, rate)
                    if run.average is not None:
                        _follow(run.average.flat, parameters, config.average, run.step)
            if not finite:
                yield exploded(loss, accuracy, rate)
                return
            run.step += 1
            images_done += len(labels)
            step_seconds = perf_counter() - started
            seconds += step_seconds
            epoch_seconds += step_seconds
            result = None
            if run.step % run.steps_per_epoch == 0:
                with np.errstate(all="ignore"):
                    finite = np.isfinite(parameters).all()
                    result = run.evaluate(epoch, epoch_seconds) if finite else None
                if result is None or not isfinite(result.train_loss + result.validation_loss):
                    yield exploded(loss, accuracy, rate)
                    return
                run.history.append(result)
                epoch_seconds = 0.0
            status = "finished" if run.step == run.steps else "running"
            yield progress(loss, accuracy, rate, result=result, status=status)
            started = perf_counter()


EXPLODED = (
    "The loss is no longer a finite number: the steps were too large. Lower the learning rate "
    "to a tenth, or choose mean instead of summed gradients. The last good weights were kept."
)


def _follow(average: Array, parameters: Array, decay: float, step: int) -> None:
    """Move the averaged weights towards the present ones, faster in the first steps."""
    decay = min(decay, (1 + step) / (10 + step))
    average += (1 - decay) * (parameters - average)
