// A matrix as coloured cells, a vector as coloured bars.

/** Each number is 2 x 2 dots, so that one that is missing is chequered by itself. */
function drawCells(canvas, { codes, shape: [rows, columns] }, colours) {
  canvas.width = 2 * columns;
  canvas.height = 2 * rows;
  const dots = new Int8Array(4 * rows * columns);
  for (let place = 0; place < codes.length; place++) {
    const at = 4 * columns * Math.floor(place / columns) + 2 * (place % columns);
    dots.fill(codes[place], at, at + 2);
    dots.fill(codes[place], at + 2 * columns, at + 2 * columns + 2);
  }
  paintCodes(canvas, dots, colours);
}

/** Bars from zero, as long and as coloured as their numbers are large. */
function drawBars(canvas, { codes, bothSigns }, colours, wide, high) {
  const dots = devicePixelRatio;
  canvas.width = Math.round(wide * codes.length * dots);
  canvas.height = Math.round(high * dots);
  const pen = canvas.getContext("2d");
  const zero = bothSigns ? canvas.height / 2 : canvas.height;
  const gap = Math.min(2 * dots, 0.15 * wide * dots);
  codes.forEach((code, place) => {
    const left = place * wide * dots + gap;
    const width = wide * dots - 2 * gap;
    if (code === MISSING) return chequer(pen, left, width, canvas.height, colours);
    const length = code && Math.max(dots, (Math.abs(code) / STEPS) * zero);
    pen.fillStyle = colourOf(colours, code);
    pen.fillRect(left, code > 0 ? zero - length : zero, width, length);
  });
  pen.fillStyle = colourOf(colours, MISSING);
  pen.fillRect(0, Math.min(zero, canvas.height - dots) - dots / 2, canvas.width, dots);
}

/** A bar that has no length: what is missing is chequered, as in the tiles. */
function chequer(pen, left, width, height, colours) {
  const side = width / 2;
  for (let row = 0; row * side < height; row++) {
    for (const column of [0, 1]) {
      pen.fillStyle = colourOf(colours, (row + column) % 2 ? MISSING : 0);
      pen.fillRect(left + column * side, row * side, side, Math.min(side, height - row * side));
    }
  }
}
