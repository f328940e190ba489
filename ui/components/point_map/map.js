// The map as a whole: which step is shown, which points are looked at, which image is meant.

const NEAR = { mouse: 24, touch: 36 }; // CSS pixels within which a point is meant
const STRIDE = { short: 2, long: 40 }; // CSS pixels that an arrow key goes at least
const SETTLED = 80; // milliseconds: while a key is held down only the last choice travels
const RESTS = 600; // milliseconds without another view, so that none travels while steps are played
const HINT = "Point at an image, tap it, or use the arrow keys; a click or Enter chooses it.";

class MapView {
  main = null; // the last message about the map
  images = null;
  wish = null; // the name of the step that the reader has gone to; null for the last one
  spotlight = new Set(); // digits that are looked at; none of them for all
  wrongOnly = false;
  here = null; // the image that was last pointed at, by whatever means

  constructor(root) {
    this.root = root;
    this.status = root.querySelector(".status");
    this.digit = root.querySelector(".digit");
    this.field = root.querySelector(".plane");
    this.plane = new Plane(this.field);
    this.timeline = new Timeline(root.querySelector(".time"), (at, duration) => this.onMove(at, duration));
    this.classes = this.buildLegend();
    this.field.addEventListener("pointermove", (event) => this.onPointer(event));
    this.field.addEventListener("click", (event) => this.onClick(event));
    this.field.addEventListener("keydown", (event) => this.onKey(event));
  }

  buildLegend() {
    this.wrong = this.root.querySelector(".wrong");
    this.wrong.addEventListener("click", () => this.look(() => (this.wrongOnly = !this.wrongOnly)));
    const buttons = Array.from({ length: 10 }, (_, digit) => {
      const button = document.createElement("button");
      button.type = "button";
      button.innerHTML = `<span class="dot" aria-hidden="true"></span>${digit}`;
      button.addEventListener("click", () =>
        this.look(() => this.spotlight.delete(digit) || this.spotlight.add(digit)),
      );
      return button;
    });
    this.root.querySelector(".classes").append(...buttons);
    return buttons;
  }

  // ---- what Python sends -------------------------------------------------------------------

  update(main, parts, setStateValue) {
    const isFirst = this.main === null;
    this.main = main;
    this.send = setStateValue;
    if (isFirst) this.begin(main);
    setAttribute(this.field, "aria-label", main.description);
    this.arrived(parts);
  }

  begin({ chosen, view: [step, digits, mistakesOnly] }) {
    this.chosen = this.here = chosen;
    this.wish = step;
    this.spotlight = new Set(digits);
    this.wrongOnly = mistakesOnly;
  }

  /** Takes in what has arrived of the parts. What is shown stays until something newer can be. */
  arrived(parts) {
    const images = parts.get(this.main.images);
    if (images && images !== this.images) {
      this.images = images;
      images.ready.then(() => this.point(this.here, false));
    }
    if (!this.images) return;
    const { labels } = this.images;
    this.steps = this.main.steps.map(({ name, token }) => {
      const step = parts.get(token);
      return step?.predictions.length === labels.length ? { name, step, ...(step.judged ??= judged(step, labels)) } : { name };
    });
    const isComputed = this.main.steps.some(({ token }) => token !== null);
    this.root.querySelector(".waiting").hidden = isComputed;
    if (isComputed && this.steps.every(({ step }) => !step)) return; // on their way
    const wish = this.main.steps.findIndex(({ name }) => name === this.wish);
    this.timeline.show(this.steps, nearestThere(this.steps, wish < 0 ? this.steps.length - 1 : wish));
    this.showLegend();
    this.showPoints();
  }

  onMove(at, duration) {
    this.wish = at === this.steps.length - 1 ? null : this.steps[at].name;
    this.showPoints(duration);
    this.sendView();
  }

  /** Looks at other points. */
  look(change) {
    change();
    this.showLegend();
    this.showPoints();
    this.sendView();
  }

