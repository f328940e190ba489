"""Data sets from elsewhere, under other names, in folders, as .npz and CSV; what is refused."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data import listing, uploaded
from mnist_core.data.idx import DataError
from mnist_core.data.mnist import load_mnist, load_test, load_to_judge
from mnist_core.data.uploaded import uploaded_split
from tests.conftest import idx_bytes

Files = dict[str, bytes]
IMAGES = np.arange(12 * 784).reshape(12, 28, 28).astype(np.uint8)
IMAGES[:, 0, 0] = IMAGES[:, -1, -1] = 0  # corners are background
LABELS = np.arange(12, dtype=np.uint8) % 10
TEST_LABELS = LABELS[::-1].copy()
ARRAYS = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": TEST_LABELS}


def idx_files(
    *names: str, labels: tuple[np.ndarray, ...] = (LABELS, TEST_LABELS), packed: bool = False
) -> Files:
    """The files of a data set under these four names: training images, labels, test images, ..."""
    arrays = (IMAGES, labels[0], IMAGES, labels[1])
    return {
        name: gzip.compress(idx_bytes(array)) if packed else idx_bytes(array)
        for name, array in zip(names, arrays, strict=True)
    }


def of_pattern(pattern: str, test: str = "t10k", packed: bool = False) -> Files:
    names = [(part, kind) for part in ("train", test) for kind in (("images", 3), ("labels", 1))]
    return idx_files(
        *(pattern.format(part=part, kind=kind, axes=axes) for part, (kind, axes) in names),
        packed=packed,
    )


def npz(compress: bool = True, **arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def csv(
    labels: np.ndarray = LABELS, *, header: str = "", last: bool = False, separator: str = ","
) -> bytes:
    rows = [header] if header else []
    for image, label in zip(IMAGES, labels, strict=True):
        numbers = [str(n) for n in image.reshape(-1)]
        numbers = [*numbers, str(label)] if last else [str(label), *numbers]
        rows.append(separator.join(numbers))
    return ("\n".join(rows) + "\n").encode()


PIXEL_NAMES = ",".join(f"pixel{n}" for n in range(784))
KAGGLE = f"label,{PIXEL_NAMES}"
OPENML = f'"{PIXEL_NAMES},class"'
SETS: dict[str, Files] = {
    "with dots": of_pattern("{part}-{kind}.idx{axes}-ubyte"),
    "in folders of their own name": of_pattern(
        "{part}-{kind}-idx{axes}-ubyte/{part}-{kind}-idx{axes}-ubyte"
    ),
    "both, as Kaggle has it": of_pattern("{part}-{kind}.idx{axes}-ubyte")
    | of_pattern("{part}-{kind}-idx{axes}-ubyte/{part}-{kind}-idx{axes}-ubyte"),
    "folders with dots": of_pattern(
        "a/{part}-{kind}.idx{axes}-ubyte/{part}-{kind}-idx{axes}-ubyte"
    ),
    "EMNIST": of_pattern("gzip/emnist-digits-{part}-{kind}-idx{axes}-ubyte.gz", "test", True),
    "MNIST in torchvision's folders": of_pattern("MNIST/raw/{part}-{kind}-idx{axes}-ubyte")
    | of_pattern("MNIST/raw/{part}-{kind}-idx{axes}-ubyte.gz", packed=True),
    "a browser's second download": of_pattern("{part}-{kind}-idx{axes}-ubyte (1).gz", packed=True),
    "with files of a system": of_pattern("x/{part}-{kind}-idx{axes}-ubyte")
    | {f"x/._{name}": b"\0\5\x16\7" for name in ("train-images-idx3-ubyte", "a")}
    | {"x/Thumbs.db": b"", "x/readme.txt": b""},
    "npz of Keras": {"mnist.npz": npz(**ARRAYS)},
    "npz of other shapes": {
        "a/mnist.npz": npz(
            False,
            train_images=IMAGES.reshape(12, 784),
            train_labels=LABELS.astype(np.int64)[:, None],
            test_images=IMAGES[..., None].astype(np.int32),
            test_labels=TEST_LABELS,
        )
    },
    "CSV with a header": {
        "train.csv": csv(header=KAGGLE),
        "test.csv": csv(TEST_LABELS, header=KAGGLE),
    },
    "CSV without": {"mnist_train.csv": csv(), "mnist_test.csv": csv(TEST_LABELS)},
    "CSV with the label last": {
        "x/a-train.csv": csv(header=OPENML, last=True),
        "x/a-test.csv": csv(TEST_LABELS, last=True, separator=";").replace(b"\n", b"\r\n"),
    },
    "packed CSV": {
        "train.csv.gz": gzip.compress(csv()),
        "test.tsv": b"\xef\xbb\xbf" + csv(TEST_LABELS, separator="\t").replace(b"\n", b"\n\n"),
    },
}


def as_folder(files: Files, place: Path) -> Path:
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def as_zip(files: Files) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def zip_file(files: Files, place: Path) -> Path:
    path = place / "set.zip"
    path.write_bytes(as_zip(files))
    return path


def refusal(root: Path) -> str:
    with pytest.raises(DataError) as refused:
        load_test(root)
    assert "\n" not in str(refused.value)
    return str(refused.value).replace(str(root), root.name)


@pytest.mark.parametrize("place", [as_folder, zip_file], ids=["folder", "ZIP"])
@pytest.mark.parametrize("name", SETS)
def test_a_data_set_is_the_same_however_it_is_packed_and_called(
    tmp_path: Path, name: str, place: Callable[[Files, Path], Path]
) -> None:
    usual = load_mnist(as_folder(of_pattern("{part}-{kind}-idx{axes}-ubyte"), tmp_path / "usual"))
    (tmp_path / "other").mkdir()
    found = load_mnist(place(SETS[name], tmp_path / "other"))
    assert found.sha256 == usual.sha256
    assert np.array_equal(found.test.images, IMAGES)
    assert np.array_equal(found.test.labels, TEST_LABELS)
    assert np.array_equal(found.train.labels, LABELS[:10])


@pytest.mark.parametrize("name", SETS)
def test_the_page_reads_the_same_kinds(name: str) -> None:
    split, n = uploaded_split({"my files": as_zip(SETS[name])})
    assert n == 12 and np.array_equal(split.labels, TEST_LABELS)


def test_files_are_handed_over_without_a_zip_too() -> None:
    for files in ({"mnist npz": npz(**ARRAYS)}, of_pattern("{part} {kind} idx{axes} ubyte")):
        assert np.array_equal(uploaded_split(files)[0].labels, TEST_LABELS)
    assert np.array_equal(uploaded_split({"some.csv": csv()})[0].images, IMAGES)
    pair = {"train.csv": csv(), "test.csv": csv(TEST_LABELS)}
    assert np.array_equal(uploaded_split(pair)[0].labels, TEST_LABELS)


def test_one_file_is_a_data_set(tmp_path: Path) -> None:
    as_folder({"mnist.npz": npz(**ARRAYS), "digits.csv": csv(), "my_test.csv": csv()}, tmp_path)
    assert np.array_equal(load_test(tmp_path / "mnist.npz").labels, TEST_LABELS)
    assert len(load_mnist(tmp_path / "digits.csv").train) == 9
    assert len(load_test(tmp_path / "my_test.csv")) == 12
    with pytest.raises(
        DataError, match="nothing to train on: .*my_test.csv has no training images"
    ):
        load_mnist(tmp_path / "my_test.csv")


def test_test_images_whose_labels_are_kept_back_are_left_alone_and_named(tmp_path: Path) -> None:
    unlabelled = csv(last=True, header=OPENML)
    unlabelled = b"\n".join(row.rpartition(b",")[0] for row in unlabelled.splitlines())
    files = {"train.csv": csv(), "test.csv": unlabelled, "sample_submission.csv": b"ImageId,Label"}
    said: list[str] = []
    split, data = load_to_judge(as_folder(files, tmp_path), notice=said.append)
    assert np.array_equal(split.images, IMAGES) and data is None
    assert said == ["left alone, as it has no labels: test.csv"]
    assert "784 columns, pixels without a label" in refusal(tmp_path / "test.csv")


def test_what_was_left_alone_in_a_zip_is_said_in_a_line(tmp_path: Path) -> None:
    said: list[str] = []
    path = zip_file(
        SETS["with files of a system"] | {"__MACOSX/x/._a": b"", "7-0001.png": b""}, tmp_path
    )
    load_test(path, notice=said.append)
    assert [line.partition(": ")[2] for line in said] == [
        "left alone, as not needed: __MACOSX (1 file), x/._train-images-idx3-ubyte, x/._a, "
        "x/Thumbs.db and x/readme.txt"
    ]


def test_turned_images_have_rows_and_columns_exchanged_and_are_another_data_set(
    tmp_path: Path,
) -> None:
    as_folder(SETS["with dots"], tmp_path)
    turned = load_mnist(tmp_path, turn=True)
    assert np.array_equal(turned.test.images, IMAGES.transpose(0, 2, 1))
    assert np.array_equal(turned.train.images[0], IMAGES[0].T)
    assert turned.sha256 != load_mnist(tmp_path).sha256
    assert np.array_equal(load_test(tmp_path, turn=True).images, turned.test.images)
    with pytest.raises(ValueError, match="read-only"):
        turned.test.images[0] = 0


def test_a_whole_disk_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_folder({f"{n}/{n}": b"" for n in range(30)}, tmp_path)
    as_folder(SETS["with dots"], tmp_path / "1" / "2")
    assert len(load_test(tmp_path)) == 12
    monkeypatch.setattr(listing, "MAX_LISTED", 20)
    assert "has no file train-images-idx3-ubyte" in refusal(tmp_path)


letters = LABELS.copy()
letters[3] = 26
from_one = LABELS % 10 + 1
REFUSED: dict[str, tuple[Files, str]] = {
    "nothing": (
        {"a.txt": b"", "b.png": b""},
        "no .npz and no .csv file of images; it has only a.txt and b.png",
    ),
    "no labels": (
        {"train-images.idx3-ubyte": idx_bytes(IMAGES)},
        "has no file train-labels-idx1-ubyte",
    ),
    "several sets": (
        of_pattern("emnist-digits-{part}-{kind}-idx{axes}-ubyte")
        | of_pattern("emnist-letters-{part}-{kind}-idx{axes}-ubyte"),
        "holds several data sets, emnist-digits and emnist-letters: give the files of one",
    ),
    "several folders": (
        of_pattern("fashion/{part}-{kind}-idx{axes}-ubyte")
        | of_pattern("digits/{part}-{kind}-idx{axes}-ubyte"),
        "holds several data sets, digits and fashion",
    ),
    "several tables": ({"a-train.csv": csv(), "b-train.csv": csv()}, "a-train.csv and b-train.csv"),
    "letters": (
        idx_files(*of_pattern("{part}-{kind}"), labels=(letters, letters)),
        "t10k-labels has the label 26 at position 3; labels are digits from 0 to 9. They go from 0 "
        "to 26, as those of letters do: take a set of digits",
    ),
    "labels from 1": (
        {"a.csv": csv(from_one)},
        "a.csv has the label 10 at position 9; labels are digits from 0 to 9. They go from 1 to "
        "10: write 0 for 10",
    ),
    "other arrays": (
        {"a.npz": npz(w=IMAGES, b=LABELS)},
        "a.npz holds the arrays 'w' and 'b': x_train and",
    ),
    "fractions": (
        {"a.npz": npz(x_test=IMAGES / 255, y_test=LABELS)},
        "x_test in a.npz holds numbers of type float64: whole numbers from 0 to 255, uint8, are",
    ),
    "colours": (
        {"a.npz": npz(x_test=np.zeros((2, 32, 32, 3), np.uint8), y_test=LABELS)},
        "x_test in a.npz has the shape (2, 32, 32, 3): pictures of 28x28 pixels, (N, 28, 28), is",
    ),
    "large numbers": (
        {"a.npz": npz(x_test=IMAGES.astype(int) * 2, y_test=LABELS)},
        "x_test in a.npz holds numbers from 0 to 510: from 0 to 255 is expected",
    ),
    "objects": (
        {"a.npz": npz(x_test=np.array([{}], object), y_test=LABELS)},
        "a.npz can't be read: 'x_test.npy' is no array of plain numbers",
    ),
    "fewer columns": (
        {"a.csv": b"1,2,3\n"},
        "a.csv has 3 columns in line 1: a label and 784 pixels from 0 to 255 in each",
    ),
    "a shorter row": (
        {"a.csv": csv(header=KAGGLE) + b"1,2\n"},
        "a.csv has 2 columns in line 14: a label and 784",
    ),
    "a number above 255": (
        {"a.csv": csv(header=KAGGLE).replace(b",255,", b",256,", 1)},
        "has '256' in line 2",
    ),
    "a fraction in a table": (
        {"a.csv": csv().replace(b",255,", b",0.5,", 1)},
        "has '0.5' in line 1",
    ),
    "an empty cell": ({"a.csv": csv().replace(b",255,", b",,", 1)}, "has '' in line 1"),
    "a negative number": ({"a.csv": csv().replace(b",255,", b",-1,", 1)}, "has '-1' in line 1"),
    "an empty table": ({"a.csv": b""}, "a.csv holds no pictures"),
    "only a header": ({"a.csv": KAGGLE.encode()}, "a.csv holds no pictures"),
    "UTF-16": (
        {"a.csv": "1,2".encode("utf-16")},
        "a.csv is text in UTF-16: save it as CSV in UTF-8",
    ),
    "no rows": ({"a.csv": b"1," * 10**6}, "a.csv has no rows"),
    "no text": ({"a.csv": bytes(range(256)) * 9}, "a.csv has"),
    "a broken gzip": ({"a.csv.gz": gzip.compress(csv())[:-20]}, "a.csv.gz can't be read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_read_is_named_with_what_was_expected(tmp_path: Path, name: str) -> None:
    files, reason = REFUSED[name]
    assert reason in refusal(as_folder(files, tmp_path))
    (tmp_path / "more").mkdir()
    assert reason in refusal(zip_file(files, tmp_path / "more"))
    with pytest.raises(DataError):
        uploaded_split({"files.zip": as_zip(files)})


@pytest.mark.parametrize("name", ["../train.csv", "a/../train.csv", "C:/train.csv"])
def test_a_zip_with_a_danger_in_it_is_refused(tmp_path: Path, name: str) -> None:
    path = zip_file({"train.csv": csv(), name: b""}, tmp_path)
    assert "leads elsewhere" in refusal(path)


BLANK_ROW = b"0," * 784 + b"0\n"
BOMBS: Files = {
    "a.csv": gzip.compress(BLANK_ROW * 20_000),
    "a.npz": npz(x_test=np.zeros((20_000, 784), np.uint8), y_test=LABELS),
    "train-images-idx3-ubyte.gz": gzip.compress(
        idx_bytes(np.zeros((20_000, 28, 28), np.uint8)),
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_no_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploaded, "MAX_BYTES", 2**20)
    labels = {"train-labels": idx_bytes(LABELS)} if "idx" in name else {}
    content = as_zip({name: BOMBS[name]} | labels)
    assert len(content) < 2**17
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than 1 MB|larger than 1 MB"):
            uploaded_split({"a.zip": content})
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()
