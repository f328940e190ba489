// The lines that lead on: what a unit's value times its weight adds to a unit of the next layer.

const MATTERS = 0.12; // of the strongest line; weaker ones are shown on demand
const ASIDE = 0.3; // how much of it is seen of a line that leads to another digit than the answer
const MOST = { outputs: 70, units: 35 }; // lines to the outputs or to another layer, unless all are asked for

/** What each line adds, from the contributions (from, to) as codes; at most so many; the strongest last. */
function linesBetween(codes, from, to, most, least) {
  const lines = [];
  for (let f = 0; f < from; f++) {
    for (let t = 0; t < to; t++) {
      const value = codes[f * to + t] / STEPS;
      if (Math.abs(value) > least) lines.push({ from: f, to: t, value });
    }
  }
  lines.sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
  return lines.slice(-most);
}

/** One line from each place, or to each: of a vector as codes. */
function linesOf(codes, make) {
  return Array.from(codes, (code, place) => ({ ...make(place), value: code / STEPS }))
    .filter(({ value }) => Math.abs(value) > 0.02)
    .sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
}

/** Draws lines between points; `across` if the layers stand side by side. */
function drawLines(canvas, lines, table, across) {
  const context = canvas.getContext("2d");
  const scale = canvas.width / canvas.clientWidth || 1;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  context.lineCap = "round";
  for (const { start, end, value, aside = false } of lines) {
    const strength = Math.min(1, Math.abs(value));
    context.globalAlpha = (0.12 + 0.78 * strength) * (aside ? ASIDE : 1);
    context.lineWidth = 0.6 + 2.6 * strength;
    context.strokeStyle = colourOf(table, Math.sign(value) * STEPS);
    context.beginPath();
    context.moveTo(start.x, start.y);
    if (across) {
      const middle = (start.x + end.x) / 2;
      context.bezierCurveTo(middle, start.y, middle, end.y, end.x, end.y);
    } else {
      const middle = (start.y + end.y) / 2;
      context.bezierCurveTo(start.x, middle, end.x, middle, end.x, end.y);
    }
    context.stroke();
  }
}
