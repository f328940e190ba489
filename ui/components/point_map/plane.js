// The points in their plane: how they fit into it, glide to new places, and which is where.

const MARGIN = 10; // CSS pixels that stay free around the points
const GLIDE = 160; // milliseconds; short enough that what is dragged follows the hand

class Plane {
  step = null;
  x = new Float32Array(0); // where the points are drawn now, CSS pixels
  y = new Float32Array(0);
  width = 0;
  wanted = null; // the frame in which the points are drawn next

  constructor(element) {
    this.element = element;
    this.painter = new Painter(element.querySelector(".points"));
    this.marks = new Map(["pointed", "chosen"].map((name) => [element.querySelector(`.${name}`), -1]));
    new ResizeObserver(() => this.onResize()).observe(element);
  }

  /** The points of a step; `points` says how each of them looks. */
  show(step, points, colours, duration = GLIDE) {
    const isNew = this.step?.x.length !== step.x.length;
    if (isNew) this.width = 0; // small sets have larger points
    Object.assign(this, { step, points, colours });
    this.layOut();
    if (this.width) this.glide(isNew || this.isStill() ? 0 : duration);
  }

  /** Nothing is known of the points. */
  clear() {
    this.step = null;
    this.painter.context.clearRect(0, 0, this.painter.canvas.width, this.painter.canvas.height);
    this.placeMarks();
  }

  isStill() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  onResize() {
    if (!this.step || this.element.clientWidth === this.width) return;
    this.layOut();
    this.glide(0);
  }

  layOut() {
    const width = this.element.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    this.height = this.element.clientHeight;
    this.painter.resize(width, this.height, this.step.x.length);
  }

  // ---- where the points are ----------------------------------------------------------------

  /** Where the points of the step belong, CSS pixels. Each step fills the plane: a network that has
   *  not learned yet has small values, and its points would be a single dot. Both axes have the same
   *  scale, so that distances mean the same in all directions. */
  goals() {
    const { x, y, bounds } = this.step;
    const sizes = [this.width, this.height];
    const scale = Math.min(...bounds.map(([low, high], axis) => (sizes[axis] - 2 * MARGIN) / (high - low || 1)));
    const [middleX, middleY] = bounds.map(([low, high]) => (low + high) / 2);
    return {
      x: x.map((value) => this.width / 2 + (value - middleX) * scale),
      y: y.map((value) => this.height / 2 - (value - middleY) * scale),
    };
  }

  glide(duration) {
    const to = this.goals();
    this.path = { from: duration ? { x: this.x, y: this.y } : to, to, start: performance.now(), duration, isEven: duration > GLIDE };
    this.draw();
  }

  draw() {
    this.wanted ??= requestAnimationFrame((now) => this.paint(now));
  }

  paint(now) {
    this.wanted = null;
    if (!this.step) return;
    const { from, to, start, duration, isEven } = this.path;
    const done = duration ? clampedShare((now - start) / duration) : 1;
    const part = isEven ? done : 1 - (1 - done) ** 2; // slower towards its end, unless it goes on
    const between = (a, b) => (done === 1 ? b : a.map((value, i) => value + (b[i] - value) * part));
    [this.x, this.y] = [between(from.x, to.x), between(from.y, to.y)];
    this.places = null;
    const style = getComputedStyle(this.element);
    this.painter.draw({ ...this.points, x: this.x, y: this.y }, this.colours(), partsOf(style.color), partsOf(style.backgroundColor));
    this.placeMarks();
    if (done < 1) this.draw();
  }

  /** Frames around single points, by name: no point is drawn anew for them. */
  mark(name, number) {
    const element = [...this.marks.keys()].find((mark) => mark.classList.contains(name));
    this.marks.set(element, number ?? -1);
    this.placeMarks();
  }

  placeMarks() {
    for (const [element, number] of this.marks) {
      const isThere = this.step !== null && number >= 0 && number < this.x.length;
      if (element.hidden === isThere) element.hidden = !isThere;
      if (isThere) setStyle(element, "transform", `translate(${this.x[number]}px, ${this.y[number]}px)`);
    }
  }

  // ---- which point is meant ----------------------------------------------------------------

  get index() {
    return (this.places ??= new Places(this.x, this.y, this.points.active, this.width, this.height));
  }

  /** The point under the pointer, null without one. */
  at(event, within) {
    if (!this.step || !this.x.length) return null;
    const box = this.element.getBoundingClientRect();
    const number = this.index.nearest(event.clientX - box.left, event.clientY - box.top, within);
    return number < 0 ? null : number;
  }
}

/** "rgb(1, 2, 3)" or "#010203" as three numbers. */
function partsOf(colour) {
  if (colour.startsWith("#")) return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (colour.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
}
