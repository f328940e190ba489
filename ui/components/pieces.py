"""Messages of a header and pieces of bytes, for components whose pictures differ in size."""

import json
import struct
from collections.abc import Sequence
from typing import Any


def pack(header: dict[str, Any], blobs: Sequence[bytes]) -> bytes:
    """A header and pieces of bytes as one message.

    Little-endian: length of the header (uint32), header (JSON, UTF-8, with the lengths of the
    pieces as "sizes"), then the pieces.
    """
    header = {**header, "sizes": [len(blob) for blob in blobs]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return b"".join((struct.pack("<I", len(text)), text, *blobs))
