"""Writes a network as ONNX, the form that runtimes on phones, in browsers and on servers read.
The package onnx is needed for that alone, so it is imported when it is asked for.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mnist_core.arrays import CLASSES, SIDE
from mnist_core.experiments.plain_steps import INPUT, OUTPUT, plain_steps
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import Checkpoint

# Not the newest, but all that is needed: older runtimes can read the file too.
OPSET, IR_VERSION = 17, 8
# The operator of each kind of step, and its attributes. Dropout does nothing here: it has none.
OPERATORS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "dense": ("Gemm", lambda step: {"transB": 1}),
    "conv2d": ("Conv", lambda step: {"pads": step["padding"]}),
    "max_pool2d": (
        "MaxPool",
        lambda step: {"kernel_shape": 2 * [step["size"]], "strides": 2 * [step["size"]]},
    ),
    "flatten": ("Flatten", lambda step: {}),
    "relu": ("Relu", lambda step: {}),
    "sigmoid": ("Sigmoid", lambda step: {}),
    "tanh": ("Tanh", lambda step: {}),
}


def onnx_bytes(checkpoint: Checkpoint, model: Sequential) -> bytes:
    """The content of an .onnx file: "images", uint8 (N, 28, 28), to "probabilities" and "logits".

    Both are float32 (N, 10), for any N. Raises ValueError if the package onnx is missing.
    """
    onnx = _package()
    make, kinds = onnx.helper, onnx.TensorProto
    arrays = model.parameters.named() | {
        "one_level": np.float32(1 / 255),
        "input_shape": np.array([-1, *model.input_shape], np.int64),
    }
    graph = make.make_graph(
        _nodes(onnx, model),
        "digits",
        [make.make_tensor_value_info("images", kinds.UINT8, ["N", SIDE, SIDE])],
        [
            make.make_tensor_value_info(name, kinds.FLOAT, ["N", CLASSES])
            for name in ("probabilities", "logits")
        ],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()],
    )
    made = make.make_model(
        graph,
        producer_name="Digit Lab",
        doc_string=f"{INPUT}. {OUTPUT}.",
        ir_version=IR_VERSION,
        opset_imports=[make.make_opsetid("", OPSET)],
    )
    return made.SerializeToString()


def _package() -> Any:
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ModuleNotFoundError as error:
        raise ValueError(
            f"for the format onnx the package {error.name} is missing: "
            "pip install -r requirements-export.txt"
        ) from error
    return onnx


def _nodes(onnx: Any, model: Sequential) -> list[Any]:
    """From the images to pixels in 0..1, through every step to logits, and to probabilities."""
    node = onnx.helper.make_node
    nodes = [
        node("Cast", ["images"], ["levels"], to=onnx.TensorProto.FLOAT),
        node("Mul", ["levels", "one_level"], ["pixels"]),
        node("Reshape", ["pixels", "input_shape"], ["input"]),
    ]
    for step in plain_steps(model):
        if step["kind"] == "dropout":
            continue
        operator, attributes = OPERATORS[step["kind"]]
        arrays = [step[name] for name in ("W", "b") if name in step]
        inputs = [nodes[-1].output[0], *arrays]
        nodes.append(node(operator, inputs, [f"value{len(nodes)}"], **attributes(step)))
    nodes[-1].output[0] = "logits"
    return [*nodes, node("Softmax", ["logits"], ["probabilities"], axis=1)]
