// Which runs are chosen: a click on a line chooses it alone, its box adds it to the others. Arrow keys
// go from box to box, so that the whole list is one stop of the Tab key.

const FILTER_FROM = 11; // runs; fewer are seen at a glance
const HINT = "Click a run to open it. Tick up to %s to compare them.";

class RunListView {
  rows = new Map(); // id -> its row, in the order of the lines
  chosen = []; // ids
  refusal = ""; // why the last choice was not made, until another is
  sentAt = null; // marks the last choice that was sent

  constructor(root) {
    this.root = root;
    for (const name of ["filter", "says", "scroller"]) this[name] = root.querySelector(`.${name}`);
    this.body = root.querySelector("tbody");
    this.search = root.querySelector("input");
    this.search.addEventListener("input", () => this.onSearch());
    this.body.addEventListener("click", (event) => this.onClick(event));
    this.body.addEventListener("change", (event) => this.toggle(this.rowOf(event)));
    this.body.addEventListener("keydown", (event) => this.onKey(event));
    this.body.addEventListener("focusin", (event) => this.stopAt(this.rowOf(event)));
  }

  update({ lines, chosen, heard, most, description }, setStateValue) {
    this.send = setStateValue;
    this.most = most;
    setText(this.root.querySelector("caption"), description);
    const rows = new Map();
    for (const values of lines) {
      const row = this.rows.get(values[0]) ?? new Row(values[0]);
      row.update(values);
      rows.set(row.id, row);
    }
    for (const [id, row] of this.rows) if (!rows.has(id)) row.tr.remove();
    this.rows = rows;
    this.arrange();
    const isOlder = this.sentAt !== null && heard !== this.sentAt;
    if (!isOlder) this.chosen = chosen;
    this.filter.hidden = lines.length < FILTER_FROM && !this.search.value;
    this.onSearch();
    this.mark();
  }

  /** Only a row that stands elsewhere is moved: one that is moved loses the focus. */
  arrange() {
    let place = this.body.firstElementChild;
    for (const { tr } of this.rows.values()) {
      if (tr === place) place = place.nextElementSibling;
      else this.body.insertBefore(tr, place);
    }
  }

  get shown() {
    return [...this.rows.values()].filter((row) => !row.tr.hidden);
  }

  onSearch() {
    const words = this.search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const row of this.rows.values()) row.tr.hidden = !row.fits(words);
    if (!this.stop || !this.rows.has(this.stop.id) || this.stop.tr.hidden) this.stopAt(this.shown[0]);
    this.say();
  }

  say() {
    const all = thousands(this.rows.size);
    const found = this.search.value ? `${thousands(this.shown.length)} of ${all} runs. ` : "";
    const hint = HINT.replace("%s", this.most);
    setText(this.says, found + (this.refusal || (this.chosen.length > 1 ? `${this.chosen.length} runs chosen.` : hint)));
  }

  /** The one row whose box the Tab key reaches. */
  stopAt(row) {
    if (this.stop) this.stop.box.tabIndex = -1;
    this.stop = row;
    if (row) row.box.tabIndex = 0;
  }

  mark() {
    for (const row of this.rows.values()) row.choose(this.chosen.includes(row.id));
  }

  rowOf(event) {
    const tr = event.target.closest("tr");
    return [...this.rows.values()].find((row) => row.tr === tr);
  }

  onClick(event) {
    if (event.target.closest(".box") || !getSelection().isCollapsed) return;
    const row = this.rowOf(event);
    this.stopAt(row);
    this.choose(this.chosen.length === 1 && this.chosen[0] === row.id ? [] : [row.id]);
  }

  toggle(row) {
    const listed = this.chosen.filter((id) => this.rows.has(id));
    if (listed.includes(row.id)) this.choose(listed.filter((id) => id !== row.id));
    else if (listed.length < this.most) this.choose([...listed, row.id]);
    else {
      row.choose(false);
      this.refusal = `At most ${this.most} runs can be chosen: let one of them go first.`;
      this.say();
    }
  }

  choose(ids) {
    this.chosen = ids;
    this.refusal = "";
    this.mark();
    this.say();
    this.sentAt = Date.now() + Math.random(); // unlike any other, in another tab too
    this.send("chosen", { ids, at: this.sentAt });
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const shown = this.shown;
    const at = shown.indexOf(this.rowOf(event));
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: shown.length - 1 }[event.key];
    if (event.key === "Enter") this.choose([shown[at].id]);
    else if (to === undefined) return;
    else shown[to]?.box.focus();
    event.preventDefault();
  }
}

const lists = new WeakMap(); // place in the page -> its list

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".runs");
  let view = lists.get(parentElement);
  if (view?.root !== root) {
    view = new RunListView(root);
    lists.set(parentElement, view);
  }
  view.update(data, setStateValue);
}
