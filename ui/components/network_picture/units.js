// The units of one layer, or the ten outputs, as a listbox: one tab stop, arrow keys move, Enter chooses.

let listboxes = 0; // so that every option has an id of its own

class Listbox {
  active = 0; // the place that the keys are at

  constructor(element, label, count, make, onChoose) {
    this.element = element;
    this.id = `box${++listboxes}`;
    this.onChoose = onChoose;
    element.setAttribute("role", "listbox");
    element.setAttribute("aria-label", label);
    element.tabIndex = 0;
    this.options = Array.from({ length: count }, (_, place) => {
      const option = make(place);
      option.id = `${this.id}-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      element.append(option);
      return option;
    });
    element.addEventListener("click", (event) => this.onClick(event));
    element.addEventListener("keydown", (event) => this.onKey(event));
    element.addEventListener("focus", () => this.move(this.active));
    element.addEventListener("blur", () => this.mark(null));
  }

  onClick(event) {
    const place = this.options.indexOf(event.target.closest('[role="option"]'));
    if (place < 0) return;
    this.active = place;
    this.onChoose(place);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const columns = this.columns();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (event.key in steps) this.move(this.active + steps[event.key]);
    else if (event.key === "Home") this.move(0);
    else if (event.key === "End") this.move(this.options.length - 1);
    else if (event.key === "Enter" || event.key === " ") this.onChoose(this.active);
    else if (event.key === "Escape") this.onChoose(null);
    else return;
    event.preventDefault();
    event.stopPropagation(); // Escape has been seen to
  }

  /** How many options stand in a row. */
  columns() {
    const [first, ...rest] = this.options;
    const next = rest.findIndex((option) => option.offsetTop > first.offsetTop);
    return next < 0 ? this.options.length : next + 1;
  }

  move(place) {
    if (place < 0 || place >= this.options.length) return;
    this.active = place;
    this.mark(place);
  }

  mark(place) {
    this.options.forEach((option, i) => option.classList.toggle("active", i === place));
    if (place === null) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", this.options[place].id);
  }

  select(place) {
    this.options.forEach((option, i) => setAttribute(option, "aria-selected", String(i === place)));
  }

  name(place, words) {
    setAttribute(this.options[place], "aria-label", words);
  }
}

/** A hidden layer: each unit as its weights, its feature map, or a dot. */
class LayerView {
  constructor(about, level, count, onChoose) {
    this.about = about;
    this.element = Object.assign(document.createElement("div"), { className: "column layer" });
    this.element.innerHTML = '<div class="caption"></div><div class="units"></div>';
    const [caption, units] = this.element.children;
    const noun = about.kind === "map" ? "feature maps" : "hidden units";
    const number = thousands(about.units);
    const some = about.shown.length < about.units;
    caption.textContent = some ? `the ${about.shown.length} strongest of ${number} ${noun}` : `${number} ${noun}`;
    const label = count > 1 ? `Hidden layer ${level + 1}: ${number} ${noun}` : `${number} ${noun}`;
    this.noun = noun.slice(0, -1);
    this.box = new Listbox(units, label, about.shown.length, () => this.makeUnit(), (place) =>
      onChoose(place === null ? null : about.shown[place]),
    );
    this.pictures = this.box.options.map((option) => option.querySelector("canvas"));
  }

  makeUnit() {
    const { kind, shape } = this.about;
    const unit = Object.assign(document.createElement("div"), { className: `unit ${kind}` });
    if (kind === "dot") return unit;
    const [height, width] = kind === "map" ? shape : [28, 28];
    unit.append(Object.assign(document.createElement("canvas"), { width, height }));
    return unit;
  }

  /** Pictures (shown, height, width) as codes. */
  paint(codes, table) {
    const [{ width, height }] = this.pictures;
    const image = new ImageData(width, height);
    this.pictures.forEach((picture, place) => {
      const from = place * width * height;
      paint(codes.subarray(from, from + width * height), width, image, table);
      picture.getContext("2d").putImageData(image, 0, 0);
    });
  }

  /** Feature maps as codes; where there is no image, empty tiles: what biases make of paper is no answer. */
  paintMaps(codes, bothSigns, tables, blank) {
    if (blank) this.paint(new Int8Array(codes.length), tables.diverging);
    else this.paint(codes, bothSigns ? tables.diverging : tables.plain);
  }

  /** How strongly each unit answers: `answers` (shown,), at most `peak`. */
  answer(answers, peak, off, table, blank) {
    this.strengths = this.box.options.map((option, place) => {
      const unit = this.about.shown[place];
      const isOff = off.has(unit);
      option.classList.toggle("off", isOff);
      const strength = blank || isOff || !peak ? 0 : answers[place] / peak;
      setStyle(option, "opacity", isOff || this.about.kind === "map" ? "1" : String(0.45 + 0.55 * Math.abs(strength)));
      const colour = colourOf(table, strength * STEPS);
      if (this.about.kind === "dot") setStyle(option, "background", colour);
      else setStyle(option, "outlineColor", colour);
      setStyle(option, "outlineWidth", `${Math.abs(strength) > 0.03 ? 1 + 2 * Math.abs(strength) : 0}px`);
      const says = isOff ? "switched off" : blank ? "" : `answers ${format(answers[place])}`;
      this.box.name(place, `${this.noun} ${unit}${says && `, ${says}`}`);
      return strength;
    });
  }

  place(columns, tile) {
    setStyle(this.box.element, "gridTemplateColumns", `repeat(${columns}, ${tile}px)`);
    setStyle(this.box.element, "gridAutoRows", `${tile}px`);
  }
}

/** The ten outputs with their probabilities. */
class OutputsView {
  constructor(onChoose) {
    this.element = Object.assign(document.createElement("div"), { className: "column outputs" });
    this.element.innerHTML = '<div class="caption">probabilities</div><div class="digits"></div>';
    this.box = new Listbox(this.element.lastChild, "The ten outputs", 10, (digit) => {
      const option = Object.assign(document.createElement("div"), { className: "output" });
      option.innerHTML = `<span>${digit}</span> <i><b></b></i> <span></span>`;
      return option;
    }, onChoose);
  }

  answer(probabilities) {
    const best = bestOf(probabilities);
    this.box.options.forEach((option, digit) => {
      const p = probabilities[digit];
      option.classList.toggle("best", p !== null && digit === best);
      const [, bar, number] = option.children;
      setStyle(bar.firstChild, "width", `${100 * (p ?? 0)}%`);
      bar.firstChild.style.setProperty("--share", `${100 * (p ?? 0)}%`);
      setText(number, inPercent(p));
      this.box.name(digit, `output ${digit}, ${inPercent(p)}`);
    });
  }
}
