// All charts together: one strength is shown large, one may be kept, and Python hears of the one kept.

class Robustness {
  constructor(place, memory) {
    // Of a template, because the message with the examples has a place too, where nothing is to be seen.
    place.append(place.querySelector("template").content.cloneNode(true));
    this.root = place.querySelector(".robustness");
    this.memory = memory; // outlives these elements
    this.panel = new Panel(this.root);
    [this.grid, this.table, this.spoken] = [".charts", "table", ".spoken"].map((name) => this.root.querySelector(name));
    this.details = this.root.querySelector("details");
    this.details.addEventListener("toggle", () => this.fillTable());
    this.grid.addEventListener("pointerleave", () => this.pin && this.point(this.pin));
    new ResizeObserver(() => this.draw()).observe(this.grid);
  }

  get pin() {
    return this.memory.pin;
  }

  show(frame) {
    const before = this.frame;
    this.frame = frame;
    if (before?.stamp !== frame.stamp) this.build(before);
    setStyle(this.root.querySelector(".waiting"), "visibility", frame.complete ? "hidden" : "visible");
    this.root.hidden = false;
    this.draw();
    this.point(this.spot);
    this.fillTable();
  }

  /** Charts for other kinds, examples or networks than before. */
  build(before) {
    const { frame } = this;
    const focused = this.charts?.findIndex(({ element }) => element === this.root.getRootNode().activeElement);
    this.root.setAttribute("aria-label", frame.description);
    const on = {
      point: (kind, strength) => this.point({ kind, strength }),
      focus: (kind) => this.point({ kind, strength: this.charts[kind].strength }, true),
      keep: (kind, strength) => this.keep({ kind, strength }),
      key: (kind, event) => this.onKey(kind, event),
    };
    this.charts = frame.kinds.map((_, kind) => new Chart(frame, kind, on));
    this.grid.replaceChildren(...this.charts.map(({ element }) => element));
    this.panel.build(frame);
    const shading = this.root.querySelector(".shading");
    shading.hidden = frame.lines.length < 2;
    const [first, second] = frame.lines;
    if (second) setText(shading, `Shaded: how far ${first.name} or ${second.name} is ahead, in its colour`);
    // By name: the same kind may stand in another place now.
    const there = (place, kinds) => {
      const kind = place ? frame.kinds.findIndex(({ name }) => name === kinds[place.kind].name) : -1;
      return kind < 0 ? null : { ...place, kind };
    };
    if (before) this.memory.pin = there(this.pin, before.kinds);
    this.spot = (before && there(this.spot, before.kinds)) ?? this.pin ?? { kind: 0, strength: frame.kinds[0].unchanged };
    this.charts[this.spot.kind].strength = this.spot.strength;
    if (focused >= 0) this.charts[focused]?.element.focus({ preventScroll: true });
  }

  draw() {
    for (const chart of this.charts ?? []) chart.draw(this.frame);
  }

  fillTable() {
    if (this.details.open && this.frame) fillTable(this.table, this.frame);
  }

  isPinned({ kind, strength }) {
    return this.pin?.kind === kind && this.pin.strength === strength;
  }

  /** Show a strength large. It is said aloud where the keyboard asked for it. */
  point(spot, aloud = false) {
    this.spot = spot;
    this.charts[spot.kind].strength = spot.strength;
    const kept = this.isPinned(spot);
    this.panel.show(this.frame, spot, kept);
    this.charts.forEach((chart, kind) => {
      chart.mark(kind === spot.kind ? spot.strength : null, kind === this.pin?.kind ? this.pin.strength : null);
    });
    if (aloud) setText(this.spoken, sentence(this.frame, spot.kind, spot.strength, kept));
  }

  /** Keep a strength in sight, or let it go if it is kept already. */
  keep(spot) {
    const pin = spot && !this.isPinned(spot) ? spot : null;
    if (pin || this.pin) this.send("chosen", pin ? [this.frame.kinds[pin.kind].name, pin.strength] : []);
    this.memory.pin = pin;
    this.point(spot ?? this.spot, true);
  }

  onKey(kind, event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const chart = this.charts[kind];
    const columns = getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
    const to = {
      ArrowLeft: chart.strength - 1,
      ArrowRight: chart.strength + 1,
      Home: 0,
      End: chart.count - 1,
    }[event.key];
    const beside = { ArrowUp: kind - columns, ArrowDown: kind + columns }[event.key];
    if (to !== undefined) this.point({ kind, strength: chart.within(to) }, true);
    else if (beside !== undefined) this.charts[beside]?.element.focus();
    else if (event.key === "Enter" || event.key === " ") this.keep({ kind, strength: chart.strength });
    else if (event.key === "Escape") this.keep(null);
    else return;
    event.preventDefault();
  }
}

const shownOf = new Map(); // key -> { fixed, accuracies, pin, view }, also while the page shows something else

/** What has come in two messages as one; null until they belong together. */
function frameOf({ fixed, accuracies }) {
  if (fixed?.stamp === undefined || fixed.stamp !== accuracies?.stamp) return null;
  const [pixels] = fixed.pieces;
  const numbers = new Float32Array(accuracies.pieces[0].buffer); // (lines, kinds, strengths)
  const { kinds } = fixed;
  const count = kinds[0].strengths.length;
  const accuraciesOf = (line, kind) => numbers.subarray((line * kinds.length + kind) * count).subarray(0, count);
  return {
    ...fixed,
    examples: kinds.map((_, kind) => pixels.subarray(kind * count * 784, (kind + 1) * count * 784)),
    accuraciesOf,
    accuracy: (line, kind, strength) => accuraciesOf(line, kind)[strength],
    complete: !numbers.some(Number.isNaN),
  };
}

// Hands back no clean-up: Streamlit runs it when newer data overtake this call, too.
export default function ({ data, parentElement, setStateValue }) {
  const message = unpack(data);
  if (!shownOf.has(message.key)) shownOf.set(message.key, {});
  const memory = shownOf.get(message.key);
  memory[message.part] = message;
  if (message.part === "accuracies") {
    const place = parentElement.querySelector(".place");
    if (!place.contains(memory.view?.root)) {
      memory.view = new Robustness(place, memory);
      memory.chosen = message.chosen; // by name, until it is known what the kinds are
    }
    memory.view.send = setStateValue;
  }
  const frame = frameOf(memory);
  if (!frame) return;
  if (memory.chosen !== undefined) {
    const kind = frame.kinds.findIndex(({ name }) => name === memory.chosen?.[0]);
    memory.pin = kind < 0 ? null : { kind, strength: memory.chosen[1] };
    delete memory.chosen;
  }
  memory.view?.show(frame);
}
