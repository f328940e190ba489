"""A value other than the default for every setting, to see that it arrives wherever it is set."""

from typing import Any

from mnist_core.data.augment import AUGMENTATIONS

# Another value of every setting, as a link holds it and as the configuration has it.
OTHERS: dict[str, tuple[dict[str, str], Any]] = {
    "model": ({"model": "CNN"}, "cnn"),
    "hidden": ({"layers": "2", "units1": "9", "units2": "8"}, (9, 8)),
    "channels": ({"model": "CNN", "convolutions": "1", "channels1": "3"}, (3,)),
    "kernel_sizes": ({"model": "CNN", "convolutions": "1", "kernel1": "4"}, (4,)),
    "dense": ({"model": "CNN", "dense": "12"}, (12,)),
    "activation": ({"activation": "tanh"}, "tanh"),
    "initialisation": ({"initialisation": "he"}, "he"),
    "dropout": ({"dropout": "0.25"}, 0.25),
    "optimizer": ({"optimizer": "adam"}, "adam"),
    "learning_rate": ({"learning_rate": "0.02"}, 0.02),
    "momentum": ({"momentum": "0.5"}, 0.5),
    "weight_decay": ({"weight_decay": "1e-05"}, 1e-5),
    "reduction": ({"reduction": "sum"}, "sum"),
    "schedule": ({"schedule": "cosine"}, "cosine"),
    "batch_size": ({"batch_size": "32"}, 32),
    "epochs": ({"epochs": "3"}, 3),
    "train_size": ({"train_size": "2,000"}, 2000),
    "augmentation": ({"augmentation": "mild"}, AUGMENTATIONS["mild"]),
    "strokes": ({"strokes": "0.2"}, 0.2),
    "ema_decay": ({"average": "0.99"}, 0.99),  # its former name: old links still work
    "threads": ({"threads": "2"}, 2),
    "seed": ({"seed": "7"}, 7),
}
