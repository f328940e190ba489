// The numbers of a matrix as they arrive from Python, and in words.

const DIGITS = 6; // of a number that has come as it is: float32 has hardly more

/** The counterpart of `_shown` in __init__.py. */
function readMatrix(data) {
  const message = unpack(data);
  const [tables, codes, exact] = message.pieces;
  const kinds = { f4: Float32Array, f8: Float64Array };
  const numbers = signed(codes);
  return {
    ...message,
    tables: colourTables(tables),
    codes: numbers,
    bothSigns: numbers.some((code) => code < 0 && code !== MISSING),
    values: message.kind ? new kinds[message.kind](exact.buffer) : null,
  };
}

/** A number in words: as it is, or about, if only its code is known. */
function numberInWords({ codes, values, peak }, place) {
  const code = codes[place];
  if (values && Number.isNaN(values[place])) return "not a number (NaN)";
  if (values && code === MISSING) return values[place] > 0 ? "infinite (+∞)" : "infinite (−∞)";
  if (code === MISSING) return "not a finite number";
  if (values) return format(values[place], DIGITS);
  const step = peak / STEPS;
  if (code === 0) return "0";
  // Everything that is small has this code, however small.
  if (code === 1) return `between 0 and ${format(1.5 * step, 2)}`;
  if (code === -1) return `between ${format(-1.5 * step, 2)} and 0`;
  return `about ${format(code * step)}`;
}

/** The cell [row, column] in words; an index that can only be one thing is left out. */
function cellInWords(frame, [row, column]) {
  const { shape, first_row, first_column, labels } = frame;
  const parts = [];
  if (shape[0] > 1 || (shape[1] === 1 && !labels)) parts.push(`${frame.rows} ${thousands(row)}`);
  if (shape[1] > 1 || labels) parts.push(`${frame.columns} ${labels?.[column - first_column] ?? thousands(column)}`);
  const place = (row - first_row) * shape[1] + column - first_column;
  return `${parts.join(", ")}: ${numberInWords(frame, place)}`;
}

/** "hidden unit 0 to 63 from top to bottom": what the two directions of the picture are. */
function directionsInWords({ shape, rows, columns, first_row, first_column, labels }) {
  const range = (way, noun, ...ends) => {
    const [first, last] = ends.map((end) => (typeof end === "number" ? thousands(end) : end));
    return first === last ? "" : `${way}: ${noun} ${first} to ${last}`;
  };
  const across = labels ? [labels[0], labels.at(-1)] : [first_column, first_column + shape[1] - 1];
  return [
    range("down", rows, first_row, first_row + shape[0] - 1),
    range("to the right", columns, ...across),
  ].filter(Boolean);
}
