"""Writes a network, and all that is needed to go on training it, to one .npz file, and reads it.
Files come from other people too: nothing in one is trusted, and nothing is ever unpickled.
"""

import json
import re
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from mnist_core.arrays import Array
from mnist_core.data.npz import ArrayHeader, Npz
from mnist_core.data.zip_files import ArchiveError
from mnist_core.files import atomic_write, make_folder
from mnist_core.nn.builders import MODELS, build_model, check_model
from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER

SHIPPED = ("mlp", "cnn")
FORMAT = 1
META_KEYS = {
    "format", "model", "config", "history", "step", "learning_rate", "seed", "data_sha256"
}  # fmt: skip
MAX_META_BYTES = 4 * 2**20  # the results of 10,000 epochs, the most that a run may have, are half
# A run of Adam with averaged weights has four numbers in float32 for each parameter: no file holds
# more. How many parameters there may be is the limit of build_model.
BYTES_A_PARAMETER = 4 * 4
ROOM_FOR_COUNTERS = 1024  # bytes
PARAMETERS, OPTIMIZER, AVERAGE = "parameters/", "optimizer/", "average/"
ENTRY_NAME = re.compile(r"meta|(parameters|average)/[0-9]{1,3}\.[A-Za-z]+|optimizer/[a-z_]+")


class CheckpointError(ValueError):
    """A file that is no usable checkpoint; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after one of its steps.

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
    _weight_shapes(options)
    model = build_model(**options, rng=np.random.default_rng(0))
    fill(model.parameters.named(), arrays)
    return model


def _weight_shapes(options: dict[str, Any]) -> list[tuple[int, ...]]:
    """The shape of every W of a network of these options; CheckpointError if there can be none."""
    if "dtype" in options:
        raise CheckpointError("its network can't be built: it asks for a type of numbers")
    try:
        check_model(**options)
        plan = {key: value for key, value in options.items() if key != "name"}
        return MODELS[options["name"]](**plan).weight_shapes()
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CheckpointError(f"its network can't be built: {error}") from error


def fill(targets: dict[str, Array], arrays: dict[str, Array]) -> None:
    """Copy arrays into the targets of the same names; CheckpointError unless they fit exactly."""
    if targets.keys() != arrays.keys():
        names = ", ".join(sorted(targets.keys() ^ arrays.keys()))
        raise CheckpointError(f"its arrays are not those of its network: {names}")
    for name, target in targets.items():
        _check_shape(name, arrays[name].shape, target.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            values = arrays[name].astype(target.dtype, copy=False)
        # After the conversion: what is finite in float64 need not be so in float32.
        if not np.isfinite(values).all():
            raise CheckpointError(f"{name} holds values that are not finite numbers")
        target[...] = values


def save_checkpoint(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write `path` whole or not at all, and the folders on the way; OSError if that fails."""
    path = Path(path)
    make_folder(path.parent)
    atomic_write(path, lambda file: write_checkpoint(file, checkpoint))


