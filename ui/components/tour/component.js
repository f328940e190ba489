// The tour: which step it is at, and when it shows. It waits until the visitor has rested for a
// moment, so that it does not come between a hand and what it reaches for.

const RESTED = 2000; // milliseconds without a touch or a key
const EVERY = 250; // milliseconds between two looks at where the element is

const tours = new WeakMap(); // place in the page -> its tour
let step = 0; // outlives the place: Streamlit may make a new one
let over = wasSeen();

class Tour {
  offset = null; // of the bubble from its element
  asked = false; // the visitor asked for this step: it shows at once
  gone = new AbortController();

  constructor(bubble, steps, firstPage) {
    Object.assign(this, { bubble, steps, firstPage });
    this.root = bubble.getRootNode();
    const within = (selector) => this.root.querySelector(selector);
    [this.pointer, this.again] = [within(".pointer"), within(".again")];
    [this.words, this.close, this.next] = [within("p"), within(".close"), within(".next")];
    this.again.onclick = () => this.begin();
    this.close.onclick = () => this.end();
    this.next.onclick = () => this.go(true);
    const signal = this.gone.signal;
    const touched = () => { this.touched = performance.now(); };
    for (const name of ["pointerdown", "keydown", "wheel"]) {
      document.addEventListener(name, touched, { capture: true, passive: true, signal });
    }
    document.addEventListener("click", (event) => this.onClick(event), { capture: true, signal });
    document.addEventListener("keydown", (event) => this.onKey(event), { signal });
    document.addEventListener("scroll", () => this.look(), { capture: true, passive: true, signal });
    window.addEventListener("resize", () => this.look(), { signal });
    window.addEventListener("storage", () => wasSeen() && this.end(), { signal }); // in another tab
    touched();
    this.timer = setInterval(() => this.look(), EVERY);
  }

  get element() {
    return elementOf(this.steps[step]);
  }

  /** From the first step on, on the page where that is. */
  begin() {
    [step, over, this.asked, this.offset] = [0, false, true, null];
    if (!this.element) document.querySelector(this.firstPage).click();
    this.arrive();
  }

  end() {
    over = true;
    rememberSeen();
    const hadFocus = this.bubble.contains(this.root.activeElement);
    this.hide();
    if (hadFocus) this.again.focus({ preventScroll: true });
  }

  /** To the next step whose element is there. */
  go(asked) {
    const later = this.steps.findIndex((one, number) => number > step && elementOf(one));
    if (later < 0) return this.end();
    [step, this.asked, this.offset] = [later, asked, null];
    this.arrive();
  }

  /** Only who asked for a step is led to it: the page never scrolls by itself. */
  arrive() {
    const element = this.element;
    const box = element?.getBoundingClientRect();
    if (this.asked && box && (box.top < 0 || box.bottom > innerHeight)) {
      element.scrollIntoView({ block: "center", behavior: "instant" });
    }
    if (!this.asked) this.hide();
    this.look();
  }

  onClick(event) {
    if (!this.bubble.hidden && event.composedPath().includes(this.element)) this.go(false);
  }

  /** Escape is the tour's while the keyboard is at it, at its element, or nowhere. */
  onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || this.bubble.hidden) return;
    const at = document.activeElement;
    if (at === document.body || at === this.root.host || at === this.element) this.end();
  }

  /** Shows the step where its element is now, or hides while that can't be seen. */
  look() {
    if (!this.bubble.isConnected) return this.leave();
    if (over) return;
    const box = this.element?.getBoundingClientRect();
    const waits = !this.asked && this.bubble.hidden && performance.now() - this.touched < RESTED;
    if (!box || !inView(box) || waits) return this.hide();
    this.bubble.hidden = false;
    this.say();
    const place = this.placeBeside(box);
    if (!place) return this.hide();
    this.offset = { left: place.left - box.left, top: place.top - box.top };
    Object.assign(this.bubble.style, { left: `${place.left}px`, top: `${place.top}px` });
    point(this.pointer, place, box);
  }

  say() {
    const words = `${step + 1} of ${this.steps.length}. ${this.steps[step].sentence}`;
    if (this.words.textContent !== words) this.words.textContent = words;
    const last = step === this.steps.length - 1;
    this.close.hidden = last; // "Done" is the same
    this.next.textContent = last ? "Done" : "Next";
  }

  /** It stays where it is beside its element, as long as it covers nothing there. */
  placeBeside(box) {
    const size = this.bubble.getBoundingClientRect();
    const things = obstacles(this.root);
    if (this.offset) {
      const same = boxAt(box.left + this.offset.left, box.top + this.offset.top, size);
      if (costOf(same, things) === 0 && fits(same)) return same;
    }
    return bestPlace(box, size, things);
  }

  hide() {
    this.bubble.hidden = true;
  }

  leave() {
    this.gone.abort();
    clearInterval(this.timer);
  }
}

export default function ({ data, parentElement }) {
  const bubble = parentElement.querySelector(".bubble");
  if (!tours.has(bubble)) tours.set(bubble, new Tour(bubble, data.steps, data.first_page));
}
