"""The words that every room shares: arrays, and the sizes of MNIST's images."""

import numpy as np
from numpy.typing import NDArray

Array = np.ndarray
Picture = NDArray[np.uint8]
CLASSES = 10
SIDE = 28  # pixels
PIXELS = SIDE * SIDE
