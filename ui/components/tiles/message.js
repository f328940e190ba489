// Tiles as they arrive from Python, one byte a number, and their colours.

const COLOURS = 256 * 3; // bytes of one theme's colour table, indexed by code + 128

// The counterpart of `pack` in packing.py.
function unpack(bytes) {
  const start = 4;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(start, start + length)));
  const light = start + length;
  const dark = light + COLOURS;
  const peaks = dark + COLOURS;
  const codes = peaks + 4 * header.units.length;
  return {
    ...header,
    off: new Set(header.off),
    table: { light: bytes.slice(light, dark), dark: bytes.slice(dark, peaks) },
    peaks: new Float32Array(bytes.slice(peaks, codes).buffer),
    codes: new Int8Array(bytes.slice(codes).buffer), // (units, h, w)
  };
}
