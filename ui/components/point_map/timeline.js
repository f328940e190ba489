// The steps of the training: a slider, a mark for each step that is there, and playing.

const PLAY_EVERY = 400; // milliseconds from step to step

class Timeline {
  steps = []; // { name, share, accuracy }, without the last two as long as a step has not arrived
  at = 0;
  timer = null;

  /** `onMove(at, duration)` is told of each step that the reader goes to. */
  constructor(root, onMove) {
    this.root = root;
    this.onMove = onMove;
    this.input = root.querySelector("input");
    this.button = root.querySelector(".play");
    this.input.addEventListener("input", () => this.onInput());
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
  }

  show(steps, at) {
    this.steps = steps;
    this.at = at;
    const isThere = steps.map(({ accuracy }) => accuracy !== undefined);
    this.root.hidden = steps.length < 2;
    this.input.max = steps.length - 1;
    this.input.value = Math.max(at, 0);
    this.button.disabled = isThere.filter(Boolean).length < 2;
    const ticks = this.root.querySelector(".ticks");
    while (ticks.children.length < steps.length) ticks.append(document.createElement("i"));
    while (ticks.children.length > steps.length) ticks.lastChild.remove();
    isThere.forEach((there, i) => {
      setStyle(ticks.children[i], "left", `${(100 * i) / (steps.length - 1)}%`);
      ticks.children[i].classList.toggle("there", there);
    });
    this.say();
  }

  say() {
    const [first, last, here] = [this.steps[0], this.steps.at(-1), this.steps[this.at]].map((step) => step && told(step));
    setText(this.root.querySelector(".before"), `Before: ${first}`);
    setText(this.root.querySelector(".after"), `After: ${last}`);
    setText(this.root.querySelector(".here"), here ? `Shown: ${here}${this.remark()}` : "");
    setAttribute(this.input, "aria-valuetext", here ?? "no step yet");
  }

  remark() {
    return this.steps[this.at].share < RINGED ? "; too many mistakes to ring them" : "";
  }

  /** Steps that have not arrived are passed over. */
  onInput() {
    this.stop();
    const wish = Number(this.input.value);
    this.go(nearestThere(this.steps, wish, Math.sign(wish - this.at)));
    this.input.value = this.at;
  }

  go(at, duration) {
    if (at < 0 || at === this.at) return;
    this.at = at;
    this.input.value = at;
    this.say();
    this.onMove(at, duration);
  }

  play() {
    this.timer = setInterval(() => this.turn(), PLAY_EVERY);
    setText(this.button, "Stop");
    const first = this.steps.findIndex(({ accuracy }) => accuracy !== undefined);
    if (this.following() < 0) this.go(first);
    else this.turn();
  }

  turn() {
    const next = this.following();
    if (next < 0 || !this.root.isConnected) return this.stop();
    this.go(next, PLAY_EVERY);
  }

  following() {
    return this.steps.findIndex(({ accuracy }, i) => i > this.at && accuracy !== undefined);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    setText(this.button, "Play");
  }
}

const told = ({ name, accuracy }) => `${name}, ${accuracy === undefined ? "not computed yet" : `${accuracy} right`}`;

/** The number of the step nearest to a place that has arrived, if possible in a direction; or -1. */
function nearestThere(steps, place, direction = 0) {
  let [best, least] = [-1, Infinity];
  steps.forEach(({ accuracy }, i) => {
    const isBehind = direction !== 0 && Math.sign(i - place) === -direction;
    const distance = Math.abs(i - place) + (isBehind ? steps.length : 0);
    if (accuracy !== undefined && distance < least) [best, least] = [i, distance];
  });
  return best;
}
