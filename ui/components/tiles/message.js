// Tiles as they arrive from Python, one byte a number, and their colours.

const STEPS = 127; // a code of 127 stands for the largest magnitude of the scale
const MISSING = -128; // the code of a number that is not finite
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

// A missing number is chequered in grey and the colour of zero, so that it looks like no number.
function paint(codes, width, image, colours) {
  for (let i = 0; i < codes.length; i++) {
    const isLight = codes[i] === MISSING && ((i % width) + Math.floor(i / width)) % 2 === 0;
    const from = 3 * (isLight ? -MISSING : codes[i] - MISSING);
    image.data[4 * i] = colours[from];
    image.data[4 * i + 1] = colours[from + 1];
    image.data[4 * i + 2] = colours[from + 2];
    image.data[4 * i + 3] = 255;
  }
}

function format(number) {
  return String(Number(number.toPrecision(3))).replace("-", "−");
}

// The browser recomputes less when what has not changed is not set again.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function setStyle(element, name, value) {
  if (element.style[name] !== value) element.style[name] = value;
}
