"""Makes hostile and broken picture files, more than 200, each of which must be refused.
Run as a script it sends all of them through open_picture and prints the peak of memory.
"""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Pairs of a name that says what is wrong, and the file."""
    yield from _not_pictures()
    yield from _other_formats()
    yield from _animations()
    yield from _cut_short()
    yield from _too_large()
    yield from _broken_png()
    yield from _metadata_bombs()
    yield from _broken_jpeg()
    yield from _broken_webp()


def drawing(mode: str = "RGB", side: int = 64) -> Image.Image:
    """A picture with some noise, so that its file has a body worth cutting."""
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    if mode == "I;16":
        return Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    return Image.fromarray(noise).convert(mode)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """A PNG chunk with its right checksum."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def header(
    width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0, method: int = 0
) -> bytes:
    return chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, method, 0, interlace)
    )


def png(*chunks: bytes) -> bytes:
    return PNG_SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def _body(rows: int = 8, width: int = 8) -> bytes:
    return chunk(b"IDAT", zlib.compress(bytes((width + 1) * rows)))


def _riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _jpeg_segment(code: int, content: bytes) -> bytes:
    return bytes([0xFF, code]) + struct.pack(">H", len(content) + 2) + content


def _frame(width: int, height: int, code: int = 0xC0, sampling: int = 0x11) -> bytes:
    return _jpeg_segment(code, struct.pack(">BHHB", 8, height, width, 1) + bytes([1, sampling, 0]))


def _not_pictures() -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield from {
        "one zero byte": b"\0",
        "one letter": b"A",
        "line feed": b"\n",
        "text": b"The quick brown fox jumps over the lazy dog.\n" * 20,
        "text in UTF-16": "Eine Ziffer".encode("utf-16"),
        "JSON": b'{"label": 7}',
        "CSV": b"label,pixel0\n7,0\n",
        "HTML": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        "bare HTML": b"<html><body><img src=x onerror=alert(1)></body></html>",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "SVG with XML bomb": b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aa">'
        b'<!ENTITY b "&a;&a;&a;&a;">]><svg>&b;&b;&b;</svg>',
        "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "ZIP": b"PK\x03\x04" + bytes(60),
        "gzip": b"\x1f\x8b\x08" + bytes(60),
        "pickle": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
        "NumPy file": b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "ELF program": b"\x7fELF\x02\x01\x01" + bytes(60),
        "Windows program": b"MZ\x90\0" + bytes(60),
        "shell script": b"#!/bin/sh\nexit 1\n",
        "PHP": b"<?php system($_GET['c']); ?>",
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60),
        "AVIF": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + bytes(60),
        "MP4": b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + bytes(60),
        "WAV": b"RIFF\x24\0\0\0WAVEfmt " + bytes(60),
        "JPEG XL": b"\xff\x0a" + bytes(60),
        "above 24 MB": bytes(24 * 2**20 + 1),
        "PNG above 24 MB": encoded(drawing(), "PNG") + bytes(24 * 2**20),
        "spaces": b" " * 10000,
        "IDX images": struct.pack(">IIII", 2051, 1, 28, 28) + bytes(784),
    }.items()
    random = np.random.default_rng(1)
    for number in range(10):
        yield f"random bytes {number}", random.bytes(1000)
    for number in range(5):
        yield f"random bytes {number} behind a PNG signature", PNG_SIGNATURE + random.bytes(1000)
        yield (
            f"random bytes {number} behind a JPEG marker",
            b"\xff\xd8\xff\xe0" + random.bytes(1000),
        )
        yield f"random bytes {number} in a WebP file", _riff((b"VP8 ", random.bytes(1000)))


def _other_formats() -> Iterator[tuple[str, bytes]]:
    for file_format in (
        "GIF",
        "BMP",
        "TIFF",
        "PPM",
        "ICO",
        "TGA",
        "PCX",
        "SGI",
        "DDS",
        "EPS",
        "JPEG2000",
        "AVIF",
    ):
        yield f"{file_format} under another name", encoded(drawing(), file_format)


