"""Writes a network as .safetensors, the form that PyTorch's and JAX's users hand weights on in.
A header in JSON says where each array lies; how to use the arrays stands in it as well.
"""

import json
from typing import Any

import numpy as np

from mnist_core.experiments.plain_steps import INPUT, OUTPUT, plain_steps
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import Checkpoint

ALIGNMENT = 8  # bytes; the arrays begin at a multiple, so that they can be used where they lie
DTYPES = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}


def safetensors_bytes(checkpoint: Checkpoint, model: Sequential) -> bytes:
    """The content of a .safetensors file with all parameters, by their path names.

    Eight bytes with the length of the header, the header, then the arrays one after the other
    (https://huggingface.co/docs/safetensors, "Format"). All numbers are little-endian.
    """
    metadata = {  # texts alone: the format allows nothing else
        "producer": "Digit Lab",
        "input": INPUT,
        "layers": json.dumps(plain_steps(model)),
        "output": OUTPUT,
        "model": json.dumps(checkpoint.model),
    }
    header: dict[str, Any] = {"__metadata__": metadata}
    pieces, start = [], 0
    for name, array in model.parameters.named().items():
        pieces.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        end = start + array.nbytes
        header[name] = {
            "dtype": DTYPES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join([len(text).to_bytes(8, "little"), text, *pieces])
