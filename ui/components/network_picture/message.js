// The messages as they arrive from Python: the counterpart of `pack` in message.py.

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const pieces = header.sizes.map((size) => bytes.slice(at, (at += size)));
  return { ...header, pieces };
}

/** The counterpart of `in_runs`: a zero is followed by how many there are. */
function outOfRuns(bytes) {
  const values = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]) values.push(bytes[at]);
    else for (let left = bytes[++at]; left > 0; left--) values.push(0);
  }
  return Uint8Array.from(values);
}

const signed = (bytes) => new Int8Array(bytes.buffer);

/** Colours of a table for light and for dark pages, each 256 x 3 bytes indexed by code + 128. */
function colourTables(bytes) {
  return { light: bytes.subarray(0, bytes.length / 2), dark: bytes.subarray(bytes.length / 2) };
}

function colourOf(table, code) {
  const at = 3 * (Math.round(code) - MISSING);
  return `rgb(${table[at]} ${table[at + 1]} ${table[at + 2]})`;
}

/** A number with its sign, as it stands in a sum. */
function withSign(value) {
  const text = Math.abs(value).toFixed(2);
  if (text === "0.00") return "0.00";
  return (value < 0 ? "−" : "+") + text;
}

/** A probability that never says more than it does: 99.96 % is not 100 %. */
function inPercent(share) {
  if (share === null) return "–";
  const text = (100 * share).toFixed(1);
  return text === "100.0" ? ">99.9 %" : `${text} %`;
}