def _animations() -> Iterator[tuple[str, bytes]]:
    frames = [drawing(), drawing().rotate(90), drawing().rotate(180)]
    for file_format in ("GIF", "PNG", "WEBP"):
        yield (
            f"animated {file_format}",
            encoded(frames[0], file_format, save_all=True, append_images=frames[1:]),
        )
    flags_only = _riff((b"VP8X", bytes([2, 0, 0, 0, 7, 0, 0, 7, 0, 0])), (b"ANIM", bytes(6)))
    yield "animated WebP without a frame", flags_only


def _cut_short() -> Iterator[tuple[str, bytes]]:
    files = {
        "grey PNG": encoded(drawing("L"), "PNG"),
        "RGB PNG": encoded(drawing(), "PNG"),
        "palette PNG": encoded(drawing("P"), "PNG"),
        "16-bit PNG": encoded(drawing("I;16"), "PNG"),
        "JPEG": encoded(drawing(), "JPEG"),
        "progressive JPEG": encoded(drawing(), "JPEG", progressive=True),
        "CMYK JPEG": encoded(drawing("CMYK"), "JPEG"),
        "lossy WebP": encoded(drawing(), "WEBP"),
        "lossless WebP": encoded(drawing(), "WEBP", lossless=True),
        "transparent WebP": encoded(drawing("RGBA"), "WEBP"),
    }
    for name, content in files.items():
        for share in (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
            yield f"{name} cut at {share:.0%}", content[: int(len(content) * share)]
        for missing in (1, 2, 5):
            yield f"{name} without its last {missing}", content[:-missing]


def _too_large() -> Iterator[tuple[str, bytes]]:
    for width, height in (
        (2**31 - 1, 2**31 - 1),
        (2**31 - 1, 1),
        (1, 2**31 - 1),
        (65535, 65535),
        (10000, 4001),
    ):
        for colour in (0, 2, 6):
            yield (
                f"PNG of {width} x {height}, colour type {colour}",
                png(header(width, height, 8, colour), _body()),
            )
    yield "PNG of 2^32 - 1 squared", png(header(2**32 - 1, 2**32 - 1), _body())
    black = zlib.compress(bytes((20000 // 8 + 1) * 20000), 9)
    yield (
        "PNG that truly unpacks to 400 megapixels",
        png(header(20000, 20000, 1), chunk(b"IDAT", black)),
    )
    start, end = b"\xff\xd8", b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\0\xff\xd9"
    for width, height in ((65535, 65535), (65500, 65500), (20000, 2001)):
        yield f"JPEG of {width} x {height}", start + _frame(width, height) + end
        yield f"progressive JPEG of {width} x {height}", start + _frame(width, height, 0xC2) + end
    for side in (16384, 16777216, 7000):
        size = (side - 1).to_bytes(3, "little")
        yield (
            f"WebP with a canvas of {side}",
            _riff((b"VP8X", bytes(4) + size + size), (b"VP8 ", bytes(20))),
        )
    lossless = b"\x2f" + ((16383 << 14) | 16383).to_bytes(4, "little") + bytes(20)
    yield "lossless WebP of 16384", _riff((b"VP8L", lossless))
    yield "lossy WebP of 16383", _riff((b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(20)))


def _broken_png() -> Iterator[tuple[str, bytes]]:
    good = encoded(drawing("P"), "PNG")
    position = 8
    while position < len(good):
        length, name = struct.unpack_from(">I4s", good, position)
        label = name.decode()
        body = position + 8 if length else position + 4
        yield f"PNG with a flipped bit in {label}", _flipped(good, body)
        yield f"PNG with a wrong checksum of {label}", _flipped(good, position + 8 + length)
        yield (
            f"PNG with an endless {label}",
            good[:position] + b"\x7f\xff\xff\xff" + good[position + 4 :],
        )
        yield (
            f"PNG with a negative length of {label}",
            good[:position] + b"\xff\xff\xff\xff" + good[position + 4 :],
        )
        position += length + 12
    yield "PNG signature alone", PNG_SIGNATURE
    yield "PNG with text line ends", good.replace(b"\r\n", b"\n", 1)
    yield "PNG with nothing but its end", png()
    yield "PNG without a header", png(_body())
    yield "PNG without a body", png(header(8, 8))
    yield "PNG with the body before the header", png(_body(), header(8, 8))
    yield "PNG with two headers", png(header(8, 8), header(64, 64), _body())
    yield "PNG without its palette", png(header(8, 8, 8, 3), _body())
    yield "PNG with a short header", png(chunk(b"IHDR", bytes(5)), _body())
    yield "PNG with an empty header", png(chunk(b"IHDR", b""), _body())
    yield (
        "PNG whose body is no zlib stream",
        png(header(8, 8), chunk(b"IDAT", b"\xde\xad\xbe\xef" * 9)),
    )
    yield "PNG with an empty body", png(header(8, 8), chunk(b"IDAT", b""))
    yield "PNG with half of its rows", png(header(8, 8), _body(rows=4))
    yield (
        "PNG with a body that ends in its middle",
        png(header(8, 8), _body()[:-9] + bytes(4), _body(rows=4)),
    )
    yield "interlaced PNG with half of its rows", png(header(8, 8, interlace=1), _body(rows=4))
    yield (
        "PNG with an unknown row filter",
        png(header(8, 8), chunk(b"IDAT", zlib.compress((b"\x09" + bytes(8)) * 8))),
    )
    yield "PNG with an unknown interlace", png(header(8, 8, interlace=7), _body())
    for width, height in ((0, 8), (8, 0), (0, 0)):
        yield f"PNG of {width} x {height}", png(header(width, height), _body())
    for depth, colour in (
        (0, 0),
        (3, 0),
        (255, 0),
        (4, 2),
        (16, 3),
        (2, 6),
        (8, 1),
        (8, 5),
        (8, 7),
        (8, 255),
    ):
        yield (
            f"PNG of depth {depth} and colour type {colour}",
            png(header(8, 8, depth, colour), _body()),
        )


def _metadata_bombs() -> Iterator[tuple[str, bytes]]:
    bomb = zlib.compress(bytes(50_000_000), 9)  # 49 kB
    for name, content in {
        b"zTXt": b"Comment\0\0" + bomb,
        b"iTXt": b"Comment\0\x01\0\0\0" + bomb,
        b"iCCP": b"profile\0\0" + bomb,
    }.items():
        label = name.decode()
        yield f"PNG with 50 MB in {label}", png(header(8, 8), chunk(name, content), _body())
        yield (
            f"PNG with 50 MB in {label} behind the body",
            png(header(8, 8), _body(), chunk(name, content)),
        )
        yield (
            f"PNG with 20 times 50 MB in {label}",
            png(header(8, 8), chunk(name, content) * 20, _body()),
        )
    yield (
        "PNG with 3 MB of text",
        png(header(8, 8), chunk(b"tEXt", b"Comment\0" + b"a" * 3_000_000), _body()),
    )
    yield (
        "PNG with 200,000 texts",
        png(header(8, 8), chunk(b"tEXt", b"Comment\0abc") * 200_000, _body()),
    )
    yield "PNG with 2 MB of EXIF", png(header(8, 8), chunk(b"eXIf", bytes(2_000_000)), _body())
    with_profile = [(b"VP8X", bytes([32, 0, 0, 0, 7, 0, 0, 7, 0, 0])), (b"ICCP", bytes(2_000_000))]
    yield "WebP with 2 MB of profile", _riff(*with_profile)


def _broken_jpeg() -> Iterator[tuple[str, bytes]]:
    good = encoded(drawing("L"), "JPEG")
    frame = good.index(b"\xff\xc0")
    tables = good.index(b"\xff\xdb")
    yield (
        "JPEG without a table",
        good[:tables] + good[tables + 2 + int.from_bytes(good[tables + 2 : tables + 4], "big") :],
    )
    scan = good.index(b"\xff\xda")
    yield "JPEG start alone", b"\xff\xd8"
    yield "JPEG start and end", b"\xff\xd8\xff\xd9"
    yield (
        "JPEG without a frame",
        good[:frame] + good[frame + 2 + int.from_bytes(good[frame + 2 : frame + 4], "big") :],
    )
    yield "JPEG without a scan", good[:scan] + b"\xff\xd9"
    yield "JPEG with two frames", good[:frame] + _frame(64, 64) + good[frame:]
    yield "JPEG of no width", good[:frame] + _frame(0, 64) + good[scan:]
    yield "JPEG of no height", good[:frame] + _frame(64, 0) + good[scan:]
    yield "JPEG with sampling 0", good[:frame] + _frame(64, 64, sampling=0) + good[scan:]
    yield "JPEG with a segment of length 0", good[:frame] + b"\xff\xc0\0\0" + good[frame + 4 :]
    yield "JPEG with a segment of length 65535", good[:frame] + b"\xff\xe1\xff\xff" + good[frame:]
    yield "JPEG with 12-bit samples", good[: frame + 4] + b"\x0c" + good[frame + 5 :]
    yield (
        "JPEG in arithmetic coding of a kind nobody reads",
        good.replace(b"\xff\xc0", b"\xff\xcb", 1),
    )
    yield "lossless JPEG", good.replace(b"\xff\xc0", b"\xff\xc3", 1)
    progressive = encoded(drawing("L"), "JPEG", progressive=True)
    last = progressive.rindex(b"\xff\xda")
    yield "JPEG with 5,000 scans", progressive[:last] + progressive[last:-2] * 5000 + b"\xff\xd9"


def _broken_webp() -> Iterator[tuple[str, bytes]]:
    lossy, lossless = encoded(drawing(), "WEBP"), encoded(drawing(), "WEBP", lossless=True)
    yield "WebP without a chunk", _riff()
    yield "WebP with an empty chunk", _riff((b"VP8 ", b""))
    yield "WebP with an unknown chunk alone", _riff((b"ABCD", bytes(20)))
    yield "WebP with a wrong start code", lossy.replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b", 1)
    yield "lossless WebP with a wrong signature", lossless[:20] + b"\x2e" + lossless[21:]
    yield "WebP of size 0", _riff((b"VP8 ", b"\0\0\0\x9d\x01\x2a\0\0\0\0" + bytes(20)))
    yield "WebP with an endless chunk", lossy[:16] + b"\xff\xff\xff\x7f" + lossy[20:]
    yield "WebP that claims to be longer", lossy[:4] + b"\xff\xff\xff\xff" + lossy[8:]
    yield (
        "WebP whose body is noise",
        lossless[:25] + np.random.default_rng(2).bytes(len(lossless) - 25),
    )
    yield (
        "WebP with a canvas but no picture",
        _riff((b"VP8X", bytes([0, 0, 0, 0, 7, 0, 0, 7, 0, 0]))),
    )
    mismatch = bytes([0, 0, 0, 0, 9, 0, 0, 9, 0, 0])
    yield "WebP whose canvas is not its picture", _riff((b"VP8X", mismatch), (b"VP8 ", lossy[20:]))


def largest_pictures() -> Iterator[tuple[str, bytes]]:
    """Good pictures that need as much memory as any that is accepted."""
    wide = Image.new("RGB", (7000, 5700), "white")
    yield "RGB PNG of 40 megapixels", encoded(wide, "PNG", compress_level=1)
    yield "progressive JPEG of 40 megapixels", encoded(wide, "JPEG", progressive=True)
    yield "JPEG of 50 megapixels", encoded(Image.new("RGB", (8160, 6120), "white"), "JPEG")
    yield "WebP of 12 megapixels", encoded(wide.resize((4032, 3024)), "WEBP", method=0)


def _flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :]


def peak_memory() -> int:
    """The largest resident size of this process so far, in bytes, as Linux counts it."""
    # Not getrusage: its figure may be inherited from the process that started this one.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def main() -> None:
    from mnist_core.preprocess.image_files import PictureError, open_picture
    from mnist_core.preprocess.ink import ink_from_photo

    if (
        "--write" in sys.argv
    ):  # the large pictures are made by another process: making them takes memory too
        for number, (_, content) in enumerate(largest_pictures()):
            Path(sys.argv[-1], f"{number}").write_bytes(content)
        return
    files = list(hostile_files())
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "--write", folder], check=True)
        ink_from_photo(
            open_picture(encoded(drawing(), "PNG"))
        )  # imports and buffers that any picture needs
        rest = peak_memory()
        accepted = []
        for name, content in files:
            try:
                open_picture(content)
                accepted.append(name)
            except PictureError:
                pass
        for path in Path(folder).iterdir():
            ink_from_photo(open_picture(path))
        print(f"files {len(files)}")
        print(f"accepted {accepted}")
        print(f"memory above rest {(peak_memory() - rest) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
