// One stop of the path: its name, its small picture and its shape, at its place in the grid.

const LONGEST = 56; // CSS pixels of the longer side of a picture ...
const OF_BRANCH = 48; // ... and of a parameter's gradient
const CRISP = 0.8; // of that is enough where each number is a whole number of pixels wide
const THINNEST = 20; // CSS pixels of the shorter side
const ALONE = 24; // of the one number that the loss is

class StopView {
  constructor(stop, place) {
    this.stop = stop;
    this.element = document.createElement("div");
    this.element.id = `stop-${place}`;
    this.element.className = `stop ${kindOf(stop)}`;
    this.element.setAttribute("role", "option");
    this.element.innerHTML =
      `<span class="name">${written(stop)}</span>` +
      '<span class="picture"><canvas></canvas></span><span class="shape"></span>';
    this.canvas = this.element.querySelector("canvas");
    this.shape = this.element.lastChild;
    this.element.style.gridColumn = String(2 * stop.column + 1); // gaps are columns too
    this.element.style.gridRow = String([2, 4, 5][stop.row]); // two rows hold the words above them
  }

  update(stop, codes, colours) {
    this.stop = stop;
    setText(this.shape, stop.words);
    setAttribute(this.element, "aria-label", stop.says);
    if (this.colours === colours && this.isPainted(stop, codes)) return;
    const { h, w } = stop;
    Object.assign(this, { codes, colours });
    Object.assign(this.canvas, { width: w, height: h });
    const image = new ImageData(w, h);
    paint(codes, w, image, colours);
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    const [width, height] = pictureSize(w, h, stop.half === null ? LONGEST : OF_BRANCH);
    setStyle(this.canvas, "width", `${width}px`);
    setStyle(this.canvas, "height", `${height}px`);
  }

  isPainted({ h, w }, codes) {
    const { canvas } = this;
    return canvas.width === w && canvas.height === h && codes.every((code, i) => code === this.codes[i]);
  }
}

function kindOf({ row, half }) {
  return ["forward", "backward", half ? "branch second" : "branch first"][row];
}

function pictureSize(w, h, most) {
  if (w * h === 1) return [ALONE, ALONE];
  const longer = Math.max(w, h);
  const whole = Math.floor(most / longer) * longer;
  const scale = (whole >= CRISP * most ? whole : most) / longer;
  return [w, h].map((side) => Math.max(THINNEST, Math.round(side * scale)));
}
