// A slider over the steps of a run that tells Python where it is while it is still being moved.
// Python's own place counts again as soon as the hand has been off it for a moment.

const EVERY = 50; // ms between two messages; the place where a movement ends is always sent
const SETTLED = 600; // ms after a movement in which what Python says is older than what the hand did

const sliders = new WeakMap(); // place in the page -> its slider

class StepSlider {
  constructor(input) {
    this.input = input;
    this.moved = -Infinity; // when the hand last moved it
    this.sent = -Infinity;
    this.timer = null;
    input.addEventListener("input", () => this.onInput());
    input.addEventListener("change", () => this.send(true)); // let go, or moved by a key
  }

  update({ step, last, words }, setStateValue) {
    this.setStateValue = setStateValue;
    if (words) this.input.setAttribute("aria-valuetext", words);
    this.input.max = last;
    if (performance.now() - this.moved > SETTLED) this.input.value = step;
  }

  onInput() {
    this.moved = performance.now();
    this.timer ??= setTimeout(() => this.send(false), Math.max(0, this.sent + EVERY - this.moved));
  }

  send(rests) {
    clearTimeout(this.timer);
    this.timer = null;
    this.sent = performance.now();
    this.setStateValue("step", [Number(this.input.value), rests]);
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const input = parentElement.querySelector("input");
  let slider = sliders.get(parentElement);
  if (slider?.input !== input) {
    slider = new StepSlider(input);
    sliders.set(parentElement, slider);
  }
  parentElement.querySelector(".words").textContent = data.label;
  slider.update(data, setStateValue);
}
