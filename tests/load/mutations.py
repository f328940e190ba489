"""Spoiled inputs of every kind, fed to the code that reads them on the server.

`python -m tests.load.mutations [--only KIND] [--count N] [--seed N]` makes 10,000 of each. Each one
ends with a value or with the error that its door documents; the processor time and the memory that
one takes are bounded. Prints a line for each kind, and JSON as the last one; exit status 1 if a
bound was broken. For development; tests/load/test_mutations.py runs a few of each.
"""

import argparse
import gzip
import io
import json
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from mnist_core.data.idx import DataError
from mnist_core.data.mnist import Split
from mnist_core.data.own_digits import CollectionError, read_zip, to_zip
from mnist_core.data.uploaded import uploaded_split
from mnist_core.data.zip_files import ArchiveError
from mnist_core.nn.builders import build_mlp
from mnist_core.preprocess.image_files import PictureError, open_picture
from mnist_core.runs.archive import RunArchive, write_archive
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.rows import RunRow
from mnist_core.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    write_checkpoint,
)
from tests.hostile_files import drawing, encoded, hostile_files, peak_memory
from tests.load.mutating import (
    WORDS,
    Rng,
    json_text,
    one_of,
    spoiled_bytes,
    spoiled_text,
    spoiled_zip,
)
from tests.runs.hostile_archives import zipped
from ui.components.canvas import CanvasState, rasterise
from ui.components.choice import Choice as ChosenCell
from ui.components.network_picture.detail import chosen_frame
from ui.components.point_map import _view
from ui.components.robustness_chart.message import chosen_after
from ui.door.values import is_plain_json
from ui.links import PARAMETERS, Choice, value_of

COUNT = 10_000


@dataclass(frozen=True)
class Kind:
    """How good inputs are made and spoiled, who reads them, and what one may cost at most."""

    good: Callable[[], list[Any]]
    spoil: Callable[[Rng, Any], Any]
    read: Callable[[Any], object]
    refusal: tuple[type[Exception], ...]
    most_ms: float
    most_mb: float


# ---- Good inputs ---------------------------------------------------------------------------------


def some_digits(n: int = 5) -> Split:
    """A few images of noise with labels."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
    return Split(images, np.arange(n, dtype=np.uint8) % 10)


def idx(array: np.ndarray, *, pack: bool = False) -> bytes:
    """An IDX file, packed by gzip or not."""
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    content += array.tobytes()
    return gzip.compress(content, mtime=0) if pack else content


@cache
def bomb() -> bytes:
    """A gzip file of 300 kB that holds as many images as it says: 300 MB."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(bytes([0, 0, 8, 3]) + struct.pack(">3I", 400_000, 28, 28))
        for _ in range(300):
            packed.write(bytes(2**20))
    return file.getvalue()


def data_files() -> list[dict[str, bytes]]:
    """Data sets as people hand them over: a ZIP, an .npz and a CSV file."""
    digits = some_digits()
    names = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    npz = io.BytesIO()
    np.savez(npz, x_test=digits.images, y_test=digits.labels)
    rows = np.column_stack([digits.labels, digits.images.reshape(len(digits), -1)])
    table = "\n".join(",".join(map(str, row)) for row in rows.tolist())
    packed = zipped(dict(zip(names, map(idx, (digits.images, digits.labels)), strict=True)))
    return [{"a.zip": packed}, {"a.npz": npz.getvalue()}, {"a.csv": table.encode()}]


def idx_pairs() -> list[dict[str, bytes]]:
    """Images and labels, packed and plain."""
    digits = some_digits()
    return [
        {"i": idx(digits.images, pack=pack), "l": idx(digits.labels, pack=pack)}
        for pack in (False, True)
    ]


def checkpoints() -> list[bytes]:
    """A small network's file."""
    options = {"name": "mlp", "hidden": [4], "activation": "relu"}
    model = build_mlp(hidden=(4,), activation="relu", rng=np.random.default_rng(0))
    file = io.BytesIO()
    write_checkpoint(file, Checkpoint(options, model.parameters.named(), history=[{"epoch": 1}]))
    return [file.getvalue()]


