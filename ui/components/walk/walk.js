// The path: which stop is chosen, by pointer, keys and buttons, and what Python says about it.
// The page shows a choice at once; what Python sends that is older than the choice changes pictures alone.

const FADE = 32; // CSS pixels at an edge beyond which there is more of the path
const walks = new WeakMap(); // place in the page -> its path

class WalkView {
  views = [];
  chosen = 0;
  sentAt = null; // marks the last choice that was sent

  constructor(root) {
    this.root = root;
    this.stops = root.querySelector(".stops");
    this.scroller = root.querySelector(".scroller");
    this.lines = root.querySelector(".lines");
    this.back = root.querySelector(".back");
    this.next = root.querySelector(".next");
    this.here = root.querySelector(".here");
    this.stops.addEventListener("click", (event) => this.onClick(event));
    this.stops.addEventListener("keydown", (event) => this.onKey(event));
    this.back.addEventListener("click", () => this.onStep(-1));
    this.next.addEventListener("click", () => this.onStep(1));
    this.scroller.addEventListener("scroll", () => this.fadeEdges(), { passive: true });
    const observer = new ResizeObserver(() => this.onResize());
    observer.observe(this.scroller);
    observer.observe(this.stops);
  }

  update(message, setStateValue) {
    this.send = setStateValue;
    const form = JSON.stringify(message.stops.map(({ name }) => name));
    const isNew = form !== this.form;
    if (isNew) this.build(message.stops);
    this.form = form;
    this.paint(message);
    const isOlder = !isNew && this.sentAt !== null && message.heard !== this.sentAt;
    this.show(isOlder ? this.chosen : message.chosen, isNew);
  }

  build(stops) {
    const columns = 1 + Math.max(...stops.map(({ column }) => column));
    this.stops.style.gridTemplateColumns = Array(columns).fill("var(--column)").join(" var(--gap) ");
    this.views = stops.map((stop, place) => new StopView(stop, place));
    this.stops.innerHTML =
      '<div class="way forth" aria-hidden="true"><span>Forward: values →</span></div>' +
      '<div class="way back-again" aria-hidden="true"><span>← Backward: gradients of the loss</span></div>';
    this.stops.append(...this.views.map(({ element }) => element));
  }

  paint({ stops, pieces }) {
    const theme = themeOf(this.root);
    if (theme !== this.theme) {
      this.theme = theme;
      this.tables = pieces.slice(0, 2).map((piece) => colourTables(piece)[theme]);
    }
    const [diverging, plain] = this.tables;
    stops.forEach((stop, place) => {
      this.views[place].update(stop, signed(pieces[place + 2]), stop.diverging ? diverging : plain);
    });
  }

  // ---- choosing ----------------------------------------------------------------------------

  onClick(event) {
    const element = event.target.closest(".stop");
    const place = this.views.findIndex((view) => view.element === element);
    if (place >= 0) this.choose(place);
  }

  onStep(step) {
    if (!this.choose(this.chosen + step)) return;
    setText(this.root.querySelector(".spoken"), this.views[this.chosen].stop.says);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { chosen, views } = this;
    const to = {
      ArrowRight: () => chosen + 1,
      ArrowLeft: () => chosen - 1,
      ArrowDown: () => this.below(1),
      ArrowUp: () => this.below(-1),
      Home: () => 0,
      End: () => views.length - 1,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.choose(to());
  }

  /** The stop in the same column and the next row down, or up; -1 if there is none. */
  below(rows) {
    const { row, column } = this.views[this.chosen].stop;
    return this.views.findIndex(({ stop }) => stop.column === column && stop.row === row + rows);
  }

  /** Whether there was another stop to choose. */
  choose(place) {
    if (place === this.chosen || !this.views[place]) return false;
    this.show(place);
    this.sentAt = Date.now() + Math.random(); // unlike any other, in another tab too
    this.send("chosen", { name: this.views[place].stop.name, at: this.sentAt });
    return true;
  }

  // ---- showing -----------------------------------------------------------------------------

  show(place, isNew = false) {
    const isMoved = isNew || place !== this.chosen;
    this.chosen = place;
    this.views.forEach(({ element }, i) => setAttribute(element, "aria-selected", String(i === place)));
    const { element, stop } = this.views[place];
    setAttribute(this.stops, "aria-activedescendant", element.id);
    this.here.innerHTML = `${written(stop)} <span>${stop.position}</span>`;
    // Not `disabled`: a button that is disabled loses the focus.
    setAttribute(this.back, "aria-disabled", String(place === 0));
    setAttribute(this.next, "aria-disabled", String(place === this.views.length - 1));
    drawLines(this.lines, this.views, place);
    if (isMoved) this.scrollTo(element, isNew);
    this.fadeEdges();
  }

  onResize() {
    if (!this.views.length) return;
    drawLines(this.lines, this.views, this.chosen);
    this.scrollTo(this.views[this.chosen].element, true);
    this.fadeEdges();
  }

  // Where the path goes on beyond an edge it fades there, the less the nearer its end is.
  fadeEdges() {
    const { scrollLeft, scrollWidth, clientWidth } = this.scroller;
    const beyond = { left: scrollLeft, right: scrollWidth - clientWidth - scrollLeft };
    for (const [side, length] of Object.entries(beyond)) {
      this.scroller.style.setProperty(`--beyond-${side}`, `${Math.max(0, Math.min(FADE, length))}px`);
    }
  }

  // Within the row alone: the page stays where it is.
  scrollTo(element, atOnce) {
    const room = this.scroller.getBoundingClientRect();
    const box = element.getBoundingClientRect();
    const off = (box.left + box.right) / 2 - (room.left + room.right) / 2;
    const isStill = atOnce || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollBy({ left: off, behavior: isStill ? "instant" : "smooth" });
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".walk");
  let view = walks.get(parentElement);
  if (view?.root !== root) {
    view = new WalkView(root);
    walks.set(parentElement, view);
  }
  view.update(unpack(data), setStateValue);
}
