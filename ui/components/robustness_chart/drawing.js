// One chart as SVG: accuracy from 0 to 100 %, a line a network, told apart by dashes and symbols too.

const LOOKS = [
  { dash: "", symbol: "circle" },
  { dash: "7 3", symbol: "triangle" },
  { dash: "2 3", symbol: "square" },
  { dash: "9 3 2 3", symbol: "diamond" },
];
const LEFT = 36; // CSS pixels for the numbers of the y-axis
const TOP = 8; // above 100 %, so that a symbol there is whole
const PLOT = 132; // from 0 to 100 %
const AIR = 7; // between the plot and the examples
const LABEL = 16; // height of the strengths' numbers
const LETTER = 6.6; // width of one of their digits
const SLOT = 30; // pixels of the strip of examples for one of them: 28 and a gap

/** Where things stand in a chart so many CSS pixels wide with so many strengths. */
function layoutOf(width, count) {
  const column = (width - LEFT) / count;
  const examples = (column * 28) / SLOT;
  return {
    width,
    column,
    examples, // height of the strip
    strip: TOP + PLOT + AIR, // its top
    height: Math.ceil(TOP + PLOT + AIR + examples + LABEL + 2),
    x: (strength) => LEFT + (strength + 0.5) * column,
    y: (accuracy) => TOP + (1 - accuracy) * PLOT,
  };
}

function drawChart(svg, frame, kind, layout) {
  const places = frame.kinds[kind].strengths.map((_, strength) => strength);
  const rows = frame.lines.map((_, line) => places.map((strength) => frame.accuracy(line, kind, strength)));
  setAttribute(svg, "width", layout.width);
  setAttribute(svg, "height", layout.height);
  svg.innerHTML = [
    axes(frame.kinds[kind], layout),
    ...places.filter((place) => rows.some((row) => Number.isNaN(row[place]))).map((place) => placeholder(place, layout)),
    rows.length > 1 ? leads(rows, frame.lines, layout) : "",
    ...rows.map((row, line) => curve(row, frame.lines[line].colour, LOOKS[line], layout)),
  ].join("");
}

function axes({ strengths, unchanged }, { width, height, x, y }) {
  const grid = [0, 0.5, 1].map((accuracy) => {
    const at = Math.round(y(accuracy)) + 0.5;
    return (
      `<path class="${accuracy ? "grid" : "base"}" d="M${LEFT} ${at}H${width}"/>` +
      `<text x="${LEFT - 5}" y="${at + 4}" text-anchor="end">${100 * accuracy}${accuracy === 1 ? " %" : ""}</text>`
    );
  });
  const names = strengths.map((strength) => format(strength));
  const widest = Math.max(...names.map((name) => name.length)) * LETTER + 4;
  // As many as there is room for, evenly spread, the unchanged strength among them.
  const every = Math.ceil(widest / (x(1) - x(0)));
  const numbers = names.map((name, place) => {
    if ((place - unchanged) % every) return "";
    const bold = place === unchanged ? ' class="unchanged"' : "";
    return `<text${bold} x="${x(place)}" y="${height - 4}" text-anchor="middle">${name}</text>`;
  });
  return `${grid.join("")}<path class="mark" d="M${x(unchanged)} ${TOP}V${TOP + PLOT}"/>${numbers.join("")}`;
}

// A bar as high as the plot says nothing about the height of the point to come.
function placeholder(place, { x }) {
  return `<rect class="waits" x="${x(place) - 2}" y="${TOP}" width="4" height="${PLOT}" rx="2"/>`;
}

/** The area between the first two lines, in the colour of the one that is above. */
function leads([first, second], lines, { x, y }) {
  const area = (corners, ahead) =>
    `<path class="lead" fill="${lines[ahead].colour}" d="M${corners.map(([at, accuracy]) => `${x(at)} ${y(accuracy)}`).join("L")}z"/>`;
  return first.slice(1).map((_, left) => {
    const [a, b, c, d] = [first[left], first[left + 1], second[left], second[left + 1]];
    const [before, after] = [c - a, d - b];
    if (Number.isNaN(before) || Number.isNaN(after)) return "";
    if (before * after >= 0) {
      return area([[left, a], [left + 1, b], [left + 1, d], [left, c]], before + after > 0 ? 1 : 0);
    }
    const share = before / (before - after);
    const crossing = [left + share, a + share * (b - a)];
    return (
      area([[left, a], crossing, [left, c]], before > 0 ? 1 : 0) +
      area([[left + 1, b], crossing, [left + 1, d]], after > 0 ? 1 : 0)
    );
  }).join("");
}

/** A line with a gap where a number is missing, and a symbol at each that is there. */
function curve(row, colour, { dash, symbol }, { x, y }) {
  let path = "";
  let symbols = "";
  row.forEach((accuracy, place) => {
    if (Number.isNaN(accuracy)) return;
    const at = [x(place), y(accuracy)];
    path += `${place && !Number.isNaN(row[place - 1]) ? "L" : "M"}${at.join(" ")}`;
    symbols += drawSymbol(symbol, ...at);
  });
  return (
    `<path class="line" d="${path}" stroke="${colour}" stroke-dasharray="${dash}"/>` +
    `<g fill="${colour}">${symbols}</g>`
  );
}

function drawSymbol(symbol, x, y) {
  if (symbol === "circle") return `<circle cx="${x}" cy="${y}" r="3.2"/>`;
  const corners = { triangle: "m0 -4.4l4 7.2h-8z", square: "m-3 -3h6v6h-6z", diamond: "m0 -4.4l4 4.4-4 4.4-4-4.4z" };
  return `<path d="M${x} ${y}${corners[symbol]}"/>`;
}

/** A piece of a line with its symbol, for the legend. */
function sample(colour, { dash, symbol }) {
  return (
    `<svg width="34" height="14" aria-hidden="true"><path class="line" d="M1 7H33" stroke="${colour}" ` +
    `stroke-dasharray="${dash}"/><g fill="${colour}">${drawSymbol(symbol, 17, 7)}</g></svg>`
  );
}

/** Examples uint8 (count, 28, 28) beside each other, with a gap around each. */
function drawStrip(canvas, examples, count) {
  canvas.width = count * SLOT;
  canvas.height = 28;
  const context = canvas.getContext("2d");
  for (let place = 0; place < count; place++) {
    context.putImageData(greys(examples, place), place * SLOT + (SLOT - 28) / 2, 0);
  }
}

/** The example in that place, as it is put onto a canvas. */
function greys(examples, place) {
  const image = new ImageData(28, 28);
  const pixels = examples.subarray(place * 784, (place + 1) * 784);
  pixels.forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
  return image;
}