  sendView() {
    clearTimeout(this.viewTimer);
    const view = () => [this.wish, [...this.spotlight], this.wrongOnly];
    this.viewTimer = setTimeout(() => this.send("view", view()), RESTS);
  }

  get step() {
    return this.steps?.[this.timeline.at]?.step;
  }

  // ---- what is shown -----------------------------------------------------------------------

  showLegend() {
    const colours = this.main.colours[themeOf(this.root)];
    this.classes.forEach((button, digit) => {
      setStyle(button.firstChild, "background", colours[digit]);
      setAttribute(button, "aria-pressed", String(this.spotlight.has(digit)));
    });
    setAttribute(this.wrong, "aria-pressed", String(this.wrongOnly));
  }

  showPoints(duration) {
    if (!this.step) return this.plane.clear();
    const { labels } = this.images;
    const { wrong, share } = this.steps[this.timeline.at];
    const active = labels.map(
      (label, i) => (!this.spotlight.size || this.spotlight.has(label)) && (!this.wrongOnly || wrong[i]),
    );
    const colours = () => this.main.colours[themeOf(this.root)].map(partsOf);
    this.plane.show(this.step, { labels, active, wrong, ringed: share >= RINGED }, colours, duration);
    this.point(this.here, false);
  }

  /** Points at an image: it is framed, shown and put into words, aloud if the reader asked for it. */
  point(number, aloud) {
    this.here = number;
    this.plane.mark("pointed", number);
    this.plane.mark("chosen", this.chosen);
    setAttribute(this.status, "aria-live", aloud ? "polite" : "off");
    if (number === null || !this.step || number >= this.images.labels.length) return setText(this.status, HINT);
    const words = inWords(this.images.labels[number], this.step, number);
    const name = `${this.main.noun} ${thousands(number)}`;
    setText(this.status, `${name[0].toUpperCase()}${name.slice(1)}: ${words}`);
    if (!this.images.pixels) return;
    setAttribute(this.digit, "aria-label", name);
    paintDigit(this.digit, this.images.pixels, number);
  }

  // ---- by pointer and by keys --------------------------------------------------------------

  onPointer(event) {
    if (event.pointerType === "touch") return;
    const number = this.plane.at(event, NEAR.mouse);
    if (number !== null && number !== this.here) this.point(number, false);
  }

  onClick(event) {
    const number = this.plane.at(event, event.pointerType === "touch" ? NEAR.touch : NEAR.mouse);
    if (number !== null) this.choose(number);
  }

  choose(number) {
    this.chosen = number;
    this.point(number ?? this.here, true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send("chosen", number), SETTLED);
  }

  onKey(event) {
    if (!this.step || event.ctrlKey || event.altKey || event.metaKey) return;
    const count = this.images.labels.length;
    const { here } = this;
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const to = direction
      ? this.inDirection(here, direction, event.shiftKey ? STRIDE.long : STRIDE.short)
      : { Home: this.after(-1, 1), End: this.after(count, -1), PageDown: this.after(here ?? -1, 1), PageUp: this.after(here ?? count, -1) }[event.key];
    if (to !== undefined) this.point(to, true);
    else if (event.key === "Enter" || event.key === " ") this.choose(here);
    else if (event.key === "Escape") this.choose(null);
    else return;
    event.preventDefault();
  }

  /** The next point that way, or the same at the edge; the one in the middle to begin with. */
  inDirection(from, direction, atLeast) {
    const { index, width, height } = this.plane;
    if (from === null) {
      const middle = index.nearest(width / 2, height / 2, width + height);
      return middle < 0 ? null : middle;
    }
    const to = index.next(from, direction, atLeast);
    return to < 0 ? from : to;
  }

  /** The next image by number that is looked at; without one it stays where it is. */
  after(from, by) {
    const { active } = this.plane.points;
    let to = from + by;
    while (to >= 0 && to < active.length && !active[to]) to += by;
    return active[to] ? to : this.here;
  }
}
