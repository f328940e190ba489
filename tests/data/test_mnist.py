"""Reading data: what is right is read to the bit, and what is not is refused with its name."""

import gzip
import os
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data import idx
from mnist_core.data import mnist as data
from mnist_core.data.idx import DataError, read_idx
from mnist_core.data.mnist import Split, balanced_subset, load_mnist, load_test
from tests.conftest import idx_bytes, write_idx

IMAGES = np.arange(12 * 28 * 28).reshape(12, 28, 28).astype(np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good data set of twelve pictures, to be spoilt by a test."""
    for prefix in ("train", "t10k"):
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte", IMAGES)
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte", LABELS)
    return tmp_path


def refusal(folder: Path) -> str:
    """The sentence with which the data set in `folder` is refused."""
    with pytest.raises(DataError) as caught:
        load_mnist(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_mnist_has_its_three_parts(mnist):
    assert mnist.train.images.shape == (50_000, 28, 28)
    assert mnist.validation.images.shape == (10_000, 28, 28)
    assert mnist.test.images.shape == (10_000, 28, 28)
    # The first labels of both files, as everyone knows them, and of the last 10,000 for training.
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.validation.labels[:5].tolist() == [3, 8, 6, 9, 6]
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_images_stay_bytes_in_memory(mnist):
    for split in (mnist.train, mnist.validation, mnist.test):
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.uint8
    # Training and validation are views of what was read: nothing is held twice.
    assert mnist.train.images.base is mnist.validation.images.base


def test_training_on_all_images_stays_below_300_megabytes():
    code = (
        "from mnist_core import load_mnist\n"
        "from mnist_core.training.config import TrainConfig\n"
        "from mnist_core.training.run import Run\n"
        "from mnist_core.training.train import train\n"
        "run = Run(TrainConfig(epochs=1, batch_size=1000), load_mnist())\n"
        "results = [p.result for p in train(run) if p.result]\n"
        # Not getrusage: a child begins with the peak of the process that started it.
        "status = open('/proc/self/status').read()\n"
        "peak = int(status.partition('VmHWM:')[2].split()[0])\n"
        "print(len(results), peak * 1024)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    epochs, peak = done.stdout.split()
    assert epochs == "1"
    assert int(peak) < 300e6


def test_mnist_itself_must_be_the_official_files(folder, monkeypatch):
    monkeypatch.setattr(data, "MNIST_FOLDER", folder)
    with pytest.raises(DataError, match="train-images-idx3-ubyte is not MNIST's official file"):
        load_mnist()


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_plain_or_packed(tmp_path, packed):
    path = tmp_path / "any-name"
    content = idx_bytes(IMAGES)
    path.write_bytes(gzip.compress(content) if packed else content)
    array, sha256 = read_idx(path, axes=3)
    assert np.array_equal(array, IMAGES)
    assert array.dtype == np.uint8
    write_idx(path, IMAGES)
    assert read_idx(path, axes=3)[1] == sha256  # of the content, however it was packed


def test_another_data_set_of_the_same_form_is_read(folder):
    found = load_mnist(folder)
    assert len(found.train) == 10
    assert len(found.validation) == 2
    assert np.array_equal(found.validation.images, IMAGES[-2:])
    assert np.array_equal(found.test.labels, LABELS)


def test_data_sets_are_told_apart_by_their_content(folder):
    before = load_mnist(folder).sha256
    assert load_mnist(folder).sha256 == before
    write_idx(folder / "t10k-labels-idx1-ubyte", LABELS[::-1])
    assert load_mnist(folder).sha256 != before


def test_names_with_a_dot_are_found_too(folder):
    for path in list(folder.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    assert len(load_mnist(folder).test) == 12


def test_a_missing_folder_and_a_missing_file_are_named(folder):
    assert "nowhere" in refusal(folder / "nowhere")
    (folder / "t10k-labels-idx1-ubyte").unlink()
    assert "t10k-labels-idx1-ubyte" in refusal(folder)


def test_a_file_in_the_place_of_a_folder_is_refused(folder):
    assert "no folder" in refusal(folder / "train-images-idx3-ubyte")


def test_without_test_files_every_sixth_picture_is_for_testing(folder):
    for kind in ("images-idx3", "labels-idx1"):
        (folder / f"t10k-{kind}-ubyte").unlink()
    found = load_mnist(folder)
    assert np.array_equal(found.test.images, IMAGES[5::6])
    assert (len(found.train), len(found.validation)) == (9, 1)
    assert np.array_equal(load_test(folder).images, IMAGES)


def test_without_training_files_one_can_evaluate_and_is_told_why_not_train(folder):
    for kind in ("images-idx3", "labels-idx1"):
        (folder / f"train-{kind}-ubyte").unlink()
    assert np.array_equal(load_test(folder).labels, LABELS)
    assert "nothing to train on" in refusal(folder)


def test_a_zip_of_the_same_files_is_the_same_data_set(folder):
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with zipfile.ZipFile(folder / "set.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert load_mnist(folder / "set.zip").sha256 == load_mnist(folder).sha256
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "other.zip has no file train-images" in refusal(folder / "other.zip")


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 7, 15, 16, 17, 28 * 28, 12 * 28 * 28 + 15])
def test_a_truncated_file_is_refused(folder, length):
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:length])
    assert "train-images-idx3-ubyte" in refusal(folder)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_packed_file_is_refused(folder, share):
    path = folder / "train-images-idx3-ubyte"
    content = gzip.compress(path.read_bytes())
    path.write_bytes(content[: max(3, int(share * len(content)))])
    assert "train-images-idx3-ubyte" in refusal(folder)


def test_a_damaged_packed_file_is_refused(folder):
    path = folder / "train-images-idx3-ubyte"
    content = bytearray(gzip.compress(path.read_bytes()))
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert "train-images-idx3-ubyte" in refusal(folder)


def test_extra_bytes_at_the_end_are_refused(folder):
    path = folder / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes() + b"\0")
    assert "should hold 12 values after its header, but it holds more" in refusal(folder)


@pytest.mark.parametrize("magic", ["00000801", "00000d03", "01000803", "89504e47", "00000803ff"])
def test_a_wrong_magic_number_is_refused(folder, magic):
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(bytes.fromhex(magic) + path.read_bytes()[4:])
    message = refusal(folder)
    assert "train-images-idx3-ubyte" in message
    if magic != "00000803ff":  # the right one, with a byte too many after it
        assert bytes.fromhex(magic).hex(" ") in message


@pytest.mark.parametrize(
    "sizes",
    [
        (2**32 - 1, 2**32 - 1, 2**32 - 1),
        (2**31, 2**31, 4),  # 2^64: nothing at all in 64 bits
        (2**32 - 1, 28, 28),
        (0, 28, 28),
        (12, 0, 0),
    ],
)
def test_hostile_sizes_in_a_header_are_refused(folder, sizes):
    path = folder / "train-images-idx3-ubyte"
    content = path.read_bytes()
    path.write_bytes(content[:4] + np.array(sizes, ">u4").tobytes() + content[16:])
    assert "train-images-idx3-ubyte should hold" in refusal(folder)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(folder, monkeypatch):
    monkeypatch.setattr(idx, "MAX_IDX_BYTES", 2**20)
    write_idx(folder / "train-images-idx3-ubyte.gz", np.zeros((1338, 28, 28)))
    (folder / "train-images-idx3-ubyte").unlink()
    assert "should hold 1,048,992 values, more than 1 MB" in refusal(folder)


@pytest.mark.parametrize("claimed", [12, 2**19])
def test_a_packed_file_is_unpacked_no_further_than_its_header_and_its_content_go(folder, claimed):
    header = bytes([0, 0, 8, 3]) + np.array((claimed, 28, 28), ">u4").tobytes()
    content = header + bytes(50 * 2**20 if claimed == 12 else 784)
    (folder / "train-images-idx3-ubyte").write_bytes(gzip.compress(content, 1))
    tracemalloc.start()
    try:
        assert "train-images-idx3-ubyte should hold" in refusal(folder)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["/dev/zero", "/", "pipe"])
def test_what_is_no_plain_file_is_refused_and_named(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="can't be read: not a plain file, but a"):
        read_idx(tmp_path / name, axes=1)


def test_sizes_that_no_array_can_have_are_refused(folder):
    header = bytes([0, 0, 8, 3]) + np.array((0, 2**32 - 1, 2**32 - 1), ">u4").tobytes()
    (folder / "train-images-idx3-ubyte").write_bytes(header)
    assert "train-images-idx3-ubyte" in refusal(folder)


def test_images_that_many_share_can_not_be_changed(folder):
    with pytest.raises(ValueError, match="read-only"):
        load_mnist(folder).train.images[...] = 0


def test_counts_that_disagree_are_refused(folder):
    write_idx(folder / "train-labels-idx1-ubyte", LABELS[:-1])
    message = refusal(folder)
    assert "train-images-idx3-ubyte holds 12 pictures" in message
    assert "train-labels-idx1-ubyte holds 11 labels" in message


def test_a_label_above_nine_is_refused(folder):
    labels = LABELS.copy()
    labels[7] = 10
    write_idx(folder / "t10k-labels-idx1-ubyte", labels)
    message = refusal(folder)
    assert "t10k-labels-idx1-ubyte has the label 10 at position 7" in message


def test_pictures_of_another_size_are_refused(folder):
    write_idx(folder / "t10k-images-idx3-ubyte", np.zeros((12, 32, 30)))
    assert "t10k-images-idx3-ubyte holds pictures of 32x30" in refusal(folder)


def test_an_empty_data_set_is_refused(folder):
    write_idx(folder / "t10k-images-idx3-ubyte", IMAGES[:0])
    write_idx(folder / "t10k-labels-idx1-ubyte", LABELS[:0])
    assert "no pictures" in refusal(folder)


def test_too_few_pictures_to_hold_any_out_are_refused(folder):
    write_idx(folder / "train-images-idx3-ubyte", IMAGES[:5])
    write_idx(folder / "train-labels-idx1-ubyte", LABELS[:5])
    assert "at least 6 pictures" in refusal(folder)


def numbered(labels: np.ndarray) -> Split:
    """A split in which the first pixels of a picture hold its number."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(len(labels)), 256)
    return Split(images, labels.astype(np.uint8))


@pytest.mark.parametrize(("size", "spread"), [(100, 0), (105, 1), (2000, 0), (2009, 1)])
def test_a_subset_has_as_many_of_each_digit(mnist, size, spread):
    counts = np.bincount(balanced_subset(mnist.train, size, rng=np.random.default_rng(0)).labels)
    assert counts.sum() == size
    assert counts.max() - counts.min() == spread


def test_a_class_with_too_few_examples_leaves_its_share_to_the_others():
    split = numbered(np.array([0] * 3 + [1] * 200 + [2] * 200))
    subset = balanced_subset(split, 103, rng=np.random.default_rng(0))
    assert np.bincount(subset.labels).tolist() == [3, 50, 50]


def test_a_subset_depends_on_the_seed_alone_and_keeps_the_order():
    split = numbered(np.arange(1000) % 10)

    def numbers(seed: int) -> list[int]:
        images = balanced_subset(split, 100, rng=np.random.default_rng(seed)).images
        return (images[:, 0, 0].astype(int) * 256 + images[:, 0, 1]).tolist()

    assert numbers(0) == numbers(0)
    assert numbers(0) != numbers(1)
    assert numbers(0) == sorted(set(numbers(0)))


def test_a_subset_keeps_pictures_and_labels_together():
    split = numbered(np.arange(1000) % 10)
    subset = balanced_subset(split, 100, rng=np.random.default_rng(3))
    numbers = subset.images[:, 0, 0].astype(int) * 256 + subset.images[:, 0, 1]
    assert np.array_equal(numbers % 10, subset.labels)


def test_all_examples_are_the_split_itself(mnist):
    rng = np.random.default_rng(0)
    assert balanced_subset(mnist.train, 50_000, rng=rng).images is mnist.train.images


@pytest.mark.parametrize("size", [-1, 0, 99, 50_001])
def test_a_training_size_outside_of_100_to_50000_is_refused(mnist, size):
    with pytest.raises(ValueError, match="from 100 to 50,000"):
        balanced_subset(mnist.train, size, rng=np.random.default_rng(0))