@cache
def runs() -> list[bytes]:
    """A run of a few steps as a ZIP."""
    from mnist_core.data.mnist import Dataset
    from mnist_core.runs.outbox import Outbox
    from mnist_core.runs.protocol import Order
    from mnist_core.runs.trainer import Trainer
    from tests.runs.tools import CONFIG, StopWhen

    digits = some_digits(CONFIG.train_size)
    data = Dataset(digits, digits, digits, "0" * 64)
    with TemporaryDirectory() as folder:
        files = RunFolder(Path(folder) / "run")
        files.make()
        inbox = StopWhen(lambda: trainer.run.step == 3)
        trainer = Trainer(Order(CONFIG, str(files.path)), data, inbox, Outbox(io.BytesIO()))
        trainer.work()
        content = io.BytesIO()
        write_archive(content, files, RunRow("0" * 16, CONFIG, None, 0.0, "stopped", name="mine"))
    return [content.getvalue()]


def pictures() -> list[bytes]:
    """Good pictures of every form, and those of tests/hostile_files.py that are small."""
    forms = [("L", "PNG"), ("RGB", "PNG"), ("P", "PNG"), ("RGB", "JPEG"), ("RGB", "WEBP")]
    good = [encoded(drawing(mode), form) for mode, form in forms]
    return good * 20 + [content for _, content in hostile_files() if len(content) < 100_000]


LINKS = [
    "preset=quick&epochs=3&batch_size=100", "model=mlp&hidden=64&activation=sigmoid&optimizer=sgd",
    "learning_rate=0.01&seed=3&train_size=50%2C000", "step=12&unit=3&off=1-2-3&image=17",
]  # fmt: skip
MESSAGES: list[Any] = [
    {"chosen": [3, 4, 1]}, {"chosen": {"ids": ["a", "b"], "at": 1.5}}, {"step": [12, True]},
    {"chosen": {"cell": [1, 2], "at": 2.5}}, {"chosen": 7, "view": ["step 1", [1, 2], False]},
    {"chosen": {"level": 0, "unit": 3, "form": "a", "frame": 0}}, {"chosen": ["rotation", 3]},
    {"word": "abcdefghijklmnopqrstuvwx"}, {"ink": "here 0 +E7f_f_gABCDE<>*+E7f_f_g  "},
    {"ink": "here 0 " + "+FPf_f_gABCDE" * 300 + "  "},
]  # fmt: skip


# ---- Who reads them ------------------------------------------------------------------------------


def read_link(link: str) -> object:
    """What a page does with an address: settings, and single choices."""
    values = dict(parse_qsl(link, keep_blank_values=True, errors="replace"))
    for name, text in values.items():
        for possible in (range(1, 5001), ["mlp", "cnn"], [0.1, 0.5]):
            try:
                value_of(name, text, possible)
            except ValueError:
                continue
    return Choice.from_parameters({k: v for k, v in values.items() if k in {*PARAMETERS, "preset"}})


def read_message(text: str) -> object:
    """What the door and the components make of what a browser says in their name."""
    if not is_plain_json(text):
        raise ValueError("not plain")
    sent = json.loads(text)
    values = sent if isinstance(sent, dict) else {}
    _view(values, ["step 1", "step 2"], 100)
    chosen = values.get("chosen")
    ChosenCell().after(chosen, None)
    chosen_after(chosen, None, [])
    chosen_frame(chosen, 3)
    return rasterise(CanvasState().after_message(values.get("ink")).drawing)


def unpack_run(content: bytes) -> object:
    """Take a run in, as far as it is checked."""
    with TemporaryDirectory() as folder:
        files = RunFolder(Path(folder) / "run")
        files.make()
        with RunArchive(content) as archive:
            return archive.unpack(files)


# ---- How they are spoiled ------------------------------------------------------------------------


