"""How long a run will take, roughly: enough to begin with the longest, and to say what is left."""

from math import prod

from mnist_core.arrays import SIDE
from mnist_core.data.mnist import VALIDATION_SIZE
from mnist_core.nn.builders import MODELS
from mnist_core.nn.convolution import windows_along
from mnist_core.training.config import TrainConfig

# Measured on one core of a usual machine. Only how they relate to each other matters.
MULTIPLICATIONS = 15e9  # with their additions, a second
STEP = 1e-4  # seconds that a step takes however small its batch is
PARAMETER = 3e-9  # seconds to move one parameter
AUGMENTED = 3e-5  # seconds to vary one image


def expected_seconds(config: TrainConfig) -> float:
    """About how long a run takes on one core, with the judging after each epoch."""
    shapes = _weight_shapes(config)
    multiplications, side = 0, SIDE
    for shape in shapes:
        positions = 1
        if len(shape) == 4:  # the filters of a convolution, each at every place of the picture
            windows = windows_along(side, shape[-1], "valid")[0]
            positions, side = windows**2, windows // 2
        multiplications += positions * prod(shape)
    forward = multiplications / MULTIPLICATIONS
    judged = min(config.train_size, VALIDATION_SIZE) + VALIDATION_SIZE
    varied = AUGMENTED if config.augmentation else 0.0
    step = STEP + PARAMETER * sum(map(prod, shapes))
    # Back-propagation multiplies with every weight twice more.
    training = config.images_per_epoch * (3 * forward + varied) + config.steps_per_epoch * step
    return config.epochs * (training + judged * forward)


def _weight_shapes(config: TrainConfig) -> list[tuple[int, ...]]:
    options = dict(config.network)
    return MODELS[options.pop("name")](**options).weight_shapes()
