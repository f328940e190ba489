// One image or several: which of them is shown.

const EACH = 2000; // milliseconds that one of several images is shown

/** Several images in turn. It moves by itself only where that is wanted, and can be stopped. */
class Reel {
  frame = 0;
  count = 1;
  stopped = matchMedia("(prefers-reduced-motion: reduce)").matches;

  constructor(button, showFrame) {
    this.button = button;
    this.showFrame = showFrame;
    button.addEventListener("click", () => (this.stopped ? this.go() : this.stop()));
    this.timer = setInterval(() => this.turn(), EACH);
  }

  show(frame, count) {
    this.count = count;
    this.frame = frame < count ? frame : 0;
    this.button.hidden = count < 2;
    this.say();
    this.showFrame(this.frame);
  }

  turn() {
    if (!this.button.isConnected) return clearInterval(this.timer);
    if (this.stopped || this.count < 2 || document.hidden) return;
    this.frame = (this.frame + 1) % this.count;
    this.showFrame(this.frame);
  }

  go() {
    this.stopped = false;
    this.turn();
    this.say();
  }

  stop() {
    this.stopped = true;
    this.say();
  }

  say() {
    setText(this.button, this.stopped ? "Other digits" : "Hold this digit");
  }
}
