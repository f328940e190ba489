"""A drawing's 784 pixels as text for an address, exactly: both ends then show the same numbers.
Typical strokes need 250 to 350 characters. What comes from an address is read with suspicion.
"""

import zlib
from base64 import b64decode, urlsafe_b64encode

import numpy as np

from mnist_core.arrays import PIXELS, SIDE, Array

LONGEST = 1_100  # characters; pixels without any pattern need 1,052
WINDOW = -12  # 4096 bytes, as many as two such images; minus: without a header


def text_of(image: Array) -> str:
    """An image, uint8 (28, 28), in letters, digits, - and _."""
    packer = zlib.compressobj(9, wbits=WINDOW)
    packed = packer.compress(image.tobytes()) + packer.flush()
    return urlsafe_b64encode(packed).decode().rstrip("=")


def image_of(text: str) -> Array:
    """The image that a text stands for, uint8 (28, 28); ValueError with a sentence if it is none.

    However it is made, the text is unpacked no further than to one pixel too many.
    """
    if len(text) > LONGEST:
        raise ValueError(
            f"its drawing has {len(text):,} characters (possible: at most {LONGEST:,})"
        )
    unpacker = zlib.decompressobj(wbits=WINDOW)
    try:
        packed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        pixels = unpacker.decompress(packed, PIXELS + 1)
    except (ValueError, zlib.error):
        raise ValueError("its drawing can't be read, perhaps because it was cut off") from None
    if len(pixels) != PIXELS or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"its drawing does not have {SIDE} x {SIDE} pixels")
    image = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
    if not image.any():
        raise ValueError("its drawing is empty")
    return image
