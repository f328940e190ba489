"""From a photograph or a drawing to the 28x28 pixels that networks read.
This package alone uses Pillow; what others need of it stands here.
"""

from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.normalize import normalization_steps, normalize_drawing

__all__ = ["ink_from_photo", "normalization_steps", "normalize_drawing"]
