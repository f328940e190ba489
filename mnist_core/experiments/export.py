"""Hands a trained network on, in four forms: for this program, for others, and for reading.
docs/formats.md describes what is in each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from mnist_core.experiments.onnx_file import onnx_bytes
from mnist_core.experiments.safetensors_file import safetensors_bytes
from mnist_core.experiments.script_file import script_bytes
from mnist_core.files import atomic_write, make_folder
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import Checkpoint, write_checkpoint


@dataclass(frozen=True)
class Format:
    """One form of a file: how its name ends, and what makes its content of a network."""

    ending: str
    content: Callable[[Checkpoint, Sequential], bytes]


def npz_bytes(checkpoint: Checkpoint, model: Sequential) -> bytes:
    """The checkpoint without what only training needs."""
    file = BytesIO()
    write_checkpoint(file, checkpoint.without_training())
    return file.getvalue()


FORMATS = {
    "npz": Format(".npz", npz_bytes),
    "safetensors": Format(".safetensors", safetensors_bytes),
    "onnx": Format(".onnx", onnx_bytes),
    "script": Format(".py", script_bytes),
}


def format_of(path: Path) -> str:
    """The name in FORMATS of the format that a file's name ends like; ValueError if none does."""
    for name, form in FORMATS.items():
        if path.suffix.lower() == form.ending:
            return name
    endings = ", ".join(form.ending for form in FORMATS.values())
    raise ValueError(f"the name {path} ends in none of {endings}: choose a format with --format")


def export_network(checkpoint: Checkpoint, model: Sequential, form: str, path: Path) -> int:
    """Write a network in one of FORMATS, whole or not at all; how many bytes the file has.

    Args:
        checkpoint: what the network was read from, as load_trained gives it.
        model: its network, the one that predicts.
        form: a name in FORMATS.
        path: the file; folders on the way are made.

    ValueError if a package is missing; OSError, which names the path, if it can't be written.
    """
    content = FORMATS[form].content(checkpoint, model)
    make_folder(path.parent)
    atomic_write(path, lambda file: file.write(content))
    return len(content)