def spoil_link(rng: Rng, link: str) -> str:
    """Another value, another name, or letters anywhere."""
    if rng.random() < 0.5:
        name = one_of(rng, [*PARAMETERS, "preset", "step", "off"])
        number = f"{rng.normal() * 10.0 ** rng.integers(-9, 9)}"
        return f"{link}&{name}={one_of(rng, [*WORDS, number])}"
    return spoiled_text(rng, link)


def spoil_files(rng: Rng, files: dict[str, bytes]) -> dict[str, bytes]:
    """One of the files spoiled by its form, two of them swapped, or a bomb."""
    if rng.random() < 0.001:
        return files | {one_of(rng, list(files)): bomb()}
    name = one_of(rng, list(files))
    content = files[name]
    if content[:2] == b"PK":
        return files | {name: spoiled_zip(rng, content)}
    if content[:2] == b"\x1f\x8b" and rng.random() < 0.6:
        return files | {name: gzip.compress(spoiled_bytes(rng, gzip.decompress(content)), mtime=0)}
    if rng.random() < 0.1:
        return files | {name: files[one_of(rng, list(files))]}
    return files | {name: spoiled_bytes(rng, content)}


KINDS = {
    "links": Kind(lambda: LINKS, spoil_link, read_link, (ValueError,), 100, 20),
    "messages": Kind(lambda: MESSAGES, json_text, read_message, (ValueError,), 100, 60),
    "own digits": Kind(
        lambda: [to_zip(some_digits())], spoiled_zip, read_zip, (CollectionError,), 500, 40
    ),
    "data sets": Kind(data_files, spoil_files, uploaded_split, (DataError,), 2000, 200),
    "IDX and gzip": Kind(idx_pairs, spoil_files, uploaded_split, (DataError,), 2000, 200),
    "checkpoints": Kind(
        checkpoints, spoiled_zip, lambda c: load_checkpoint(c).network(), (CheckpointError,),
        1000, 300,
    ),
    "runs": Kind(runs, spoiled_zip, unpack_run, (ArchiveError,), 1000, 200),
    "pictures": Kind(pictures, spoiled_bytes, open_picture, (PictureError,), 4000, 250),
}  # fmt: skip


def tried(name: str, count: int, seed: int) -> dict[str, Any]:
    """Feed so many spoiled inputs of a kind to its reader; what came of them."""
    kind, rng = KINDS[name], np.random.default_rng(seed)
    good = kind.good()
    for one in good[:5]:
        kind.read(json.dumps(one) if name == "messages" else one)
    found = {"kind": name, "inputs": count, "accepted": 0, "refused": 0, "tracebacks": 0}
    longest, rest = 0.0, peak_memory()
    for _ in range(count):
        spoiled = kind.spoil(rng, one_of(rng, good))
        began = time.process_time()
        try:
            kind.read(spoiled)
            found["accepted"] += 1
        except kind.refusal as error:
            found["refused"] += 1
            assert str(error), f"{name}: a refusal says why"
        except Exception:
            found["tracebacks"] += 1
            traceback.print_exc()
        longest = max(longest, 1000 * (time.process_time() - began))
    bounds = {"bound_ms": kind.most_ms, "bound_mb": kind.most_mb}
    grown = (peak_memory() - rest) / 1e6
    return found | {"most_ms": round(longest, 1), "most_mb": round(grown, 1)} | bounds


def is_bounded(found: dict[str, Any]) -> bool:
    """Whether all went as it is promised."""
    cheap = found["most_ms"] <= found["bound_ms"] and found["most_mb"] <= found["bound_mb"]
    return cheap and not found["tracebacks"]


def main() -> int:
    """Each kind in a process of its own, since memory is told by its peak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(found := tried(options.only, options.count, options.seed)))
        return 0 if is_bounded(found) else 1
    results = []
    for name in KINDS:
        how = ["--only", name, "--count", str(options.count), "--seed", str(options.seed)]
        command = [sys.executable, "-m", "tests.load.mutations", *how]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        results.append(found)
        print(" | ".join(f"{key} {value}" for key, value in found.items()), flush=True)
    print(json.dumps(results))
    return 0 if all(map(is_bounded, results)) else 1


if __name__ == "__main__":
    sys.exit(main())
