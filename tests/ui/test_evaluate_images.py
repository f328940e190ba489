"""Images that a visitor brings to the Evaluate page: their own digits, and files good and bad."""

import gzip
import io
import zipfile

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import load_model
from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset, Split
from mnist_core.evaluation.answers import answers_of
from mnist_core.words import percent
from tests.conftest import idx_bytes
from tests.ui.test_draw_page import keep, visited
from tests.ui.test_evaluate_page import PAGE, done, looked_at, opened, text
from tests.ui.test_evaluate_page import few as few
from ui.evaluate.page import LOOKS
from ui.session import mnist

TEST = mnist().test
CHOOSE = "Choose images with their labels"


def files_of(split: Split) -> list[tuple[str, bytes, str]]:
    """Images and labels as a visitor chooses them: name, content, kind."""
    return [
        (name, idx_bytes(array), "application/octet-stream")
        for name, array in (("mine-images", split.images), ("mine-labels", split.labels))
    ]


def upload(app: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    app.file_uploader(key="evaluate_files").set_value(list(files))
    return looked_at(app)


def with_files(split: Split, **link: str) -> AppTest:
    """The page of somebody who has handed these images over."""
    return upload(opened(images="uploaded", **link), *files_of(split))


def those(where: Array) -> Split:
    return TEST[np.flatnonzero(where)[:40]]


SETS = {
    "missing classes": those(np.isin(TEST.labels, [3, 5])),
    "one image": TEST[:1],
    "one mistake": TEST[np.array([321])],
    "blank images": Split(np.zeros((60, 28, 28), np.uint8), np.arange(60, dtype=np.uint8) % 10),
}


# ---- own digits ---------------------------------------------------------------------------------


def test_without_own_digits_the_page_says_how_to_keep_some(few: Dataset) -> None:
    app = opened(images="own")
    assert "You have kept no digits yet: on the Draw page, draw one" in app.info[0].value
    assert "●" not in text(app)


@pytest.mark.parametrize("look", LOOKS)
def test_own_digits_are_judged(few: Dataset, look: str) -> None:
    keep(visited(), range(3))
    app = visited(PAGE)
    app.segmented_control(key="evaluate_images").set_value("own")
    app.segmented_control(key="evaluate_look").set_value(look)
    app = done(looked_at(app))
    right = int(answers_of(load_model("cnn"), TEST[:3]).right.sum())
    assert f"{3 - right} of 3 wrong" in text(app)


# ---- files --------------------------------------------------------------------------------------


def test_without_files_the_page_says_what_to_choose(few: Dataset) -> None:
    app = opened(images="uploaded")
    assert CHOOSE in app.info[0].value
    assert "●" not in text(app)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("which", SETS)
def test_every_look_opens_for_unusual_sets(few: Dataset, which: str, look: str) -> None:
    split = SETS[which]
    app = done(with_files(split, look=look, network="mlp", against="cnn"))
    answers = answers_of(load_model("mlp"), split)
    assert not app.error
    assert f"{percent(answers.accuracy)} right" in text(app)
    assert f"{int((~answers.right).sum())} of {len(split)} wrong" in text(app)


def test_of_one_image_there_is_no_map(few: Dataset) -> None:
    assert "A map needs two images or more" in text(with_files(TEST[:1], look="Map"))


def test_a_zip_and_packed_files_are_read_too(few: Dataset) -> None:
    (images, labels) = (content for _, content, _ in files_of(TEST[:70]))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("t10k-images-idx3-ubyte", images)
        file.writestr("t10k-labels-idx1-ubyte", labels)
    zipped = upload(opened(images="uploaded"), ("mine.zip", archive.getvalue(), "application/zip"))
    assert " of 70 wrong" in text(zipped)
    packed = [
        (f"{name}.gz", gzip.compress(content), "application/gzip")
        for name, content, _ in files_of(TEST[:80])
    ]
    assert " of 80 wrong" in text(upload(opened(images="uploaded"), *packed))


def test_digits_that_lie_on_their_side_are_said_and_turned_on_request(few: Dataset) -> None:
    archive = io.BytesIO()
    sideways = Split(TEST.images[:90].transpose(0, 2, 1), TEST.labels[:90])
    with zipfile.ZipFile(archive, "w") as file:
        for name, content, _ in files_of(sideways):
            kind = "images.idx3" if "images" in name else "labels.idx1"
            file.writestr(f"emnist-digits-test-{kind}-ubyte/emnist-digits-test-{kind}", content)
        file.writestr("readme.txt", b"hello")
    app = upload(opened(images="uploaded"), ("mine.zip", archive.getvalue(), "application/zip"))
    assert "These digits lie on their side, as EMNIST's do: of 90 images" in app.warning[0].value
    assert "mine.zip: left alone, as not needed: readme.txt." in [one.value for one in app.caption]
    app.checkbox(key="evaluate_turned").check()
    app = looked_at(app)
    assert not app.warning
    turned = app.session_state["evaluate_uploaded"].turned
    assert np.array_equal(turned.split.images, TEST.images[:90])
    assert "Mistakes: no images" in text(app)
    assert not upload(app, *files_of(TEST[:70])).checkbox


def test_arrays_and_tables_are_read_too(few: Dataset) -> None:
    arrays = io.BytesIO()
    np.savez(arrays, x_test=TEST.images[:70], y_test=TEST.labels[:70])
    app = upload(opened(images="uploaded"), ("a.npz", arrays.getvalue(), "application/zip"))
    assert " of 70 wrong" in text(app)
    rows = np.column_stack([TEST.labels[:80], TEST.images[:80].reshape(80, -1)])
    table = "\n".join(",".join(map(str, row)) for row in rows).encode()
    assert " of 80 wrong" in text(upload(app, ("a.csv", table, "text/csv")))


@pytest.mark.parametrize("name", ["same", "***", 40 * "long " + "{}"])
def test_files_that_are_called_the_same_are_two(few: Dataset, name: str) -> None:
    files = [
        (name.format(kind), content, "application/octet-stream")
        for kind, (_, content, _) in zip(("images", "labels"), files_of(TEST[:60]), strict=True)
    ]
    app = upload(opened(images="uploaded"), *files)
    assert not app.error
    assert " of 60 wrong" in text(app)


IMAGES, LABELS = files_of(TEST[:50])
BROKEN = {
    "one alone": ([IMAGES], "two files, images and labels, chosen together"),
    "twice the same": ([IMAGES, ("other", *IMAGES[1:])], "both files hold images"),
    "not as many": ([IMAGES, files_of(TEST[:49])[1]], "holds 50 pictures, but"),
    "cut short": ([(IMAGES[0], IMAGES[1][:-9], IMAGES[2]), LABELS], "mine-images"),
    "a text": ([("notes.txt", b"hello", "text/plain"), LABELS], "notes.txt is no IDX file"),
    "an empty one": ([("nothing", b"", "text/plain"), LABELS], "nothing is empty"),
    "a picture": (
        [("me.png", b"\x89PNG\r\n", "image/png")],
        "me.png is a picture, and no IDX file. Digits in pictures are read on the page Draw",
    ),
    "none in it": (files_of(TEST[:0]), "holds no pictures"),
    "no ZIP": ([("mine.zip", b"PK\x03\x04hello", "application/zip")], "mine.zip"),
    "no digits": ([IMAGES, (LABELS[0], LABELS[1][:-1] + b"\x0c", LABELS[2])], "label 12"),
}


@pytest.mark.parametrize("which", BROKEN)
def test_broken_files_get_a_sentence_and_leave_those_from_before(few: Dataset, which: str) -> None:
    files, why = BROKEN[which]
    first = upload(opened(images="uploaded"), *files)
    assert "These files can't be used: " in first.error[0].value
    assert why in first.error[0].value
    assert "●" not in text(first)
    app = upload(with_files(TEST[:60]), *files)
    assert why in app.error[0].value
    assert " of 60 wrong" in text(app)
    assert not upload(app, *files_of(TEST[:70])).error
    assert " of 70 wrong" in text(app)


def test_what_is_wrong_with_files_is_not_said_of_other_images(few: Dataset) -> None:
    app = upload(opened(images="uploaded"), IMAGES)
    app.segmented_control(key="evaluate_images").set_value("test")
    assert not looked_at(app).error
    app.segmented_control(key="evaluate_images").set_value("uploaded")
    assert looked_at(app).error


def test_files_are_still_there_after_a_look_at_other_images(few: Dataset) -> None:
    app = with_files(TEST[:60])
    for images in ("test", "uploaded"):
        app.segmented_control(key="evaluate_images").set_value(images)
        looked_at(app)
    assert " of 60 wrong" in text(app)


def test_of_a_large_set_the_first_images_are_used_and_the_page_says_so(few: Dataset) -> None:
    images, labels = (np.concatenate([array] * 3)[:25_000] for array in (TEST.images, TEST.labels))
    app = with_files(Split(images, labels), network="mlp", against="none", look="The images")
    wrong = int((~answers_of(load_model("mlp"), Split(images, labels)[:20_000]).right).sum())
    assert f"{wrong:,} of 20,000 wrong" in text(app)
    assert "20,000 images of mine-images (the first of 25,000); pixels" in text(app)
