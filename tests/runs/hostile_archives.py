"""Makes hostile and broken ZIPs of runs, more than 500, of a good one and a fixed seed.
Run as a script it tries to unpack each, and prints what was said and the peak of memory.
"""

import copy
import io
import json
import resource
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mnist_core.data.zip_files import ArchiveError
from mnist_core.runs.archive import MAX_ENTRIES, RunArchive
from mnist_core.runs.folder import RunFolder

Files = dict[str, bytes]
STRANGE = [None, "x", -1, [], {}, 10**400, True, float("nan"), float("inf"), [[["x"]]], "\0" * 99]
# Where the manifest has a value that none of STRANGE can be.
PLACES: list[tuple[Any, ...]] = [
    ("format",),
    ("config",),
    ("config", "hidden"),
    ("config", "epochs"),
    ("config", "batch_size"),
    ("config", "train_size"),
    ("config", "learning_rate"),
    ("config", "augmentation"),
    ("config", "model"),
    ("origin", "weights"),
    ("data_sha256",),
    ("state",),
    ("state", "status"),
    ("state", "learning_rate"),
    ("state", "rate_changes", 0),
    ("state", "rate_changes", 0, 0),
    ("state", "rate_changes", 0, 1),
    ("state", "results"),
    ("state", "results", 0),
    ("state", "results", 0, "epoch"),
    ("state", "results", 0, "train_loss"),
    ("state", "results", 0, "validation_accuracy"),
    ("state", "results", 0, "seconds"),
    ("state", "reports_per_point"),
    ("state", "batch_curve", 0),
    ("state", "batch_curve", 0, 0),
    ("state", "batch_curve", 0, 1),
    ("state", "batch_curve", 0, 3),
    ("state", "seconds"),
    ("snapshots", 1),
    ("snapshots", 1, "step"),
    ("snapshots", 1, "epoch"),
    ("snapshots", 1, "status"),
    ("snapshots", -1, "progress", "step"),
    ("snapshots", -1, "progress", "loss"),
    ("snapshots", -1, "progress", "message"),
]
# The few that are what such a place may hold after all.
HARMLESS = {
    (("config", "augmentation"), 4),  # {}: none
    (("origin", "weights"), 6),  # True
    (("snapshots", -1, "progress", "loss"), 2),  # -1
    (("state", "results", 0, "seconds"), 2),  # -1: those of the checkpoint are taken
}


