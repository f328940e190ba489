"""The numbers of a matrix on their way to the browser: as colours, and as they are."""

import numpy as np

from mnist_core.arrays import Array
from ui.components.tiles.packing import quantise

MOST_EXACT = 60_000  # numbers that travel as they are; of more, the codes alone


def coded(values: Array, *, diverging: bool) -> tuple[Array, float]:
    """Codes int8 of values of any shape, and the largest finite magnitude, which is code 127.

    Zero is code 0, and nothing else is: what is smaller than half a step becomes 1 or -1.
    """
    peak = float(np.abs(values, where=np.isfinite(values), out=np.zeros(values.shape)).max())
    # Divided first: numbers that are small in float64 may be nothing in the tiles' float32.
    shares = values / peak if peak else values
    codes = quantise(shares.reshape(1, 1, -1), 1.0, diverging=diverging).codes.reshape(values.shape)
    faint = (codes == 0) & (values != 0)
    codes[faint] = np.sign(values[faint])
    return codes, peak


def exact(values: Array) -> tuple[bytes, str]:
    """The bytes of the values and their kind: float32, float64 where float32 can't hold them.

    There are none, and the kind is "", for more values than are worth their journey.
    """
    if values.size > MOST_EXACT:
        return b"", ""
    with np.errstate(over="ignore", under="ignore"):
        narrow = values.astype("<f4")
    lost = ((narrow == 0) != (values == 0)) | (np.isfinite(narrow) != np.isfinite(values))
    return (values.astype("<f8").tobytes(), "f8") if lost.any() else (narrow.tobytes(), "f4")
