"""The one table of settings: what each means, what it may be, and how it is asked for.
The checks of TrainConfig, the Train page, its link and the command line are all made from it.

A new setting is a field of TrainConfig, which has its default, and a row here.
"""

from mnist_core.arrays import SIDE
from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.nn import builders
from mnist_core.nn.layers import ACTIVATIONS
from mnist_core.nn.optimizers import OPTIMIZERS
from mnist_core.nn.schedules import SCHEDULES
from mnist_core.training.setting import Layers, Setting

HIDDEN_LAYERS = Layers(
    key="layers",
    label="Hidden layers",
    explanation="How many layers of units lie between the pixels and the ten answers.",
    most=builders.MAX_HIDDEN_LAYERS,
)
CONVOLUTIONS = Layers(
    key="convolutions",
    label="Convolutions",
    explanation="How many layers of filters there are. Each one sees a picture half as wide as "
    "the one before it.",
    most=builders.MAX_CONVOLUTIONS,
)
# The rows of the table, by the groups in which a page shows them.
GROUPS: dict[str, tuple[Setting, ...]] = {
    "Network": (
        Setting(
            name="model",
            label="Kind",
            explanation="MLP: each unit sees all pixels. CNN: small filters slide over the image.",
            widget="buttons",
            choices=tuple(builders.MODELS),
            display={"mlp": "MLP", "cnn": "CNN"},
        ),
        Setting(
            name="hidden",
            label="Units in hidden layer {layer}",
            explanation="How many patterns each layer can look for.",
            widget="layers",
            offered=(1, builders.MAX_UNITS),
            model="mlp",
            layers=HIDDEN_LAYERS,
            new_layer=64,
            typed="A number for each hidden layer, as 64 or 128,64",
            key="units",
        ),
        Setting(
            name="channels",
            label="Filters in {layer}",
            explanation="How many different filters each convolution has.",
            widget="layers",
            offered=(1, builders.MAX_CHANNELS),
            model="cnn",
            layers=CONVOLUTIONS,
            new_layer=16,
            typed="A number for each convolution, as 8,16",
        ),
        Setting(
            name="kernel_sizes",
            label="Width in {layer} (pixels)",
            explanation="How many pixels wide each filter is.",
            widget="layers",
            offered=(1, SIDE),
            model="cnn",
            layers=CONVOLUTIONS,
            new_layer=3,
            typed="A number for each convolution, as 5,5",
            key="kernel",
        ),
        Setting(
            name="dense",
            label="Dense units",
            explanation="How many units lie between the filters and the ten answers; 0 for none.",
            widget="number or none",
            offered=(0, builders.MAX_UNITS),
            model="cnn",
            typed="A number for each dense layer, as 64",
        ),
        Setting(
            name="activation",
            label="Activation",
            explanation="The curve that turns a unit's weighted sum into its answer.",
            widget="choice",
            choices=tuple(ACTIVATIONS),
        ),
        Setting(
            name="initialisation",
            label="Initial weights",
            explanation="How far the random weights spread before the first step.",
            widget="choice",
            offered=("glorot", "he", "normal(0.01)", "normal(0.1)"),
            typed="One of glorot, he, normal(SIGMA)",
        ),
        Setting(
            name="dropout",
            label="Dropout",
            explanation="The share of units that each step switches off at random, so that the "
            "network does not simply memorise the images.",
            widget="slider",
            limits=(0, 0.95),
            offered=(0.0, 0.95, 0.05),
        ),
    ),
    "Learning": (
        Setting(
            name="optimizer",
            label="Optimizer",
            explanation="How a gradient becomes a step: plain (sgd), with momentum (nesterov), or "
            "scaled for each weight (adam).",
            widget="choice",
            choices=tuple(OPTIMIZERS),
        ),
        Setting(
            name="learning_rate",
            label="Learning rate",
            explanation="How far the largest steps go. Too small is slow; too large diverges.",
            widget="select slider",
            limits=(0, 100),
            offered=tuple(
                float(f"{digit}e{power}")
                for power in range(-5, 1)
                for digit in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
            ),
            shown="g",
        ),
        Setting(
            name="schedule",
            label="Schedule",
            explanation="How the learning rate changes from the first step to the last.",
            widget="choice",
            choices=tuple(SCHEDULES),
        ),
        Setting(
            name="momentum",
            label="Momentum",
            explanation="How much of the last step's direction the next one keeps.",
            widget="slider",
            limits=(0, 0.9999),
            offered=(0.0, 0.99, 0.01),
            optimizers=("nesterov", "adam"),
        ),
        Setting(
            name="weight_decay",
            label="Weight decay",
            explanation="How strongly each step pulls every weight towards zero, so that the "
            "network does not simply memorise the images.",
            widget="select slider",
            limits=(0, 1),
            offered=(0.0, 1e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2),
            shown="g",
        ),
        Setting(
            name="reduction",
            label="Gradient of a batch",
            explanation="Whether the gradients of a batch's images are averaged, or summed as in "
            "the report. For sum, divide the learning rate by the batch size.",
            widget="choice",
            choices=("mean", "sum"),
        ),
        Setting(
            name="batch_size",
            label="Batch size (images)",
            explanation="How many images each step looks at.",
            widget="select slider",
            limits=(1, 50_000),
            offered=(1, 2, 5, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000),
        ),
        Setting(
            name="epochs",
            label="Epochs",
            explanation="How often every training image is seen.",
            widget="number",
            limits=(1, 10_000),
        ),
        Setting(
            name="ema_decay",
            label="Averaged weights",
            explanation="Answers with an average of the weights of the last steps: of more steps "
            "the nearer this is to 1. With 0, it answers with the weights of the very last step.",
            widget="select slider",
            limits=(0, 0.99999),
            offered=(0.0, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999),
            former_name="average",
        ),
        Setting(
            name="threads",
            label="Threads",
            explanation="With two, a CNN learns faster if two cores of the machine are free.",
            widget="buttons",
            limits=(1, 2),
            offered=(1, 2),
        ),
    ),
    "Data": (
        Setting(
            name="train_size",
            label="Training images",
            explanation="How many images there are to learn from, each digit equally often.",
            widget="select slider",
            limits=(1, 10_000_000),
            offered=(100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 40_000, 50_000),
            shown=",",
        ),
        Setting(
            name="augmentation",
            label="Augmentation",
            explanation="Moves, turns and bends the training images at random.",
            widget="choice",
            named=AUGMENTATIONS,
        ),
        Setting(
            name="strokes",
            label="Drawn digits (share)",
            explanation="Mixes in digits that the program draws, in ways of writing that MNIST "
            "hardly has: with 0.1, one for every ten training images. They are drawn before the "
            "first step, about 1,000 a second. For images of anything but digits, leave it at 0.",
            widget="select slider",
            limits=(0, 1),
            offered=(0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0),
            shown="g",
        ),
        Setting(
            name="seed",
            label="Seed",
            explanation="Where all randomness starts: the same seed gives the same run.",
            widget="number",
            limits=(0, 2**32 - 1),
        ),
    ),
}
SETTINGS: dict[str, Setting] = {row.name: row for rows in GROUPS.values() for row in rows}
