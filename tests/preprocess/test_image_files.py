"""Picture files of every kind are opened the right way up, and bad ones are refused in words."""

import io
import os
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mnist_core.preprocess.image_files import MAX_FILE_BYTES, PictureError, open_picture
from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.normalize import normalize_drawing
from tests import hostile_files
from tests.preprocess.test_normalize import MNIST, ROOT, difference, photograph, through

SCAN = photograph(MNIST[0])
SCANNED = normalize_drawing(ink_from_photo(SCAN))


def test_every_kind_of_picture_gives_the_same_digit():
    sixteen_bit = Image.fromarray(np.asarray(SCAN).astype(np.uint16) * 257)
    twelve_bit = Image.fromarray(np.asarray(SCAN).astype(np.uint16) * 16)
    pictures = {
        **{
            f"PNG {mode}": through(SCAN.convert(mode), "PNG")
            for mode in ("L", "LA", "RGB", "RGBA", "P")
        },
        **{
            f"JPEG {mode}": through(SCAN.convert(mode), "JPEG", quality=95)
            for mode in ("L", "RGB", "CMYK", "YCbCr")
        },
        "PNG 16 bit": through(sixteen_bit, "PNG"),
        "PNG 12 bit in 16": through(twelve_bit, "PNG"),
        "progressive JPEG": through(SCAN, "JPEG", quality=95, progressive=True),
        "lossy WebP": through(SCAN.convert("RGB"), "WEBP", quality=95),
        "lossless WebP": through(SCAN.convert("RGB"), "WEBP", lossless=True),
        "black and white PNG": through(SCAN.convert("1", dither=Image.Dither.NONE), "PNG"),
        **{f"Pillow {mode}": SCAN.convert(mode) for mode in ("I", "F", "HSV", "I;16")},
    }
    for name, picture in pictures.items():
        image = normalize_drawing(ink_from_photo(picture))
        assert difference(SCANNED, image) < 0.15, name


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_orientation_is_undone(orientation):
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = SCAN.transpose(turned[orientation]) if orientation in turned else SCAN
    exif = Image.Exif()
    exif[0x0112] = orientation
    for file_format in ("PNG", "WEBP", "JPEG"):
        picture = through(stored.convert("RGB"), file_format, exif=exif.tobytes())
        assert picture.size == SCAN.size
        assert difference(SCANNED, normalize_drawing(ink_from_photo(picture))) < 0.15


@pytest.mark.parametrize("pen", ["black", "white"])
def test_strokes_on_a_transparent_ground_are_ink_whatever_their_colour(pen):
    digit = Image.fromarray(MNIST[0]).resize((280, 280), Image.Resampling.BICUBIC)
    strokes = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
    strokes.paste(pen, mask=digit)
    strokes.putalpha(digit)
    assert difference(MNIST[0], normalize_drawing(ink_from_photo(through(strokes, "PNG")))) < 0.3


def test_a_palette_with_transparency_is_read():
    palette = Image.fromarray((MNIST[0] > 100).astype(np.uint8)).resize((280, 280)).convert("P")
    palette.putpalette([9, 9, 9] + [0, 0, 200])
    assert (
        difference(
            MNIST[0], normalize_drawing(ink_from_photo(through(palette, "PNG", transparency=0)))
        )
        < 0.5
    )


def test_large_pictures_are_brought_down_and_stay_upright():
    large = SCAN.resize((4000, 3000))
    for file_format in ("JPEG", "PNG"):
        picture = through(large, file_format)
        assert picture.size == (2000, 1500)
        assert difference(SCANNED, normalize_drawing(ink_from_photo(picture))) < 0.2


def test_a_picture_is_read_from_a_path_and_from_an_open_file(tmp_path):
    content = hostile_files.encoded(SCAN, "PNG")
    (tmp_path / "seven.png").write_bytes(content)
    for source in (
        tmp_path / "seven.png",
        str(tmp_path / "seven.png"),
        io.BytesIO(content),
        content,
    ):
        assert open_picture(source).size == SCAN.size


def test_a_missing_file_is_one_sentence_without_its_path(tmp_path):
    with pytest.raises(PictureError) as refusal:
        open_picture(tmp_path / "missing.png")
    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize("name", ["/dev/zero", "/", "pipe"])
def test_what_is_no_plain_file_is_refused_and_nothing_waits(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PictureError, match="can't be opened: not a plain file, but a"):
        open_picture(tmp_path / name)


def test_a_picture_with_megabytes_of_text_is_refused_for_that(tmp_path):
    text = hostile_files.chunk(b"tEXt", b"Comment\0" + b"a" * 3_000_000)
    body = hostile_files.chunk(b"IDAT", zlib.compress(bytes(72)))
    with pytest.raises(PictureError, match="without its metadata"):
        open_picture(hostile_files.png(hostile_files.header(8, 8), text, body))


def test_a_phone_picture_with_data_behind_its_end_is_read():
    assert open_picture(hostile_files.encoded(SCAN, "JPEG") + b"\0" * 1000).size == SCAN.size
    with_second = hostile_files.encoded(
        SCAN, "MPO", save_all=True, append_images=[SCAN.resize((99, 99))]
    )
    assert open_picture(with_second).size == SCAN.size


# Refusals


def test_there_are_at_least_200_hostile_files_and_they_are_always_the_same():
    first, second = list(hostile_files.hostile_files()), list(hostile_files.hostile_files())
    assert first == second
    assert len({name for name, _ in first}) == len(first) >= 200


def test_every_hostile_file_is_refused_with_one_sentence():
    for name, content in hostile_files.hostile_files():
        with pytest.raises(PictureError) as refusal:
            open_picture(content)
            pytest.fail(f"accepted: {name}")
        sentence = str(refusal.value)
        assert "\n" not in sentence and sentence.endswith(".") and 15 < len(sentence) < 160, name
        assert not any(word in sentence for word in ("Traceback", "Error", "0x", "/", "\\")), name


def test_a_file_is_never_read_beyond_the_limit():
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and 0 <= size <= MAX_FILE_BYTES + 1
            return bytes(size)

    with pytest.raises(PictureError, match="larger than 24 MB"):
        open_picture(Endless())


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.data())
@settings(deadline=None, max_examples=150)
def test_a_damaged_file_gives_a_picture_or_a_sentence(file_format, data):
    content = bytearray(hostile_files.encoded(hostile_files.drawing("L", 32), file_format))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        ink_from_photo(open_picture(bytes(content)))
    except PictureError as refusal:
        assert "\n" not in str(refusal)


if sys.platform == "linux":

    def test_hostile_and_huge_files_stay_below_200_megabytes():
        finished = subprocess.run(
            [sys.executable, hostile_files.__file__],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert finished.returncode == 0, finished.stderr
        assert "accepted []" in finished.stdout
        assert float(finished.stdout.split("memory above rest ")[1].split()[0]) < 200


def test_a_photograph_of_a_telephone_is_shrunk_while_it_is_read():
    paper = Image.new("L", (9200, 5700), 235)  # 52 megapixels
    paper.paste(SCAN.convert("L").resize((1500, 1500)), (3000, 2000))
    picture = through(paper, "JPEG", quality=70)
    assert max(picture.size) <= 2048
