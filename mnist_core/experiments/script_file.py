"""Writes a network as one Python file that predicts with NumPy alone, and reads like a lesson.
The weights stand in the file itself, below the code: it can be sent, or pasted into a notebook.
"""

from base64 import encodebytes
from io import BytesIO

import numpy as np

from mnist_core.arrays import Array
from mnist_core.experiments.plain_steps import activation_name, zeros_around
from mnist_core.nn.convolution import PlainConvPool
from mnist_core.nn.layers import Dense, Dropout, Flatten, Layer
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace
from mnist_core.training.checkpoint import Checkpoint

BEGINNING = '''\
"""A neural network that reads handwritten digits, in plain NumPy. Made with Digit Lab.

    python digits.py t10k-images-idx3-ubyte.gz 7    image number 7, from 0, of an IDX file
    python digits.py digit.npy                      an array that np.save wrote

An image is 28x28 numbers, uint8, from 0 (background) to 255 (ink): a light digit on dark.
"""
import base64, gzip, io, sys
import numpy as np

'''
# The numbers are to be ours to the last bit. So the script multiplies matrices of the very shapes
# that our layers multiply for one image, in which BLAS adds up in the same order: this function is
# ConvPool for one image.
CONVOLVE_AND_POOL = '''
def convolve_and_pool(x, W, b, zeros):
    """x (C, H, W) -> (F, P, Q): F kernels W (F, C, k, k) slide over x, then 2x2 max pooling."""
    F, C, k, _ = W.shape
    x = np.pad(x, ((0, 0), zeros, zeros))  # so many rows and columns of zeros before and after
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))  # (C, H', W', k, k)
    P, Q = windows.shape[1] // 2, windows.shape[2] // 2
    maps = []
    for i, j in (0, 0), (0, 1), (1, 0), (1, 1):  # the four places in each 2x2 window of the pooling
        chosen = windows[:, i : 2 * P : 2, j : 2 * Q : 2]  # (C, P, Q, k, k)
        columns = chosen.transpose(0, 3, 4, 1, 2).reshape(C * k * k, P * Q)  # a window, a column
        maps.append(W.reshape(F, C * k * k) @ columns)  # every kernel times every window: (F, P Q)
    return (np.maximum.reduce(maps) + b[:, None]).reshape(F, P, Q)  # b is the same at all places

'''
PROBABILITIES = '''
def probabilities(image):
    """How probable each digit is, (10,), for an image, uint8 (28, 28)."""
    w = WEIGHTS  # by the number of the layer
'''
ACTIVATION_FORMULAS = {
    "relu": "np.maximum(x, 0)",
    "sigmoid": "1 / (1 + np.exp(-np.maximum(x, -80)))",  # as ours, which keeps exp from overflowing
    "tanh": "np.tanh(x)",
}
END = """\
    e = np.exp(x - x.max(axis=0))  # less the largest, so that no e^x is too large for a float32
    return (e / e.sum(axis=0))[:, 0]  # softmax, (10,): each e^x divided by their sum


def main(path, number=0):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        is_array = path.endswith(".npy")  # else IDX, which has a header of 16 bytes
        images = np.load(file) if is_array else np.frombuffer(file.read()[16:], np.uint8)
    if images.dtype != np.uint8 or images.size % 784:
        sys.exit(f"{path} does not hold images of 28x28 pixels as uint8")
    image = images.reshape(-1, 28, 28)[int(number)]
    for row in image[::2]:  # a letter is about twice as high as wide
        print("".join(" .:*#"[level // 52] for level in row))
    for digit, p in enumerate(probabilities(image)):
        print(f"{digit} {p:8.3%} {'#' * round(50 * float(p))}")


"""
# The arrays as an .npz file, written as letters.
DATA = '''\
WEIGHTS = dict(np.load(io.BytesIO(base64.b64decode("""
{}"""))))

if __name__ == "__main__":
    main(*sys.argv[1:3]) if sys.argv[1:] else sys.exit(__doc__)
'''


def script_bytes(checkpoint: Checkpoint, model: Sequential) -> bytes:
    """The content of the script. Its numbers are those of model.predict_proba(images[:1]), on one
    machine to the bit."""
    convolves = any(isinstance(layer, PlainConvPool) for layer in model.layers)
    functions = [CONVOLVE_AND_POOL] if convolves else []
    parts = [BEGINNING, *functions, PROBABILITIES, *_steps(model), END, _data(model)]
    return "".join(parts).encode()


def _steps(model: Sequential) -> list[str]:
    """A line for each layer: what it does to x, and the shapes."""
    x = np.zeros((*model.input_shape, 1), model.dtype)
    levels = f"image.reshape{_shape(x)}.astype(np.float32)"
    lines = [f"    x = {levels} * np.float32(1 / 255)  # from 0 to 1\n"]
    for number, layer in enumerate(model.layers):
        y = layer.forward(x, Workspace())[0]
        if not isinstance(layer, Dropout):  # which does nothing here
            lines.append(f"    x = {_step(layer, number, x, y)}\n")
        x = y
    return lines


def _step(layer: Layer, number: int, x: Array, y: Array) -> str:
    """The formula of one layer that makes y of x, both batches of one image."""
    W, b = f'w["{number}.W"]', f'w["{number}.b"]'
    match layer:
        case Dense():
            units, inputs = layer.W.shape
            shapes = f"({units}, {inputs}) ({inputs}, 1) + ({units}, 1)"
            return f"{W} @ x + {b}[:, None]  # W x + b: {shapes} -> {_shape(y)}"
        case PlainConvPool():
            top, _, bottom, _ = zeros_around(layer)
            shapes = f"{_shape(x)} -> {_shape(y)}"
            return f"convolve_and_pool(x, {W}, {b}, ({top}, {bottom}))  # {shapes}"
        case Flatten():
            return f"x.reshape{_shape(y)}  # all values in one column"
        case _:
            name = activation_name(layer)
            return f"{ACTIVATION_FORMULAS[name]}  # {name} of each value: {_shape(y)}"


def _shape(x: Array) -> tuple[int, ...]:
    """That of a batch of one image in the script: a column (units, 1), or maps (C, H, W)."""
    return x.shape if x.ndim == 2 else x.shape[:-1]


def _data(model: Sequential) -> str:
    """The end of the script, with the arrays by their path names."""
    file = BytesIO()
    np.savez(file, **model.parameters.named())  # type: ignore[arg-type]
    return DATA.format(encodebytes(file.getvalue()).decode())
