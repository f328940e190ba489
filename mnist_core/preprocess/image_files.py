"""Opens picture files that strangers send: PNG, JPEG and WebP, small enough and whole.
Everything about a file is looked at before it is decoded, and what is refused gets one sentence.

Pillow says what it can without decoding: the format, the size, the mode, whether it is an animation
and whether a PNG's chunks are whole. Only what it does not look at is looked at here: rows that are
missing from a PNG, the number of a JPEG's scans, the amount of metadata.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from mnist_core.files import open_plain

OpenedPicture = Image.Image  # for rooms that know nothing of Pillow


class PictureError(ValueError):
    """A file that is refused; its text is one sentence for the person who chose the file."""


MAX_FILE_BYTES = 24 * 2**20  # what telephones of 50 megapixels write
MAX_PIXELS = 40_000_000
MAX_JPEG_PIXELS = 200_000_000  # of an ordinary JPEG, which is shrunk while it is read
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS  # where Pillow warns; it refuses twice as many
MAX_DECODER_BYTES = 165_000_000  # what decoding may take at its peak
MAX_METADATA_BYTES = 2**20
MAX_SCANS = 64  # of a JPEG: each scan of a progressive file is a pass over the whole picture
WORKING_SIDE = 2048  # pixels; on pictures shrunk to this a page's digits are 50 to 200 high
FORMATS = ("PNG", "JPEG", "WEBP")  # naming them keeps Pillow's other decoders out of reach
SIGNATURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8|RIFF.{4}WEBP", re.DOTALL)
# Pillow's own limit for the texts of a PNG, which may be packed a thousandfold.
PngImagePlugin.MAX_TEXT_MEMORY = MAX_METADATA_BYTES
_TRUNCATED = "The file is cut short: please send it again."
_DAMAGED = "The file is damaged and can't be read as a picture: please save it again."
_ANIMATED = "This is an animation: please send a still picture."
_UNKNOWN = "This is no PNG, JPEG or WebP picture."
_METADATA = "The file holds more than a picture: please save it without its metadata."
# What people are likely to try besides, by its first bytes.
_OTHER_FORMATS = {
    rb"GIF8": "a GIF",
    rb"BM": "a BMP picture",
    rb"II\*\0|MM\0\*": "a TIFF picture",
    rb".{4}ftyp(heic|heix|mif1|msf1)": "a HEIC picture",
    rb".{4}ftypavi[fs]": "an AVIF picture",
    rb"%PDF": "a PDF",
    rb"PK\x03\x04": "a ZIP file",
    rb"(?i)\s*(<\?xml.{0,512})?<svg": "an SVG drawing",
    rb"(?i)\s*<(!doctype )?html": "a web page",
}


def open_picture(source: bytes | str | Path | BinaryIO) -> Image.Image:
    """Reads a PNG, JPEG or WebP file, or its bytes, as an upright picture of the mode L or RGB.

    At most 24 MB and 40 megapixels, or 200 of an ordinary JPEG, which is checked before anything is
    decoded; the longest side is brought down to 2,048 pixels. Transparent parts become paper:
    white, or black if what is drawn on it is light. Raises PictureError for everything else,
    whatever is wrong with the file.
    """
    data = _read(source)
    _check_signature(data)
    try:
        if data.startswith(_PNG_SIGNATURE):
            _check_png_metadata(data)
        with Image.open(BytesIO(data), formats=FORMATS) as image:  # decodes nothing yet
            _inspect(image, data)
            return upright(image)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(
            f"The picture has more than {MAX_JPEG_PIXELS // 10**6} million pixels: "
            "please send a smaller one."
        ) from None
    except Exception as error:
        # Decoders fail in every way on broken bytes (OSError, SyntaxError, struct.error,
        # zlib.error, ...), and which of them it was tells the sender nothing.
        cut_short = "truncated" in str(error).lower()
        raise PictureError(_TRUNCATED if cut_short else _DAMAGED) from None


def _read(source: bytes | str | Path | BinaryIO) -> bytes:
    """The bytes of a file, no more than one above the limit."""
    if isinstance(source, str | Path):
        try:
            with open_plain(source) as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise PictureError(f"The file can't be opened: {error.strerror}.") from None
    elif isinstance(source, bytes):
        data = source
    else:
        data = source.read(MAX_FILE_BYTES + 1)
    if not data:
        raise PictureError("The file is empty.")
    if len(data) > MAX_FILE_BYTES:
        raise PictureError(
            f"The file is larger than {MAX_FILE_BYTES >> 20} MB: please send a smaller picture."
        )
    return data


def _check_signature(data: bytes) -> None:
    """Raises PictureError, with the format if it is a known one, unless it is one of FORMATS."""
    if SIGNATURE.match(data):
        return
    for pattern, name in _OTHER_FORMATS.items():
        if re.match(pattern, data, re.DOTALL):
            raise PictureError(f"This is {name}: please send a PNG, JPEG or WebP picture.")
    raise PictureError(_UNKNOWN)


def _inspect(image: Image.Image, data: bytes) -> None:
    """Raises PictureError unless the file is a whole, still picture within the limits.

    `image` is the file as Pillow opened it, without its pixels.
    """
    # Of a JPEG, a second frame is what phones keep beside a picture, such as its depth.
    if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
        raise PictureError(_ANIMATED)
    shrunk_at_once = image.format == "JPEG" and "progressive" not in image.info
    most = MAX_JPEG_PIXELS if shrunk_at_once else MAX_PIXELS
    _check_size(image.width, image.height, most, _decoder_bytes_a_pixel(image))
    if image.format == "PNG":
        if image.mode == "P" and image.palette is None:
            raise PictureError(_DAMAGED)
        _check_png_body(data)
        with Image.open(BytesIO(data), formats=["PNG"]) as again:  # verify leaves it of no use
            again.verify()  # the checksum of every chunk
    elif image.format == "WEBP":
        _check_metadata(sum(len(v) for v in image.info.values() if isinstance(v, bytes)))
    else:
        _check_scans(data)


def _decoder_bytes_a_pixel(image: Image.Image) -> float:
    """What the decoder takes at its peak for each pixel of a picture that is not decoded yet."""
    if image.format == "PNG":
        return {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode, 4)
    if image.format == "WEBP":
        # The animation decoder, which Pillow uses for still pictures too, holds several RGBA
        # copies. The figure lets the 4032 x 3024 pixels of a phone pass, which were measured to
        # take less than 200 MB.
        return 13.5
    # A progressive JPEG is held as 2-byte coefficients until its last scan is read; a sequential
    # one is shrunk while it is read, by 2 or more where size matters: 3 bytes for 4 pixels. 1 more
    # byte is for the shrunk picture.
    if "progressive" not in image.info:
        return 0.75
    factors = [across * down for _, across, down, _ in getattr(image, "layer")]  # noqa: B009
    return 2 * sum(factors) / max(factors) + 1


def _check_metadata(size: int) -> None:
    if size > MAX_METADATA_BYTES:
        raise PictureError(_METADATA)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk up to the end; https://www.w3.org/TR/png-3/"""
    position, name = 8, b""
    while name != b"IEND":
        if position + 12 > len(data):
            raise PictureError(_TRUNCATED)
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if position > len(data):
            raise PictureError(_TRUNCATED)
        yield name, data[position - 4 - length : position - 4]


