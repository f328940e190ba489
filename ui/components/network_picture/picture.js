// The whole picture: what stands where, and what changes when the network or its activity does.

const NARROW = 560; // CSS pixels: below it the layers stand below each other ...
const TIGHT = 80; // ... and where one of them would have less than this, about the width of its caption
const GAP = { across: 44, down: 22 }; // between two layers, for the lines
const DIGIT = { across: 132, down: 84 };
const OUTPUTS = 142; // width of the outputs beside the layers
const CAPTION = 20; // height of a caption
const FLAT = 190; // greatest height of a layer below another
const LARGEST = { weights: 64, map: 64, dot: 30 }; // CSS pixels that a unit is wide at most
const WAKES = 0.25; // of the strongest answer in its layer
const RAGGED = 0.8; // what full rows are worth: a last row that is not full must make tiles so much larger

class PictureView {
  network = null; // the last message about the network, and about its activity
  message = null;
  activity = null; // what the image does that is shown now
  frame = 0; // its number
  allLines = false;
  send = null; // tells Python what was chosen

  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.lines = root.querySelector(".lines");
    this.digit = root.querySelector(".digit canvas");
    this.field = root.querySelector(".field");
    this.detail = new DetailView(root.querySelector(".detail"), () => this.choose(null));
    this.outputs = new OutputsView((digit) => this.choose(digit === null ? null : { level: this.layers.length, unit: digit }));
    this.layers = [];
    this.reel = new Reel(root.querySelector(".play"), (frame) => this.showFrame(frame));
    root.querySelector("tbody").innerHTML = Array.from({ length: 10 }, (_, digit) =>
      `<tr><th scope="row">${digit}</th><td></td><td></td></tr>`).join("");
    this.button = root.querySelector(".all");
    this.button.addEventListener("click", () => this.toggleAllLines());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.choose(null));
    new ResizeObserver(() => this.onResize()).observe(this.stage);
  }

  choose(choice) {
    const same = choice && this.chosen && choice.level === this.chosen.level && choice.unit === this.chosen.unit;
    if (choice) this.reel.stop();
    this.send?.(same || !choice ? null : { ...choice, frame: this.frame, form: this.network.form });
  }

  get chosen() {
    return this.activity?.detail ?? null;
  }

  toggleAllLines() {
    this.allLines = !this.allLines;
    this.button.setAttribute("aria-pressed", String(this.allLines));
    this.drawLines();
  }

  // ---- what Python sends -------------------------------------------------------------------

  showNetwork(message) {
    const before = this.network?.form;
    this.network = message;
    if (message.form !== before) this.forget();
    const [diverging, plain] = message.pieces;
    this.tables = { diverging: colourTables(diverging), plain: colourTables(plain) };
    this.root.hidden = false;
    setText(this.root.querySelector(".title"), message.title);
    if (message.form !== before) this.build();
    this.theme = themeOf(this.root);
    if (message.layers[0]?.kind === "weights") {
      this.weights = signed(message.pieces[2]);
      this.layers[0].paint(this.weights, this.table("diverging"));
    }
    this.paintLegend();
    if (this.activity) this.showFrame(this.frame);
  }

  /** What was done in another network says nothing of this one. */
  forget() {
    this.activity = this.message = null;
    this.frames = [];
    this.reel.count = 1;
    setText(this.root.querySelector(".says"), "");
    this.field.hidden = true;
  }

  showActivity(message) {
    if (!this.network || message.form !== this.network.form) return; // that network is on its way
    this.message = message;
    this.frames = message.pieces.map(unpack);
    if (message.frame !== null) this.reel.stop(); // something is chosen on that one
    this.reel.show(message.frame ?? this.reel.frame, this.frames.length);
  }

  /** Shows what one of the images does. */
  showFrame(frame) {
    this.frame = frame;
    this.activity = this.frames[frame];
    if (themeOf(this.root) !== this.theme) return this.showNetwork(this.network);
    const { layers, probabilities, blank } = this.activity;
    const pieces = (this.activity.images ??= this.activity.pieces.map(outOfRuns));
    this.read(pieces, layers);
    const tables = { diverging: this.table("diverging"), plain: this.table("plain") };
    paintGrey(this.digit, pieces[0]);
    setAttribute(this.digit, "aria-label", this.activity.image);
    this.layers.forEach((layer, level) => {
      const off = new Set(level === 0 ? this.message.off : []);
      if (this.maps[level]) layer.paintMaps(this.maps[level], layers[level].signed, tables, blank);
      layer.answer(this.answers[level], layers[level].peak, off, tables.diverging, blank);
    });
    this.outputs.answer(blank ? Array(10).fill(null) : probabilities);
    this.markChoice();
    this.showDetail();
    this.drawLines();
    this.putIntoWords();
  }

  /** Which piece of the message is what. */
  read(pieces, layers) {
    let at = 1;
    this.answers = [];
    this.maps = [];
    this.matrices = [];
    layers.forEach(({ lines }, level) => {
      this.answers.push(new Float32Array(pieces[at++].buffer));
      this.maps.push(this.network.layers[level].kind === "map" ? signed(pieces[at++]) : null);
      this.matrices.push(lines === null ? null : signed(pieces[at++]));
    });
    this.parts = signed(pieces[at]); // of a chosen unit's sum; none without one
  }

  table(name) {
    return this.tables[name][this.theme];
  }

  // ---- what stands where -------------------------------------------------------------------

  build() {
    for (const layer of this.layers) layer.element.remove();
    this.layers = this.network.layers.map((about, level, all) =>
      new LayerView(about, level, all.length, (unit) => this.choose(unit === null ? null : { level, unit })),
    );
    this.outputs.element.remove();
    this.lines.before(...this.layers.map(({ element }) => element), this.outputs.element);
    this.detail.update(null, {});
    const last = this.network.layers.at(-1);
    if (last) setText(this.root.querySelector(".strongest"), headingOfStrongest(last));
    this.width = null;
    this.onResize();
  }

  onResize() {
    if (!this.network || this.stage.clientWidth === this.width) return;
    this.layOut();
    if (this.activity) this.drawLines();
  }

  layOut() {
    const width = (this.width = this.stage.clientWidth);
    const count = Math.max(this.layers.length, 1);
    const beside = (width - DIGIT.across - OUTPUTS - GAP.across * (count + 1)) / count;
    this.across = width >= NARROW && beside >= TIGHT;
    this.root.classList.toggle("narrow", !this.across);
    const height = this.network.height - CAPTION;
    const room = this.across ? beside : width;
    for (const layer of this.layers) {
      const units = layer.about.shown.length;
      const { columns, tile } = bestGrid(units, room, this.across ? height : FLAT);
      layer.place(columns, Math.min(tile, LARGEST[layer.about.kind]));
    }
    setStyle(this.stage, "gap", `${this.across ? GAP.across : GAP.down}px`);
    setStyle(this.stage, "minHeight", this.across ? `${this.network.height}px` : "");
    const digit = this.across ? DIGIT.across : DIGIT.down;
    setStyle(this.digit, "width", `${digit}px`);
    setStyle(this.digit, "height", `${digit}px`);
    this.findPlaces();
  }

  /** Where lines begin and end, found once: asking at every movement of the pen would be slow. */
  findPlaces() {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    Object.assign(this.lines, { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) });
    const ends = (element) => {
      const box = element.getBoundingClientRect();
      const [x, y] = [box.left - left, box.top - top];
      const [middleX, middleY] = [x + box.width / 2, y + box.height / 2];
      return this.across
        ? { in: { x, y: middleY }, out: { x: x + box.width, y: middleY } }
        : { in: { x: middleX, y }, out: { x: middleX, y: y + box.height } };
    };
    this.places = [...this.layers, this.outputs].map(({ box }) => box.options.map(ends));
    this.digitPlace = ends(this.digit);
  }

  // ---- what is drawn -----------------------------------------------------------------------

  drawLines() {
    if (!this.activity) return;
    const lines = this.activity.blank ? [] : this.chosen ? this.linesOfChoice() : this.linesThatMatter();
    drawLines(this.lines, lines, this.table("diverging"), this.across);
  }

  linesThatMatter() {
    return [...this.linesFromDigit(), ...this.linesBetweenLayers()];
  }

  /** From the digit to the units that it wakes, faintly: what counts comes after them. */
  linesFromDigit() {
    return (this.layers[0]?.strengths ?? []).flatMap((strength, place) =>
      Math.abs(strength) < WAKES ? [] : [{ start: this.digitPlace.out, end: this.places[0][place].in, value: strength / 2, aside: true }],
    );
  }

  linesBetweenLayers() {
    return this.matrices.flatMap((codes, level) => {
      if (codes === null) return [];
      const [from, to] = [this.places[level], this.places[level + 1]];
      const toOutputs = level === this.layers.length - 1;
      const answer = toOutputs ? bestOf(this.activity.probabilities) : null;
      const [most, least] = this.allLines ? [Infinity, 0] : [toOutputs ? MOST.outputs : MOST.units, MATTERS];
      return linesBetween(codes, from.length, to.length, most, least)
        .map(({ from: f, to: t, value }) => ({ start: from[f].out, end: to[t].in, value, aside: answer !== null && t !== answer }))
        .sort((a, b) => b.aside - a.aside);
    });
  }

  linesOfChoice() {
    const { level, unit } = this.chosen;
    const here = this.placeOf(level, unit);
    if (here < 0) return [];
    const { in: entry, out: exit } = this.places[level][here];
    const lines = level === 0
      ? [{ start: this.digitPlace.out, end: entry, value: this.chosen.total < 0 ? -0.6 : 0.6 }]
      : linesOf(this.parts, (place) => ({ start: this.places[level - 1][place].out, end: entry }));
    const matrix = this.matrices[level];
    if (!matrix) return lines;
    const to = this.places[level + 1];
    const column = matrix.subarray(here * to.length, (here + 1) * to.length);
    const most = column.reduce((most, code) => Math.max(most, Math.abs(code)), 1);
    return [
      ...lines,
      ...linesOf(column, (t) => ({ start: exit, end: to[t].in })).map((line) => ({ ...line, value: (line.value * STEPS) / most })),
    ];
  }

  placeOf(level, unit) {
    return level === this.layers.length ? unit : this.network.layers[level].shown.indexOf(unit);
  }

  markChoice() {
    const { level, unit, field } = this.chosen ?? {};
    [...this.layers, this.outputs].forEach(({ box }, at) => box.select(at === level ? this.placeOf(at, unit) : null));
    this.field.hidden = !field;
    if (field) {
      const [top, left, bottom, right] = field.map((pixel) => `${(100 * pixel) / 28}%`);
      Object.assign(this.field.style, { top, left, width: `calc(${right} - ${left})`, height: `calc(${bottom} - ${top})` });
    }
  }

  showDetail() {
    const { level, unit, field } = this.chosen ?? {};
    const place = this.chosen ? this.placeOf(level, unit) : -1;
    const pixels = level === 0;
    const hasWeights = pixels && !field && place >= 0;
    const codes = hasWeights ? this.weights.subarray(784 * place, 784 * (place + 1)) : null;
    this.detail.update(this.chosen, {
      digit: pixels ? (canvas) => paintGrey(canvas, this.activity.images[0]) : null,
      weights: codes && ((canvas) => paintCodes(canvas, codes, this.table("diverging"))),
      parts: pixels ? (canvas) => paintCodes(canvas, this.parts, this.table("diverging")) : null,
    });
  }

  paintLegend() {
    paintScale(this.root.querySelector(".scale"), true, this.table("diverging"));
  }

  // ---- in words ----------------------------------------------------------------------------

  putIntoWords() {
    const words = this.root.querySelector(".words");
    setText(words.querySelector("p"), inSentences(this));
    setText(this.root.querySelector(".says"), inBrief(this.activity));
    const rows = words.querySelectorAll("tbody td");
    this.activity.probabilities.forEach((p, digit) => {
      setText(rows[2 * digit], this.activity.blank ? "–" : inPercent(p));
      setText(rows[2 * digit + 1], strongestFor(this, digit));
    });
  }
}

/** The columns that make square tiles largest in a room, and their side. */
function bestGrid(units, width, height) {
  let best = { columns: 1, tile: 0, score: 0 };
  for (let columns = 1; columns <= units; columns++) {
    const tile = Math.min(width / columns, height / Math.ceil(units / columns));
    const score = units % columns ? RAGGED * tile : tile;
    if (score > best.score) best = { columns, tile: Math.floor(tile), score };
  }
  return best;
}

/** Grey values (28, 28), white ink on black. */
function paintGrey(canvas, greys) {
  const image = new ImageData(28, 28);
  greys.forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
  canvas.getContext("2d").putImageData(image, 0, 0);
}
