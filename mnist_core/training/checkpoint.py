"""Writes a network, and all that is needed to go on training it, to one .npz file, and reads it.
Files come from other people too: nothing in one is trusted, and nothing is ever unpickled.
"""

import io
import json
import os
import re
import secrets
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any, Self

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.builders import build_model
from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER

SHIPPED = ("mlp", "cnn")
FORMAT = 1
MAX_BYTES = 64 * 2**20
PLAIN_ZIP = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# How NumPy begins an .npy file of numbers in C order; the two free bytes are the header's length.
NPY_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|][fiu][1248])', 'fortran_order': False, "
    rb"'shape': \(((?:\d+(?:, \d+)*,?)?)\), \} *\n",
    re.DOTALL,
)
META_KEYS = {
    "format", "model", "config", "history", "step", "learning_rate", "seed", "data_sha256"
}  # fmt: skip
PARAMETERS, OPTIMIZER, AVERAGE = "parameters/", "optimizer/", "average/"


class CheckpointError(ValueError):
    """A file that is no usable checkpoint; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """A run at one moment.

    `model` holds the arguments of build_model, `parameters` and `ema` (the averaged weights,
    empty if there are none) arrays by path name, `optimizer` flat vectors by the optimizer's own
    names, `config` and `history` what the run's settings and results are made of.
    """

    model: dict[str, Any]
    parameters: dict[str, Array]
    optimizer: dict[str, Array] = field(default_factory=dict)
    ema: dict[str, Array] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    learning_rate: float = 0.0
    seed: int = 0
    data_sha256: str = ""

    def without_training(self) -> Self:
        """Only what predicting needs: the network, and how it was made."""
        return replace(self, parameters=self.ema or self.parameters, ema={}, optimizer={})

    def network(self) -> Sequential:
        """The network that predicts: with averaged weights where the run kept them.

        Raises CheckpointError if the file's arrays are not those of its network.
        """
        return restored(self.model, self.ema or self.parameters)


def restored(options: dict[str, Any], arrays: dict[str, Array]) -> Sequential:
    """A network of these options with these parameters, all of them and no others."""
    if "dtype" in options:
        raise CheckpointError("its network can't be built: it asks for a type of numbers")
    try:
        model = build_model(**options, rng=np.random.default_rng(0))
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CheckpointError(f"its network can't be built: {error}") from error
    fill(model.parameters.named(), arrays)
    return model


def fill(targets: dict[str, Array], arrays: dict[str, Array]) -> None:
    """Copy arrays into the targets of the same names; CheckpointError unless they fit exactly."""
    if targets.keys() != arrays.keys():
        names = ", ".join(sorted(targets.keys() ^ arrays.keys()))
        raise CheckpointError(f"its arrays are not those of its network: {names}")
    for name, target in targets.items():
        if target.shape != arrays[name].shape:
            raise CheckpointError(
                f"{name} has the shape {arrays[name].shape}, but its network needs {target.shape}"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            values = arrays[name].astype(target.dtype)
        # After the conversion: what is finite in float64 need not be so in float32.
        if not np.isfinite(values).all():
            raise CheckpointError(f"{name} holds values that are not finite numbers")
        target[...] = values


def save_checkpoint(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write `path` whole or not at all: a temporary file beside it takes its place at the end."""
    path = Path(path)
    meta = {name: getattr(checkpoint, name) for name in META_KEYS - {"format"}}
    meta["format"] = FORMAT
    arrays = {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    for prefix, group in (
        (PARAMETERS, checkpoint.parameters),
        (OPTIMIZER, checkpoint.optimizer),
        (AVERAGE, checkpoint.ema),
    ):
        arrays |= {prefix + name: array for name, array in group.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_checkpoint(source: str | Path | bytes) -> Checkpoint:
    """The checkpoint in a file, or in the bytes of one.

    Raises CheckpointError with one sentence for a file that is cut short, unpacks to more than
    64 MB, holds objects or unknown entries; FileNotFoundError if there is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            if sum(entry.file_size for entry in file.infolist()) > MAX_BYTES:
                raise CheckpointError(f"it would unpack to more than {MAX_BYTES >> 20} MB")
            if any(entry.compress_type not in PLAIN_ZIP for entry in file.infolist()):
                raise CheckpointError("it is packed in a way that NumPy never uses")
            arrays = {
                entry.filename.removesuffix(".npy"): _read_array(file.read(entry), entry.filename)
                for entry in file.infolist()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise CheckpointError("it is not a whole .npz file") from error
    meta = _read_meta(arrays.pop("meta", None))
    groups: dict[str, dict[str, Array]] = {PARAMETERS: {}, OPTIMIZER: {}, AVERAGE: {}}
    for name, array in arrays.items():
        prefix, slash, rest = name.partition("/")
        if prefix + slash not in groups:
            raise CheckpointError(f"it has an unknown entry {name!r}")
        groups[prefix + slash][rest] = array
    return Checkpoint(
        parameters=groups[PARAMETERS],
        optimizer=groups[OPTIMIZER],
        ema=groups[AVERAGE],
        **meta,
    )


def _read_array(content: bytes, name: str) -> Array:
    """The numbers in an .npy entry.

    NumPy's own reader would evaluate the header as Python and allocate whatever it claims.
    """
    header = NPY_HEADER.match(content)
    if header is None:
        raise CheckpointError(f"{name!r} is no array of plain numbers")
    try:
        dtype = np.dtype(header[1].decode())
        shape = tuple(int(n) for n in header[2].replace(b",", b" ").split())
        # Python's integers: sizes in a hostile header must not wrap around
        if prod(shape) * dtype.itemsize != len(content) - header.end():
            raise ValueError("another size")
        return np.frombuffer(content, dtype, offset=header.end()).reshape(shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{name!r} is cut short or has a wrong shape") from error


def _read_meta(content: Array | None) -> dict[str, Any]:
    """The description of the run; every key must be there, and of its type."""
    if content is None or content.dtype != np.uint8 or content.ndim != 1:
        raise CheckpointError("it holds no description of a run")
    try:
        meta = json.loads(content.tobytes())
    except (ValueError, RecursionError) as error:
        raise CheckpointError("its description of the run can't be read") from error
    if not isinstance(meta, dict) or meta.keys() != META_KEYS:
        raise CheckpointError("its description of the run has missing or unknown keys")
    if meta.pop("format") != FORMAT:
        raise CheckpointError("it was written by another version of this program")
    types: dict[str, type | tuple[type, ...]] = {
        "model": dict, "config": dict, "history": list, "step": int,
        "learning_rate": (int, float), "seed": int, "data_sha256": str,
    }  # fmt: skip
    for name, kind in types.items():
        if not isinstance(meta[name], kind) or isinstance(meta[name], bool):
            raise CheckpointError(f"its {name} is not of the right kind")
    return meta


def load_model(name_or_path: str | Path) -> Sequential:
    """A network ready to predict: "mlp" or "cnn" as shipped, or the one in a checkpoint file.

    Raises CheckpointError with the file's name and the reason.
    """
    path = Path(name_or_path)
    if name_or_path in SHIPPED:
        path = MODELS_FOLDER / f"{name_or_path}.npz"
    try:
        return load_checkpoint(path).network()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise CheckpointError(f"there is no file {path}") from error
    except CheckpointError as error:
        raise CheckpointError(f"{path.name} can't be used: {error}") from error
