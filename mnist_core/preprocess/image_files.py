"""Opens picture files that strangers send: PNG, JPEG and WebP, small enough and whole.
Everything about a file is looked at before it is decoded, and what is refused gets one sentence.
"""

import re
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image


class PictureError(ValueError):
    """A file that is refused; its text is one sentence for the person who chose the file."""


MAX_FILE_BYTES = 5 * 2**20
MAX_PIXELS = 40_000_000
MAX_DECODER_BYTES = 165_000_000  # what decoding may take at its peak
MAX_METADATA_BYTES = 2**20
MAX_SCANS = 64  # of a JPEG: each scan of a progressive file is a pass over the whole picture
WORKING_SIDE = 2048  # pixels; on pictures shrunk to this a page's digits are 50 to 200 high
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

    At most 5 MB and 40 megapixels, which is checked before anything is decoded; the longest side is
    brought down to 2,048 pixels. Transparent parts become paper: white, or black if what is drawn
    on it is light. Raises PictureError for everything else, whatever is wrong with the file.
    """
    data = _read(source)
    try:
        _inspect(data)
        # Naming the formats keeps Pillow's many other decoders out of reach.
        with Image.open(BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as image:
            return upright(image)
    except PictureError:
        raise
    except Exception:
        # Decoders fail in every way on broken bytes (OSError, SyntaxError, struct.error,
        # zlib.error, ...), and which of them it was tells the sender nothing.
        raise PictureError(_DAMAGED) from None


def _read(source: bytes | str | Path | BinaryIO) -> bytes:
    """The bytes of a file, no more than one above the limit."""
    if isinstance(source, str | Path):
        try:
            with open(source, "rb") as file:
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


def _inspect(data: bytes) -> None:
    """Raises PictureError unless the file is a whole, still picture within the limits."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        _inspect_png(data)
    elif data.startswith(b"\xff\xd8"):
        _inspect_jpeg(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        _inspect_webp(data)
    else:
        for pattern, name in _OTHER_FORMATS.items():
            if re.match(pattern, data, re.DOTALL):
                raise PictureError(f"This is {name}: please send a PNG, JPEG or WebP picture.")
        raise PictureError(_UNKNOWN)


def _inspect_png(data: bytes) -> None:
    """Walks the chunks of a PNG (length, name, content, checksum); https://www.w3.org/TR/png-3/"""
    position, metadata, name = 8, 0, b""
    body, bytes_left = zlib.decompressobj(), 0
    while name != b"IEND":
        if position + 12 > len(data):
            raise PictureError(_TRUNCATED)
        length, name = struct.unpack_from(">I4s", data, position)
        start, stop = position + 8, position + 8 + length
        if stop + 4 > len(data):
            raise PictureError(_TRUNCATED)
        if zlib.crc32(data[position + 4 : stop]) != int.from_bytes(data[stop : stop + 4], "big"):
            raise PictureError(_DAMAGED)
        if (position == 8) != (name == b"IHDR"):
            raise PictureError(_DAMAGED)
        if name == b"IHDR":
            if length != 13:
                raise PictureError(_DAMAGED)
            width, height, depth, colour_type, _, _, interlaced = struct.unpack_from(
                ">IIBBBBB", data, start
            )
            # Pillow holds grey and palette pictures in 1 byte a pixel, 16-bit grey in 2, all others
            # in 4.
            _check_size(width, height, 4 if colour_type in (2, 4, 6) else 2 if depth == 16 else 1)
            bytes_left = _png_body_size(width, height, depth, colour_type, bool(interlaced))
        elif name == b"IDAT":
            # Pillow takes a body that ends too early for a picture whose other rows are black.
            packed = data[start:stop]
            while packed and bytes_left > 0:
                bytes_left -= len(body.decompress(packed, 2**20))
                packed = body.unconsumed_tail
        elif name == b"acTL":
            raise PictureError(_ANIMATED)
        elif name not in (b"PLTE", b"tRNS", b"IEND"):
            metadata += length
            if name in (b"iCCP", b"zTXt", b"iTXt"):
                metadata += _unpacked_size(data[start:stop], MAX_METADATA_BYTES)
        if metadata > MAX_METADATA_BYTES:
            raise PictureError(_METADATA)
        position = stop + 4
    if bytes_left > 0:
        raise PictureError(_TRUNCATED)


def _png_body_size(width: int, height: int, depth: int, colour_type: int, interlaced: bool) -> int:
    """Bytes that the body of a PNG unpacks to: its rows, each behind one byte for its filter."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour_type, 0)
    # Adam7 sends seven smaller pictures: (first column, first row, step between columns, step
    # between rows).
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    size = 0
    for left, top, across, down in passes if interlaced else [(0, 0, 1, 1)]:
        columns, rows = -((left - width) // across), -((top - height) // down)
        if columns > 0 and rows > 0:
            size += rows * (1 + (columns * bits + 7) // 8)
    return size


def _unpacked_size(content: bytes, limit: int) -> int:
    """Bytes that the packed part of a text or profile chunk unpacks to, if no more than `limit`."""
    # Its zlib stream starts behind texts that end with a zero byte: trying every such place spares
    # a parser for each kind of chunk, and a place that is no stream unpacks to nothing.
    largest = 0
    for zero in list(re.finditer(rb"\0", content[:4096]))[:8]:
        for start in (zero.end(), zero.end() + 1):
            try:
                unpacked = zlib.decompressobj().decompress(content[start:], limit + 1)
            except zlib.error:
                continue
            largest = max(largest, len(unpacked))
    return largest


# A marker is 0xFF and a byte that is neither a stuffed zero nor a restart marker, nor filling.
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 without DHT, JPG and DAC


def _inspect_jpeg(data: bytes) -> None:
    """Walks the markers of a JPEG (ITU-T T.81, annex B); motion photos go on behind its end."""
    position, scans, sized = 2, 0, False
    while True:
        marker = _JPEG_MARKER.search(data, position)
        if marker is None:
            raise PictureError(_TRUNCATED)
        code, position = marker[1][0], marker.end()
        if code == 0xD9:  # end of image
            break
        if position + 2 > len(data):
            raise PictureError(_TRUNCATED)
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2:
            raise PictureError(_DAMAGED)
        if position + length > len(data):
            raise PictureError(_TRUNCATED)
        if code in _JPEG_FRAMES:
            if length < 8 or sized:
                raise PictureError(_DAMAGED)
            height, width, components = struct.unpack_from(">HHB", data, position + 3)
            sampling = data[position + 9 : position + length : 3][:components]
            factors = [(byte >> 4) * (byte & 15) for byte in sampling]
            if not factors or not max(factors):
                raise PictureError(_DAMAGED)
            # A progressive file is held as 2-byte coefficients until its last scan is read; a
            # sequential one is shrunk while it is read. 1 more byte is for the shrunk picture.
            progressive = code in (0xC2, 0xC6, 0xCA, 0xCE)
            _check_size(width, height, (2 * sum(factors) / max(factors) if progressive else 0) + 1)
            sized = True
        scans += code == 0xDA
        if scans > MAX_SCANS:
            raise PictureError(_DAMAGED)
        position += length
    if not sized or not scans:
        raise PictureError(_DAMAGED)


def _inspect_webp(data: bytes) -> None:
    """Walks the chunks of a WebP; https://developers.google.com/speed/webp/docs/riff_container"""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise PictureError(_TRUNCATED)
    position, metadata, sized = 12, 0, False
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, position)
        start = position + 8
        content = data[start : start + length]
        if start + length > end:
            raise PictureError(_TRUNCATED)
        if name in (b"ANIM", b"ANMF") or (name == b"VP8X" and content[:1] and content[0] & 0x02):
            raise PictureError(_ANIMATED)
        size = None
        if name == b"VP8X" and length >= 10:
            size = [int.from_bytes(content[i : i + 3], "little") + 1 for i in (4, 7)]
        elif name == b"VP8L" and length >= 5:
            bits = int.from_bytes(content[1:5], "little")
            size = [(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1]
        elif name == b"VP8 " and length >= 10:
            size = [side & 0x3FFF for side in struct.unpack_from("<HH", content, 6)]
        if size:
            # The animation decoder, which Pillow uses for still pictures too, holds several RGBA
            # copies. The figure lets the 4032 x 3024 pixels of a phone pass, which were measured to
            # take less than 200 MB.
            _check_size(*size, bytes_per_pixel=13.5)
            sized = True
        elif name in (b"EXIF", b"XMP ", b"ICCP"):
            metadata += length
            if metadata > MAX_METADATA_BYTES:
                raise PictureError(_METADATA)
        position = start + length + length % 2
    if not sized:
        raise PictureError(_DAMAGED)


def _check_size(width: int, height: int, bytes_per_pixel: float) -> None:
    """Raises PictureError for no pixels, too many, or too many to be decoded in little memory."""
    pixels = width * height
    if pixels == 0:
        raise PictureError(_DAMAGED)
    if pixels > MAX_PIXELS:
        raise PictureError(
            f"The picture has {width} x {height} pixels, more than {MAX_PIXELS // 10**6} million: "
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