def _check_png_metadata(data: bytes) -> None:
    """Raises PictureError for a PNG that is cut short or with too much besides its picture."""
    picture = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
    _check_metadata(sum(len(content) for name, content in _png_chunks(data) if name not in picture))
    if _PNG_END not in data:  # the one checksum that Pillow does not compare
        raise PictureError(_DAMAGED)


def _check_png_body(data: bytes) -> None:
    """Raises PictureError for a PNG with too few rows, which Pillow would leave black."""
    bytes_left, body = 0, zlib.decompressobj()
    for name, content in _png_chunks(data):
        if name == b"IHDR":
            bytes_left = _png_body_size(content)
        while name == b"IDAT" and content and bytes_left > 0:
            bytes_left -= len(body.decompress(content, 2**20))
            content = body.unconsumed_tail
    if bytes_left > 0:
        raise PictureError(_TRUNCATED)


_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
# Adam7, the interlaced form, sends seven smaller pictures: first column and row, steps across and
# down.
_ONE_PASS = ((0, 0, 1, 1),)
_SEVEN_PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip


def _png_body_size(header: bytes) -> int:
    """Bytes that the body of a PNG unpacks to: its rows, each behind one byte for its filter."""
    width, height, depth, colour_type, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour_type, 0)
    size = 0
    for left, top, across, down in _SEVEN_PASSES if interlaced else _ONE_PASS:
        columns, rows = -((left - width) // across), -((top - height) // down)
        if columns > 0 and rows > 0:
            size += rows * (1 + (columns * bits + 7) // 8)
    return size


# A marker is 0xFF and a byte that is neither a stuffed zero nor a restart marker, nor filling.
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"


def _check_scans(data: bytes) -> None:
    """Raises PictureError for a JPEG with too many scans, or without its end (ITU-T T.81, B).

    Motion photos go on behind the end.
    """
    position, scans = 2, 0
    while marker := _JPEG_MARKER.search(data, position):
        if marker[1] == _END_OF_IMAGE:
            return
        scans += marker[1] == _START_OF_SCAN
        if scans > MAX_SCANS:
            raise PictureError(_DAMAGED)
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    raise PictureError(_TRUNCATED)


def _check_size(width: int, height: int, most: int, bytes_per_pixel: float) -> None:
    """Raises PictureError for no pixels, too many, or too many to be decoded in little memory."""
    pixels = width * height
    if pixels == 0:
        raise PictureError(_DAMAGED)
    if pixels > most:
        raise PictureError(
            f"The picture has {width} x {height} pixels, more than {most // 10**6} million: "
            "please send a smaller one."
        )
    if pixels * bytes_per_pixel > MAX_DECODER_BYTES:
        limit = MAX_DECODER_BYTES / bytes_per_pixel / 1e6
        raise PictureError(
            f"The picture has {width} x {height} pixels, but of this format only "
            f"{limit:.0f} million can be read: please send a smaller one, or an ordinary JPEG."
        )


# Orientation in EXIF -> what turns the picture upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image) -> Image.Image:
    """Any Pillow picture as L or RGB, upright, opaque, and at most 2,048 pixels long."""
    shrink = -(-max(image.size) // WORKING_SIDE)
    if shrink > 1:
        # A JPEG is decoded at a half, a quarter or an eighth of its size directly, for a fraction
        # of the time.
        image.draft(None, (image.width // shrink, image.height // shrink))
        shrink = -(-max(image.size) // WORKING_SIDE)
    orientation = image.getexif().get(0x0112)
    image.load()

    mode = "RGBa" if image.has_transparency_data else "L" if image.mode[0] in "1LIF" else "RGB"
    if shrink > 1 or image.mode != mode:
        image = _converted(image, mode, shrink)
    if mode == "RGBa":
        image = _on_paper(image)
    image = image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image.copy()
    image.info = {}  # among it the orientation, which holds no longer
    return image


def _converted(image: Image.Image, mode: str, shrink: int) -> Image.Image:
    """The picture in another mode, each square of `shrink` x `shrink` pixels averaged to one.

    In bands, so that a picture of 40 megapixels is never held twice. RGBa is colour multiplied by
    opacity, the only form in which transparent pixels may be averaged.
    """
    width, height = image.size
    converted = Image.new(mode, (-(-width // shrink), -(-height // shrink)))
    brightest = float(np.max(image.getextrema())) if image.mode[0] in "IF" else None
    for top in range(0, height, 32 * shrink):
        band = image.crop((0, top, width, min(top + 32 * shrink, height)))
        if brightest is not None:
            band = _eight_bit(band, brightest)
        if mode == "RGBa":
            band = band.convert("RGBA")
        converted.paste(band.convert(mode).reduce(shrink), (0, top // shrink))
    return converted


def _eight_bit(image: Image.Image, brightest: float) -> Image.Image:
    """16-bit, 32-bit or float grey values as L; Pillow's own conversion cuts them off at 255."""
    white = brightest if brightest > 255 else 255 if brightest > 1 else 1
    values = np.nan_to_num(np.asarray(image, dtype=np.float32)) * (255 / white)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _on_paper(image: Image.Image) -> Image.Image:
    """A picture with transparency (RGBa) on white paper, or on black if what is drawn is light."""
    image = image.convert("RGBA")
    opacity = image.getchannel("A")
    ink = np.asarray(image.convert("L"))[np.asarray(opacity) > 127]
    paper = Image.new("RGB", image.size, "black" if len(ink) and ink.mean() > 127 else "white")
    paper.paste(image, mask=opacity)
    return paper
