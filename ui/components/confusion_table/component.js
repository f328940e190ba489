// The table of true and predicted digits: arrow keys go from cell to cell; a click or Enter chooses one.

const tables = new WeakMap(); // place in the page -> its table
const DIGITS = [...Array(10).keys()];
const BOLD_FROM = 0.35; // of the most mistakes, on the scale of the colours
const article = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;

class ConfusionView {
  chosen = null; // [true digit, predicted digit]
  sentAt = null; // marks the last choice that was sent

  constructor(root) {
    this.root = root;
    this.says = root.querySelector(".says");
    this.build();
    const body = root.querySelector("tbody");
    body.addEventListener("click", (event) => this.onClick(event));
    body.addEventListener("keydown", (event) => this.onKey(event));
    for (const name of ["focusin", "pointerover"]) {
      body.addEventListener(name, (event) => this.read(this.placeOf(event)));
    }
    for (const name of ["focusout", "pointerleave"]) {
      body.addEventListener(name, () => this.read(this.chosen));
    }
  }

  build() {
    const heads = DIGITS.map((digit) => `<th scope="col">${digit}</th>`).join("");
    this.root.querySelector("thead").innerHTML =
      `<tr aria-hidden="true"><th></th><th class="axis" colspan="10"></th></tr>` +
      `<tr><th scope="col"><span class="word">digit </span>↓</th>${heads}</tr>`;
    this.root.querySelector("tbody").innerHTML = DIGITS.map(
      (digit) => `<tr><th scope="row">${digit}</th>${"<td></td>".repeat(10)}</tr>`,
    ).join("");
    this.axis = this.root.querySelector(".axis");
    this.columns = [...this.root.querySelectorAll("thead tr:last-child th")].slice(1);
    this.rows = [...this.root.querySelectorAll("tbody th")];
    this.cells = [...this.root.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td")]);
  }

  update({ counts, texts, unit, chosen, heard, description }, setStateValue) {
    this.send = setStateValue;
    this.counts = counts;
    this.root.querySelector("caption").textContent = description;
    this.axis.textContent = `read as →${unit}`;
    const most = Math.max(1, ...DIGITS.flatMap((i) => DIGITS.map((j) => (i === j ? 0 : counts[i][j]))));
    for (const i of DIGITS) {
      for (const j of DIGITS) {
        const cell = this.cells[i][j];
        const much = i === j ? 0 : Math.sqrt(counts[i][j] / most);
        cell.textContent = texts[i][j];
        cell.className = i === j ? "right" : much > BOLD_FROM ? "much" : "";
        cell.style.setProperty("--much", much.toFixed(3));
        cell.setAttribute("aria-label", this.words(i, j));
      }
    }
    const isOlder = this.sentAt !== null && heard !== this.sentAt;
    if (!isOlder) this.chosen = chosen;
    this.mark();
    this.read(this.chosen);
  }

  words(i, j) {
    const count = this.counts[i][j].toLocaleString("en");
    const images = this.counts[i][j] === 1 ? "image" : "images";
    const what = i === j ? "read right" : `read as ${article(j)}`;
    return `${count} ${images} of ${article(i)} ${what}`;
  }

  mark() {
    const [row, column] = this.stop ?? this.chosen ?? this.firstStop();
    for (const i of DIGITS) {
      for (const j of DIGITS) {
        this.cells[i][j].setAttribute("aria-selected", String(this.isChosen([i, j])));
        this.cells[i][j].tabIndex = i === row && j === column ? 0 : -1;
      }
    }
  }

  // The cell with the most mistakes is the first to be reached by the keyboard.
  firstStop() {
    const errors = DIGITS.flatMap((i) => DIGITS.filter((j) => j !== i).map((j) => [i, j]));
    const count = ([i, j]) => this.counts[i][j];
    return errors.reduce((best, cell) => (count(cell) > count(best) ? cell : best));
  }

  // Say what a cell is of, and make its digits in the margins bold.
  read(place) {
    const [row, column] = place ?? [-1, -1];
    this.rows.forEach((head, i) => head.classList.toggle("read", i === row));
    this.columns.forEach((head, j) => head.classList.toggle("read", j === column));
    const more = place && this.isChosen(place) ? " Choose the cell again to let it go." : "";
    this.says.textContent = place ? `${this.words(row, column)}.${more}` : "Choose a cell to see its images.";
  }

  isChosen([row, column]) {
    return this.chosen !== null && row === this.chosen[0] && column === this.chosen[1];
  }

  placeOf(event) {
    const cell = event.target.closest("td");
    const row = this.cells.findIndex((cells) => cells.includes(cell));
    return row < 0 ? this.chosen : [row, this.cells[row].indexOf(cell)];
  }

  onClick(event) {
    if (event.target.closest("td")) this.choose(this.placeOf(event));
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const [row, column] = this.placeOf(event);
    const to = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, 9],
    }[event.key];
    if (to) this.goTo(to);
    else if (event.key === "Enter" || event.key === " ") this.choose([row, column]);
    else if (event.key === "Escape" && this.chosen) this.choose(this.chosen);
    else return;
    event.preventDefault();
  }

  goTo([row, column]) {
    const cell = this.cells[row]?.[column];
    if (!cell) return;
    this.stop = [row, column];
    this.mark();
    cell.focus();
  }

  // The chosen cell is let go when it is chosen again.
  choose(place) {
    this.stop = place;
    this.chosen = this.isChosen(place) ? null : place;
    this.mark();
    this.read(place);
    this.sentAt = Date.now() + Math.random(); // unlike any other, in another tab too
    this.send("chosen", { cell: this.chosen, at: this.sentAt });
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".confusion");
  let view = tables.get(parentElement);
  if (view?.root !== root) {
    view = new ConfusionView(root);
    tables.set(parentElement, view);
  }
  view.update(data, setStateValue);
}