def write_checkpoint(file: BinaryIO, checkpoint: Checkpoint) -> None:
    """Write what `load_checkpoint` reads into an open file."""
    meta = {name: getattr(checkpoint, name) for name in META_KEYS - {"format"}}
    meta["format"] = FORMAT
    arrays = {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    for prefix, group in (
        (PARAMETERS, checkpoint.parameters),
        (OPTIMIZER, checkpoint.optimizer),
        (AVERAGE, checkpoint.ema),
    ):
        arrays |= {prefix + name: array for name, array in group.items()}
    np.savez(file, **arrays)  # type: ignore[arg-type]


def load_checkpoint(source: str | Path | bytes) -> Checkpoint:
    """The checkpoint in a file, or in the bytes of one.

    Its description of the run is read first, and then no more than the network in it needs.
    Raises CheckpointError with the reason, in words about "it": whoever chose the file names it.
    FileNotFoundError if there is none.
    """
    try:
        with Npz(source) as file:
            meta = _read_meta(file)
            _check_headers(file.headers, meta["model"])
            arrays = {name: file.array(name) for name in file.headers if name != "meta"}
    except ArchiveError as error:
        raise CheckpointError(str(error)) from error
    groups: dict[str, dict[str, Array]] = {PARAMETERS: {}, OPTIMIZER: {}, AVERAGE: {}}
    for name, array in arrays.items():
        prefix, slash, rest = name.partition("/")
        groups[prefix + slash][rest] = array
    return Checkpoint(
        parameters=groups[PARAMETERS],
        optimizer=groups[OPTIMIZER],
        ema=groups[AVERAGE],
        **meta,
    )


def load_description(source: str | Path | bytes) -> dict[str, Any]:
    """What a checkpoint file says of its run besides the arrays, under META_KEYS but "format".

    It is read fast, however large the network. Raises what load_checkpoint raises.
    """
    try:
        with Npz(source) as file:
            return _read_meta(file)
    except ArchiveError as error:
        raise CheckpointError(str(error)) from error


def _check_headers(headers: dict[str, ArrayHeader], model: dict[str, Any]) -> None:
    """CheckpointError unless the arrays fit the network of these options, by their headers."""
    for name in headers:
        if not ENTRY_NAME.fullmatch(name):
            raise CheckpointError(f"it has an unknown entry {name!r}")
    needed = [shape for W in _weight_shapes(model) for shape in (W, W[:1])]  # of W and b
    for group in (PARAMETERS, AVERAGE):
        names = [name.removeprefix(group) for name in headers if name.startswith(group)]
        if group == AVERAGE and not names:
            continue
        if len(names) != len(needed):
            raise CheckpointError(
                f"it has {len(names)} arrays in {group}, but its network needs {len(needed)}"
            )
        if sorted(headers[group + name].shape for name in names) == sorted(needed):
            continue  # whether each has the right name is seen when they are copied
        names.sort(key=lambda name: (int(name.partition(".")[0]), name))
        for name, shape in zip(names, needed, strict=True):
            _check_shape(name, headers[group + name].shape, shape)
    parameters = sum(prod(shape) for shape in needed)
    limit = BYTES_A_PARAMETER * parameters + ROOM_FOR_COUNTERS
    if sum(header.nbytes for name, header in headers.items() if name != "meta") > limit:
        raise CheckpointError(
            f"it would unpack to more than the {limit:,} bytes that its network needs"
        )


def _check_shape(name: str, shape: tuple[int, ...], needed: tuple[int, ...]) -> None:
    if shape != needed:
        raise CheckpointError(f"{name} has the shape {shape}, but its network needs {needed}")


def _read_meta(file: Npz) -> dict[str, Any]:
    """The description of the run; every key must be there, and of its type."""
    header = file.headers.get("meta")
    if header is None or header.dtype != np.uint8 or len(header.shape) != 1:
        raise CheckpointError("it holds no description of a run")
    if header.nbytes > MAX_META_BYTES:
        raise CheckpointError(f"its description of the run has {header.nbytes:,} bytes")
    try:
        meta = json.loads(file.array("meta").tobytes())
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


def model_path(name_or_path: str | Path) -> Path:
    """The file of a shipped network by its name; any other path as it is."""
    if name_or_path in SHIPPED:
        return MODELS_FOLDER / f"{name_or_path}.npz"
    return Path(name_or_path)


def load_model(name_or_path: str | Path) -> Sequential:
    """A network ready to predict: "mlp" or "cnn" as shipped, or the one in a checkpoint file.

    Raises CheckpointError with the name or path as it was given, and the reason.
    """
    return load_trained(name_or_path)[1]


def load_trained(name_or_path: str | Path) -> tuple[Checkpoint, Sequential]:
    """The network of load_model, and the checkpoint that it stands in. Raises what that raises."""
    path = model_path(name_or_path)
    try:
        checkpoint = load_checkpoint(path)
        return checkpoint, checkpoint.network()
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no file {path}") from error
    except CheckpointError as error:
        raise CheckpointError(f"{name_or_path} can't be used: {error}") from error
