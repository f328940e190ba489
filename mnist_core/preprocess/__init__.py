"""From a photograph or a drawing to the 28x28 pixels that networks read.
Pictures of every kind come in here, so that the rest of the core needs no Pillow to read one.
"""

from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.normalize import normalization_steps, normalize_drawing

__all__ = ["ink_from_photo", "normalization_steps", "normalize_drawing"]
