// Messages of a header and pieces of bytes: the counterpart of pieces.py.

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const pieces = header.sizes.map((size) => bytes.slice(at, (at += size)));
  return { ...header, pieces };
}

const signed = (bytes) => new Int8Array(bytes.buffer);

/** Colours of a table for light and for dark pages, each 256 x 3 bytes indexed by code + 128. */
function colourTables(bytes) {
  return { light: bytes.subarray(0, bytes.length / 2), dark: bytes.subarray(bytes.length / 2) };
}
