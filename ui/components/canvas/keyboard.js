// Keys, and the whole easel: what is below, listened to.

class Easel extends Pointers {
  cell = { column: 14, row: 14 };
  keyStroke = false; // whether Space is held down
  calls = 0;

  constructor(root) {
    super(root);
    this.listen();
    this.watchSize();
    this.watchReceipts();
  }

  canvasKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) this.moveCell(...step);
    else if (event.code === "Space") this.beginKeyStroke(event);
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else return;
    this.easel.classList.add("with-keyboard");
    event.preventDefault(); // the page must not scroll
    event.stopPropagation();
  }

  easelKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.undo();
    else if (key === "y" || key === "z") this.redo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  beginKeyStroke({ shiftKey }) {
    if (this.keyStroke || this.pointer !== null) return; // a held key repeats itself
    this.keyStroke = this.begin(this.cellCentre(), shiftKey || this.erasing);
    if (this.keyStroke) this.say(`${shiftKey || this.erasing ? "Erased" : "Inked"} ${this.cellName()}.`);
  }

  endKeyStroke() {
    if (!this.keyStroke) return;
    this.keyStroke = false;
    this.end();
  }

  moveCell(right, down, { silent = false } = {}) {
    const { cell } = this;
    cell.column = clamp(cell.column + right, 0, GRID - 1);
    cell.row = clamp(cell.row + down, 0, GRID - 1);
    this.cellMark.style.transform = `translate(${cell.column * 100}%, ${cell.row * 100}%)`;
    if (this.keyStroke && this.thinner) this.extend(this.cellCentre());
    if (!silent) this.say(`${this.cellName()}, ${this.hasInk() ? "ink" : "empty"}`);
  }

  cellCentre() {
    const { column, row } = this.cell;
    return { x: (column + 0.5) / GRID, y: (row + 0.5) / GRID, width: NORMAL_WIDTH };
  }

  cellName() {
    return `row ${this.cell.row + 1}, column ${this.cell.column + 1}`;
  }

  hasInk() {
    const { x, y } = this.cellCentre();
    const side = this.canvas.width;
    return this.context.getImageData(Math.floor(x * side), Math.floor(y * side), 1, 1).data[0] > 127;
  }
}

const easels = new WeakMap();

export default function show(component) {
  const { parentElement } = component;
  if (!easels.has(parentElement)) easels.set(parentElement, new Easel(parentElement));
  const easel = easels.get(parentElement);
  const call = ++easel.calls;
  easel.update(component);
  return () => {
    // Streamlit also cleans up after calls that a later one has overtaken.
    if (call !== easel.calls) return;
    easel.end();
    easel.keep();
    easel.ending.abort();
    easels.delete(parentElement);
  };
}
