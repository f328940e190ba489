// Numbers as colours and in words, and small changes of a page: for all components that show numbers as pictures.

const STEPS = 127; // a code of 127 stands for the largest magnitude of the scale
const MISSING = -128; // the code of a number that is not finite

// Streamlit hands its colours over as variables; light text means a dark page. An element of a page
// that has just been left has no colour any more.
function themeOf(element) {
  const [red, green, blue] = (getComputedStyle(element).color.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
  return red + green + blue > 384 ? "dark" : "light";
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

function colourOf(table, code) {
  const at = 3 * (Math.round(code) - MISSING);
  return `rgb(${table[at]} ${table[at + 1]} ${table[at + 2]})`;
}

/** The codes of a whole canvas. */
function paintCodes(canvas, codes, colours) {
  const image = new ImageData(canvas.width, canvas.height);
  paint(codes, canvas.width, image, colours);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A legend's bar: every colour that a number may have, from the smallest number on. */
function paintScale(canvas, diverging, colours) {
  const least = diverging ? -STEPS : 0;
  const codes = Int8Array.from({ length: STEPS - least + 1 }, (_, i) => least + i);
  canvas.width = codes.length;
  paintCodes(canvas, codes, colours);
}

function format(number, digits = 3) {
  return String(Number(number.toPrecision(digits))).replaceAll("-", "−");
}

/** A whole number as people write it: "50,176". */
function thousands(number) {
  return number.toLocaleString("en");
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
