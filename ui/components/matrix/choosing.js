// Choosing a number by pointer and by keys. It is outlined and said at once; Python hears a moment later.

const SETTLED = 80; // milliseconds: while a key is held down only the last choice travels
const FAR = 10; // rows or columns that a large step goes, without blocks

class MatrixView extends Field {
  constructor(root, memory) {
    super(root);
    this.memory = memory; // as in choice.js
    this.cell = memory.cell;
    this.field.addEventListener("click", (event) => this.onClick(event));
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    for (const button of this.steps) button.addEventListener("click", () => this.move(...stepOf(button)));
  }

  update(frame, setStateValue) {
    this.send = setStateValue;
    const obeys = obey(this.memory, frame);
    if (obeys) this.cell = this.memory.cell;
    this.show(frame);
    if (obeys) this.bringIntoSight();
    this.say(false);
  }

  choose(row, column) {
    const { shape, first_row, first_column } = this.frame;
    const cell = [first_row + within(row, 0, shape[0] - 1), first_column + within(column, 0, shape[1] - 1)];
    if (this.cell?.join() !== cell.join()) {
      this.cell = this.memory.cell = cell;
      this.memory.count++;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send("chosen", [...cell, this.memory.count]), SETTLED);
    }
    this.placeOutline();
    this.bringIntoSight();
    this.say(true);
  }

  onClick(event) {
    const box = this.numbers.getBoundingClientRect();
    const row = this.frame.labels ? 0 : Math.floor((event.clientY - box.top) / this.high);
    this.choose(row, Math.floor((event.clientX - box.left) / this.wide));
  }

  onKey(event) {
    if (event.altKey || event.metaKey) return;
    const [rows, columns] = this.frame.blocks ?? [FAR, FAR];
    const [down, right] = event.shiftKey ? [rows, columns] : [1, 1];
    const [allRows, allColumns] = this.frame.shape;
    const upOrDown = event.ctrlKey ? allRows : 0;
    const step = {
      ArrowLeft: [0, -right],
      ArrowRight: [0, right],
      ArrowUp: [-down, 0],
      ArrowDown: [down, 0],
      PageUp: [-rows, 0],
      PageDown: [rows, 0],
      Home: [-upOrDown, -allColumns],
      End: [upOrDown, allColumns],
    }[event.key];
    if (!step) return;
    event.preventDefault();
    this.move(...step);
  }

  /** As many rows and columns on as there are; a small step without a choice chooses the first number. */
  move(down, right) {
    if (!this.place && Math.abs(down) + Math.abs(right) === 1) return this.choose(0, 0);
    const [row, column] = this.place ?? [0, 0];
    this.choose(row + down, column + right);
  }

  // Read aloud what the reader asks for, not what new numbers change by themselves.
  say(aloud) {
    setAttribute(this.status, "aria-live", aloud ? "polite" : "off");
    const { quantity } = this.frame;
    const hint = `Click or tap a ${quantity}, or use the arrow keys, to read it.`;
    setText(this.status, this.place ? cellInWords(this.frame, this.cell) : hint);
  }
}
