// One chart with its examples: where it is pointed at, and what is outlined there.

class Chart {
  /** `on` is told of everything: point(kind, strength), focus(kind), keep(kind, strength), key(kind, event). */
  constructor(frame, kind, on) {
    Object.assign(this, { frame, kind });
    const { title, unit, explanation, strengths, unchanged } = frame.kinds[kind];
    this.strength = unchanged; // where the keyboard comes to
    this.element = make("div", "chart");
    const heading = make("div", "title");
    heading.append(make("b", "", title), make("span", "unit", unit && ` in ${unit}`));
    this.field = make("div", "field");
    this.field.innerHTML = '<div class="pin"></div><svg aria-hidden="true"></svg><canvas class="strip" aria-hidden="true"></canvas><div class="spot"></div>';
    [this.pin, this.svg, this.strip, this.spot] = this.field.children;
    this.element.append(heading, make("div", "explanation", explanation), this.field);
    this.element.tabIndex = 0;
    const range = [strengths[0], strengths.at(-1)].map((strength) => withUnit(strength, unit)).join(" to ");
    setAttribute(this.element, "role", "application");
    setAttribute(this.element, "aria-label", `${title}: accuracy at strengths from ${range}`);
    setAttribute(this.element, "aria-describedby", "keys");
    drawStrip(this.strip, frame.examples[kind], strengths.length);
    this.listen(on);
  }

  listen(on) {
    const point = (event) => on.point(this.kind, this.strengthAt(event));
    this.field.addEventListener("pointerdown", point);
    this.field.addEventListener("pointermove", point);
    this.field.addEventListener("click", (event) => on.keep(this.kind, this.strengthAt(event)));
    this.element.addEventListener("focus", () => on.focus(this.kind));
    this.element.addEventListener("keydown", (event) => on.key(this.kind, event));
  }

  get count() {
    return this.frame.kinds[this.kind].strengths.length;
  }

  strengthAt({ clientX }) {
    const from = this.field.getBoundingClientRect().left + LEFT;
    return this.within(Math.floor((clientX - from) / this.layout.column));
  }

  within(strength) {
    return Math.max(0, Math.min(this.count - 1, strength));
  }

  /** Draw it anew where the numbers or the room for it have changed. */
  draw(frame) {
    this.frame = frame;
    const width = this.field.clientWidth;
    const drawn = [width, ...frame.lines.map((_, line) => frame.accuraciesOf(line, this.kind).join())].join();
    if (width === 0 || drawn === this.drawn) return;
    this.drawn = drawn;
    this.layout = layoutOf(width, this.count);
    drawChart(this.svg, frame, this.kind, this.layout);
    const { column, strip, examples } = this.layout;
    const box = { left: LEFT, top: strip, width: this.count * column, height: examples };
    for (const [name, pixels] of Object.entries(box)) setStyle(this.strip, name, `${pixels}px`);
    this.placeFrames();
  }

  /** Which strength is shown large, and which is kept; null for one of another chart. */
  mark(spot, pin) {
    Object.assign(this, { spotted: spot, pinned: pin });
    if (this.layout) this.placeFrames();
  }

  placeFrames() {
    for (const [frame, strength] of [[this.spot, this.spotted], [this.pin, this.pinned]]) {
      frame.hidden = strength === null;
      if (strength === null) continue;
      setStyle(frame, "left", `${LEFT + strength * this.layout.column}px`);
      setStyle(frame, "width", `${this.layout.column}px`);
      setStyle(frame, "height", `${this.layout.strip + this.layout.examples + 1}px`);
    }
  }
}
