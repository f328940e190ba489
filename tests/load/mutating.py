"""Ways to spoil what somebody sends: bytes, texts, JSON and ZIPs, each from a random generator."""

import copy
import io
import json
import zipfile
from typing import Any

import numpy as np

from tests.runs.hostile_archives import STRANGE, zipped

Rng = np.random.Generator
WORDS = [
    "NaN", "nan", "1e400", "-1e400", "inf", "9" * 400, "9" * 5000, "-1", "0", "1", "", " ", "\0",
    "\n\n![x](http://example.org/x.png)", "../../etc/passwd", "%s%n", "\u202e", "\ud7ff\uffff",
    "\U0001f4a9", "\u0663", "½", "true", "None", "x" * 10_000, "a,b", "1-2-3", "`", "'", '"',
]  # fmt: skip
SIZES = [0, 1, 2, 255, 256, 65_535, 2**31 - 1, 2**31, 2**32 - 1]


def one_of(rng: Rng, values: Any) -> Any:
    """Any of the values."""
    return values[int(rng.integers(len(values)))]


def spoiled_bytes(rng: Rng, content: bytes) -> bytes:
    """The bytes with one to eight of: flips, cuts, insertions, doubled pieces, other sizes."""
    spoiled = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        if not spoiled:
            break
        at, length = int(rng.integers(len(spoiled))), int(rng.integers(1, 40))
        match int(rng.integers(7)):
            case 0 | 1:
                spoiled[at] ^= 1 << int(rng.integers(8))
            case 2:
                del spoiled[at:]
            case 3:
                del spoiled[at : at + length]
            case 4:
                spoiled[at:at] = rng.bytes(length)
            case 5:
                spoiled[at:at] = spoiled[int(rng.integers(len(spoiled))) :][:length]
            case 6:
                size = one_of(rng, SIZES).to_bytes(4, one_of(rng, ["big", "little"]))
                spoiled[at : at + 4] = size
    return bytes(spoiled)


def spoiled_text(rng: Rng, text: str) -> str:
    """The text with a piece taken out, doubled, or put in."""
    at, to = sorted(int(n) for n in rng.integers(len(text) + 1, size=2))
    match int(rng.integers(4)):
        case 0:
            return text[:at] + text[to:]
        case 1:
            return text[:to] + text[at:]
        case 2:
            return text[:at] + one_of(rng, WORDS) + text[at:]
        case _:
            return text[:at] + chr(int(rng.integers(1, 0xD7FF))) + text[at:]


def spoiled_json(rng: Rng, values: Any) -> Any:
    """JSON's values with one of them of another kind, at another place, missing or too many."""
    values = copy.deepcopy(values)
    places = _places(values)
    if not places:
        return one_of(rng, [*STRANGE, *WORDS])
    holder, key = one_of(rng, places)
    match int(rng.integers(6)):
        case 0 | 1:
            holder[key] = one_of(rng, [*STRANGE, *WORDS])
        case 2:
            other, its_key = one_of(rng, places)
            holder[key] = copy.deepcopy(other[its_key])
        case 3:
            del holder[key]
        case 4:
            deep: Any = holder[key]
            for _ in range(int(rng.integers(1, 200))):
                deep = [deep] if rng.random() < 0.5 else {"a": deep}
            holder[key] = deep
        case _:
            holder[key] = [holder[key]] * int(rng.integers(3, 2000))
    return values


def json_text(rng: Rng, values: Any) -> str:
    """A text of spoiled values, spoiled itself now and then, 100,000 deep or a million long."""
    chance = rng.random()
    if chance < 0.002:
        return one_of(rng, ["[", '{"a":', '{"chosen":' + "["]) * 100_000
    if chance < 0.004:
        return json.dumps({"chosen": [0.5] * 1_000_000})
    text = json.dumps(spoiled_json(rng, values))
    return spoiled_text(rng, text) if chance > 0.8 else text


def _places(values: Any) -> list[tuple[Any, Any]]:
    """Every place in lists and dictionaries: the one that holds it, and the key."""
    found: list[tuple[Any, Any]] = []
    keys = (
        values
        if isinstance(values, dict)
        else range(len(values))
        if isinstance(values, list)
        else ()
    )
    for key in list(keys)[:50]:
        found.append((values, key))
        found += _places(values[key])
    return found


def spoiled_zip(rng: Rng, content: bytes) -> bytes:
    """A ZIP that is spoiled itself, or whole with an entry that is spoiled, renamed or missing."""
    if rng.random() < 0.4:
        return spoiled_bytes(rng, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = one_of(rng, list(files))
    match int(rng.integers(5)):
        case 0:
            before = one_of(rng, WORDS)[:200].replace("\0", "\1")  # Python ends a name at a zero
            files[before + name] = files.pop(name)
        case 1:
            del files[name]
        case 2:
            files[name] = files[one_of(rng, list(files))]
        case _:
            files[name] = spoiled_entry(rng, name, files[name])
    return zipped(files, pack=rng.random() < 0.5)


def spoiled_entry(rng: Rng, name: str, content: bytes) -> bytes:
    """What is in a file, spoiled by what it is."""
    if name.endswith(".npz"):
        return spoiled_zip(rng, content)
    if name.endswith(".json"):
        return json_text(rng, json.loads(content)).encode(errors="replace")
    if name == "meta.npy":
        head = content.index(b"\n") + 1
        text = json_text(rng, json.loads(content[head:])).encode(errors="replace")
        shape = f"({len(content) - head},)".encode()
        head_text = content[:head].replace(shape, f"({len(text)},)".encode())
        return head_text + text
    return spoiled_bytes(rng, content)
