"""The weights of a network's first layer as pictures."""

from mnist_core.arrays import SIDE, Array
from mnist_core.nn.network import Sequential


def first_layer_pictures(model: Sequential) -> Array:
    """The first layer's weights as pictures: (units, 28, 28) of an MLP, (maps, k, k) of a CNN."""
    W = next(layer["W"] for layer in model.parameters.layers if "W" in layer)
    if W.ndim == 2:
        return W.reshape(-1, SIDE, SIDE)  # (units, 784) before
    return W.reshape(-1, *W.shape[-2:])  # (F, 1, k, k) before
