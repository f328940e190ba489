// The text that browser and server share. The words are explained in journal.py, which reads them.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WORDS = /[+~][\w-]{7}|[\w-]{5}|[!<>*]/g;
const FULL = 4095; // the right or lower edge, in two digits
const NORMAL_WIDTH = 32; // the digit of a width factor of 1
const LONG = 12_000; // characters: a journal longer than this, or of many marks, loses its past when the canvas is cleared

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const newOrigin = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => DIGITS[n % 64]).join("");

function twoDigits(fraction) {
  const n = Math.round(clamp(fraction, 0, 1) * FULL);
  return DIGITS[n >> 6] + DIGITS[n & 63];
}

const numberOf = (text) => (DIGITS.indexOf(text[0]) * 64 + DIGITS.indexOf(text[1])) / FULL;
const wordOf = ({ x, y, width }) => twoDigits(x) + twoDigits(y) + DIGITS[width];
const pointOf = (word) => ({ x: numberOf(word), y: numberOf(word.slice(2)), width: DIGITS.indexOf(word[4]) });

/** The text that browser and server share, and the marks that it amounts to. */
class Journal {
  constructor({ origin, background = null, text = "" }) {
    this.origin = origin;
    this.background = background; // base 64 of 28 x 28 grey values, or null
    this.text = "";
    this.marks = []; // { words, points, brush, erase } of a stroke, or { words: "*" } of a clear
    this.undone = [];
    this.write(text);
  }

  write(text) {
    for (const [word] of text.matchAll(WORDS)) {
      this.text += word;
      if (word === "<") this.undone.push(this.marks.pop());
      else if (word === ">") this.marks.push(this.undone.pop());
      else if (word === "!") this.marks.pop();
      else if (word === "*") this.#add({ words: word });
      else if (word[0] === "+" || word[0] === "~") {
        const [brush, point] = [numberOf(word.slice(1)), pointOf(word.slice(3))];
        this.#add({ words: word, points: [point], brush, erase: word[0] === "~" });
      } else {
        const stroke = this.marks.at(-1);
        stroke.words += word;
        stroke.points.push(pointOf(word));
      }
    }
  }

  #add(mark) {
    this.marks.push(mark);
    this.undone = [];
  }

  /** The marks that can be seen: those since the last clear. */
  get visible() {
    return this.marks.slice(this.marks.findLastIndex((mark) => !mark.points) + 1);
  }

  get showsBackground() {
    return this.background !== null && this.marks.every((mark) => mark.points);
  }

  get isBlank() {
    return !this.showsBackground && this.visible.every((mark) => mark.erase);
  }

  get isEmpty() {
    return !this.showsBackground && this.visible.length === 0;
  }

  /** The same picture under a new origin, without what came before it; nothing at all if that is still long. */
  shortened() {
    const clear = this.marks.findLastIndex((mark) => !mark.points);
    const text = this.marks.slice(Math.max(clear, 0)).map((mark) => mark.words).join("");
    const background = clear < 0 ? this.background : null;
    return new Journal({ origin: newOrigin(), ...(text.length < LONG && { background, text }) });
  }
}

/** What survives a reload: a journal under the canvas's key. Storage may be forbidden; then only Python remembers. */
const storage = {
  name: (key) => `digit-lab-canvas:${key}`,
  read(key) {
    try {
      return JSON.parse(sessionStorage.getItem(this.name(key)));
    } catch {
      return null;
    }
  },
  write(key, kept) {
    try {
      sessionStorage.setItem(this.name(key), JSON.stringify(kept));
    } catch {
      // Nothing is lost but the drawing after a reload.
    }
  },
};
