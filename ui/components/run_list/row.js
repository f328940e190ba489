// A run's line in the table: its elements are made once, and what changes is set where it stands.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 84;
const HEIGHT = 24;
const EDGE = 3; // pixels of air around a curve
const LEAST_ERROR = 0.003; // stands at the top; all curves have one scale, of the logarithm of the error
const FIELDS = ["id", "name", "settings", "status", "state", "curve", "best", "age", "size"];

function element(name, className, role) {
  const made = Object.assign(document.createElement(name), { className });
  if (role) made.setAttribute("role", role);
  return made;
}

/** The places of a curve's points; `curve` has accuracies in thousandths. */
function placesOf(curve) {
  const points = curve.map((accuracy, i) => {
    const error = Math.max(1 - accuracy / 1000, LEAST_ERROR);
    const y = EDGE + (1 - Math.log(error) / Math.log(LEAST_ERROR)) * (HEIGHT - 2 * EDGE);
    const x = EDGE + (curve.length > 1 ? i / (curve.length - 1) : 0.5) * (WIDTH - 2 * EDGE);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (points.length === 1 ? [points[0], points[0]] : points).join(" "); // one is a dot
}

function curveInWords(curve) {
  if (!curve.length) return "no curve yet";
  const [first, last] = [curve[0], curve.at(-1)].map((accuracy) => `${(accuracy / 10).toFixed(1)}\u00a0%`);
  return curve.length > 1 ? `from ${first} to ${last}` : first;
}

class Row {
  constructor(id) {
    this.id = id;
    this.tr = element("tr", "", "row");
    this.box = Object.assign(element("input", ""), { type: "checkbox", tabIndex: -1 });
    const label = element("label", "");
    label.append(this.box);
    const run = element("th", "run", "rowheader");
    run.scope = "row";
    this.name = element("bdi", "name");
    this.settings = element("span", "settings");
    run.append(this.name, this.settings);
    this.cells = { box: element("td", "box", "cell") };
    this.cells.box.append(label);
    for (const name of ["status", "curve", "best", "age", "size"]) this.cells[name] = element("td", name, "cell");
    this.drawing = document.createElementNS(SVG, "svg");
    this.line = document.createElementNS(SVG, "polyline");
    this.drawing.append(this.line);
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }))
      this.drawing.setAttribute(name, value);
    this.cells.curve.append(this.drawing);
    const { box, ...others } = this.cells;
    this.tr.append(box, run, ...Object.values(others));
  }

  update(values) {
    const line = Object.fromEntries(FIELDS.map((field, i) => [field, values[i]]));
    for (const part of ["name", "settings"]) setText(this[part], line[part]);
    for (const part of ["status", "best", "age", "size"]) setText(this.cells[part], line[part]);
    setAttribute(this.name, "title", line.name);
    setAttribute(this.settings, "title", line.settings);
    setAttribute(this.cells.status, "data-state", line.state);
    setAttribute(this.box, "aria-label", line.name);
    setAttribute(this.line, "points", placesOf(line.curve));
    setAttribute(this.drawing, "aria-label", curveInWords(line.curve));
    this.words = [line.name, line.settings, line.status].join(" ").toLocaleLowerCase();
  }

  fits(words) {
    return words.every((word) => this.words.includes(word));
  }

  choose(isChosen) {
    this.box.checked = isChosen;
    setAttribute(this.tr, "class", isChosen ? "chosen" : "");
  }
}