def hostile_archives(good: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """A name that says what is wrong, the file, and whether it has to be refused.

    A flipped bit may be one that nobody reads, as that of an entry's date.
    """
    for name, content in _cut_short(good):
        yield name, content, True
    rng = np.random.default_rng(0)
    for number in range(120):
        flipped = bytearray(good)
        flipped[rng.integers(len(good))] ^= 1 << int(rng.integers(8))
        yield f"flipped bit {number}", bytes(flipped), False
    for make in (_names, _entries, _manifests, _texts, _checkpoints, _snapshots, _lies):
        for name, content in make(_files(good)):
            yield name, content, True


def _files(archive: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(files: Files, *more: tuple[str | zipfile.ZipInfo, bytes], pack: bool = False) -> bytes:
    """A ZIP of files, and of more that may have any name, twice too."""
    content = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if pack else zipfile.ZIP_STORED
    with zipfile.ZipFile(content, "w", method) as file:
        for name, data in [*files.items(), *more]:
            file.writestr(name, data)
    return content.getvalue()


def _bomb(files: Files, name: str) -> bytes:
    """The files with 100 MB of zeros as one of them, which were never in memory at once."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, data in files.items():
            if one != name:
                archive.writestr(one, data)
        with archive.open(name, "w") as entry:
            for _ in range(100):
                entry.write(bytes(2**20))
    return content.getvalue()


def _cut_short(good: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "text", b"no ZIP at all " * 100
    yield "zeros", bytes(5000)
    for part in range(1, 50):
        yield f"cut at {part}/50", good[: len(good) * part // 50]
    for missing in (1, 2, 21, 22, 23, 100):
        yield f"without its last {missing} bytes", good[:-missing]
        yield f"without its first {missing} bytes", good[missing:]


def _names(files: Files) -> Iterator[tuple[str, bytes]]:
    for name in (
        "../evil", "../../etc/passwd", "snapshots/../../evil", "/etc/passwd", "\\evil", "..\\evil",
        "C:\\evil", "c:evil", "a//b", "./a", "a/./b", "a/..", "..", ".", "//server/share",
        "a:stream", "a\nb", "a\x1b[31mb", "a\u202eb", "x" * 101, "snapshots\\..\\..\\evil",
    ):  # fmt: skip
        yield f"an entry called {name!r}", zipped(files, (name, b"x"))
        if len(name) <= 100:
            yield f"only an entry called {name!r}", zipped({}, (name, b"x"))
    zero = zipped(files, ("aZb", b"x")).replace(b"aZb", b"a\0b")
    yield "a zero byte in a name", zero
    link = zipfile.ZipInfo("snapshots/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    yield "a symbolic link", zipped(files, (link, b"/etc/passwd"))
    for name in files:
        renamed = {f"../{one}" if one == name else one: data for one, data in files.items()}
        yield f"{name} renamed to lead elsewhere", zipped(renamed)
        renamed = {f"{one}.txt" if one == name else one: data for one, data in files.items()}
        if name != "beginning.npz":
            yield f"{name} renamed", zipped(renamed)


def _entries(files: Files) -> Iterator[tuple[str, bytes]]:
    for name, data in files.items():
        # zipfile warns of a second entry with the same name, so it is given it afterwards.
        other = "".join("Z" if letter.isalpha() else letter for letter in name)
        double = zipped(files, (other, data)).replace(other.encode(), name.encode())
        yield f"{name} twice", double
        if "/" in name:
            yield f"{name} with both slashes", zipped(files, (name.replace("/", "\\"), data))
        yield f"without {name}", zipped({one: files[one] for one in files if one != name})
        yield f"{name} empty", zipped(files | {name: b""})
    for name in ("manifest.json", "checkpoint.npz", "snapshots/00000001.f32"):
        yield f"100 MB of zeros as {name}", _bomb(files, name)
    many = [(f"notes/{number}", b"") for number in range(MAX_ENTRIES)]
    yield "too many entries", zipped(files, *many)
    yield "a directory that is too large", zipped(files, *[(f"{n:099}", b"") for n in range(3000)])
    yield "two runs", zipped(files | {f"again/{name}": data for name, data in files.items()})
    encrypted = bytearray(zipped(files))
    for place in _places(bytes(encrypted), b"PK\1\2"):
        encrypted[place + 8] |= 1
    yield "encrypted", bytes(encrypted)
    for method in (9, 12, 14, 99):
        packed = bytearray(zipped(files))
        for place in _places(bytes(packed), b"PK\1\2"):
            packed[place + 10 : place + 12] = struct.pack("<H", method)
        yield f"packed with method {method}", bytes(packed)


def _places(content: bytes, signature: bytes) -> list[int]:
    """Where the directory has its entries."""
    found, at = [], content.find(signature)
    while at >= 0:
        found.append(at)
        at = content.find(signature, at + 1)
    return found


def _manifests(files: Files) -> Iterator[tuple[str, bytes]]:
    manifest = json.loads(files["manifest.json"])

    def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
        values = copy.deepcopy(manifest)
        change(values)
        return zipped(files | {"manifest.json": json.dumps(values).encode()})

    def put(keys: tuple[Any, ...], value: Any) -> Callable[[Any], None]:
        def change(values: Any) -> None:
            for key in keys[:-1]:
                values = values[key]
            values[keys[-1]] = value

        return change

    for place in PLACES:
        for number, value in enumerate(STRANGE):
            if (place, number) not in HARMLESS:
                yield f"{place} is {value!r:.30}", changed(put(place, value))
    for key in manifest:
        yield f"without {key}", changed(lambda values, key=key: values.pop(key))
    for key in ("status", "results", "batch_curve", "rate_changes", "progress", "learning_rate"):
        yield f"without state.{key}", changed(lambda values, key=key: values["state"].pop(key))
    yield "one key more", changed(put(("evil",), 1))
    for value in ("finished", "running", "dancing"):
        yield f"a run that is {value}", changed(put(("state", "status"), value))
    yield "another seed", changed(put(("config", "seed"), 4))
    yield "other data", changed(put(("data_sha256",), "0" * 64))
    code = '"; import os; os.system("true") #'
    yield "code instead of a hash", changed(put(("data_sha256",), code))
    yield "an invented accuracy", changed(put(("state", "results", 0, "validation_accuracy"), 1.0))
    yield "one result more", changed(lambda values: values["state"]["results"].append(
        values["state"]["results"][0]))  # fmt: skip
    yield "a learning rate that is another", changed(put(("state", "learning_rate"), 0.5))
    yield "the snapshots backwards", changed(lambda values: values["snapshots"].reverse())
    yield "a later snapshot", changed(put(("snapshots", -1, "step"), 12))
    yield "500 snapshots", changed(lambda values: values["snapshots"].extend(
        values["snapshots"][-1:] * 500))  # fmt: skip
    yield "a network of 900 million", changed(put(("config", "hidden"), [30_000, 30_000]))
    large = {"model": "cnn", "channels": [128], "kernel_sizes": [1], "dense": [1024]}
    yield "a network of 25 million", changed(lambda values: values["config"].update(large))
    yield "a name of two lines and colours", changed(put(("name",), "a\x1b[31m"))
    yield "a name without end", changed(put(("name",), "x" * 10**6))
    yield "10 million epochs", changed(put(("origin", "lengths"), [-3]))


def _texts(files: Files) -> Iterator[tuple[str, bytes]]:
    texts = {
        "deep lists": b"[" * 200_000,
        "deep objects": b'{"a":' * 100_000,
        "a deep config": b'{"format": 1, "config": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        "a number of a million digits": b'{"format": ' + b"9" * 10**6 + b"}",
        "no UTF-8": b'{"format": "\xff\xfe"}',
        "half a letter": b'{"format": "\\ud800"}',
        "a list": b"[]",
        "a number": b"1",
        "nothing": b"null",
        "NaN": b"NaN",
        "Python": b"__import__('os').system('true')",
        "10 MB of spaces": b" " * (10 * 2**20),
        "UTF-16": '{"format": 1}'.encode("utf-16"),
        "the same key twice": b'{"format": 1, "format": 2}',
        "7 MB of text": b'{"format": "' + b"x" * (7 * 2**20) + b'"}',
    }
    for name, text in texts.items():
        yield f"a manifest of {name}", zipped(files | {"manifest.json": text}, pack=True)


def _checkpoints(files: Files) -> Iterator[tuple[str, bytes]]:
    with np.load(io.BytesIO(files["checkpoint.npz"])) as file:
        arrays = {name: file[name] for name in file.files}

    def saved(arrays: dict[str, Any]) -> bytes:
        content = io.BytesIO()
        np.savez(content, **arrays)
        return zipped(files | {"checkpoint.npz": content.getvalue()})

    for name, array in arrays.items():
        yield f"checkpoint without {name}", saved({n: a for n, a in arrays.items() if n != name})
        yield f"checkpoint with an empty {name}", saved(arrays | {name: array[:0]})
        yield f"checkpoint with objects as {name}", saved(arrays | {name: np.array([{}], object)})
        yield f"checkpoint with text as {name}", saved(arrays | {name: np.array(["x"])})
        if name != "meta" and array.dtype.kind == "f":
            for value in (np.nan, np.inf):
                spoiled = array.copy()
                spoiled.flat[0] = value
                yield f"checkpoint with {value} in {name}", saved(arrays | {name: spoiled})
            yield (
                f"checkpoint with {name} twice as long",
                saved(arrays | {name: np.concatenate([array, array])}),
            )
    meta = json.loads(arrays["meta"].tobytes())
    for key, value in {
        "step": 12, "learning_rate": 5.0, "seed": "x", "model": {}, "history": [], "config": {},
        "data_sha256": "", "format": 7,
    }.items():  # fmt: skip
        text = json.dumps(meta | {key: value}).encode()
        yield (
            f"checkpoint with {key} {value!r}",
            saved(arrays | {"meta": np.frombuffer(text, np.uint8)}),
        )
    content = files["checkpoint.npz"]
    for part in range(1, 10):
        yield (
            f"checkpoint cut at {part}/10",
            zipped(files | {"checkpoint.npz": content[: len(content) * part // 10]}),
        )
    huge = content.replace(b"'shape': (8, 784)", b"'shape': (8, 9**9)")
    yield "checkpoint with a huge shape", zipped(files | {"checkpoint.npz": huge})
    yield "a pickle", zipped(files | {"checkpoint.npz": b"\x80\x04cos\nsystem\n(S'true'\ntR."})
    yield "a beginning of a later step", zipped(files | {"beginning.npz": content})


def _snapshots(files: Files) -> Iterator[tuple[str, bytes]]:
    for name, content in files.items():
        if name.startswith("snapshots/"):
            spoiled = np.frombuffer(content, "<f4").copy()
            for value in (np.nan, -np.inf):
                spoiled[-1] = value
                yield f"{value} in {name}", zipped(files | {name: spoiled.tobytes()})
            yield f"{name} one byte short", zipped(files | {name: content[:-1]})
            yield f"{name} one byte long", zipped(files | {name: content + b"x"})
            yield f"{name} twice as long", zipped(files | {name: content * 2})


def _lies(files: Files) -> Iterator[tuple[str, bytes]]:
    """Directories that lie about checksums, sizes and places."""
    good = zipped(files)
    places = _places(good, b"PK\1\2")
    for number, place in enumerate(places[:6]):
        for what, offset in {"checksum": 16, "packed": 20, "size": 24, "place": 42}.items():
            for value in (1, 2**31, 2**32 - 2):
                lying = bytearray(good)
                lying[place + offset : place + offset + 4] = struct.pack("<I", value)
                yield f"entry {number}: {what} said to be {value}", bytes(lying)


def _unpacked(content: bytes) -> str:
    """Why a ZIP is refused; "" if it is not."""
    with TemporaryDirectory() as folder:
        files = RunFolder(Path(folder) / "run")
        files.make()
        try:
            with RunArchive(content) as archive:
                archive.unpack(files)
        except ArchiveError as error:
            return str(error)
        return ""


def main(path: Path) -> None:
    good = path.read_bytes()
    assert not _unpacked(good)
    rest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, content, refused in hostile_archives(good):
        print(json.dumps([name, refused, _unpacked(content)]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"megabytes": (peak - rest) / 1024}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
