// What stands below the picture of a chosen unit or output: its sum worked out, and where it leads.

class DetailView {
  constructor(element, onClose) {
    this.element = element;
    this.onClose = onClose;
    this.shown = ""; // the choice that it was built for
  }

  /** `pictures` are the pixels of the digit, of the weights and of the evidence, as functions that paint. */
  update(detail, pictures) {
    this.element.hidden = detail === null;
    if (detail === null) {
      this.shown = "";
      return;
    }
    const choice = `${detail.level} ${detail.unit} ${detail.leads !== null}`;
    if (choice !== this.shown) this.build(detail, choice);
    for (const [name, paintInto] of Object.entries(pictures)) {
      const canvas = this.element.querySelector(`canvas.${name}`);
      canvas.closest("figure").hidden = paintInto === null;
      paintInto?.(canvas);
    }
    setText(this.element.querySelector(".sum"), this.sumOf(detail));
    setText(this.element.querySelector(".result"), detail.result);
    this.showLeads(detail.leads);
  }

  build(detail, choice) {
    this.shown = choice;
    this.element.innerHTML =
      '<div class="top"><strong></strong><button type="button" aria-label="Close">×</button></div>' +
      '<div class="evidence">' +
      '<figure><canvas class="digit" width="28" height="28"></canvas><figcaption>digit</figcaption></figure>' +
      '<figure><canvas class="weights" width="28" height="28"></canvas><figcaption>× weights</figcaption></figure>' +
      '<figure><canvas class="parts" width="28" height="28"></canvas><figcaption>= evidence</figcaption></figure>' +
      '<div class="sums"><p class="sum"></p><p class="result"></p></div></div>' +
      '<div class="leads"></div>';
    this.element.querySelector("strong").textContent = detail.title;
    this.element.querySelector("button").addEventListener("click", () => this.onClose());
    if (detail.leads) {
      const rows = detail.leads.map((_, digit) => `<div><span>${digit}</span><i><b></b></i><span></span></div>`);
      this.element.querySelector(".leads").innerHTML =
        `<p>f(a) times its ten outgoing weights: what it adds to each digit</p><div class="bars">${rows.join("")}</div>`;
    }
  }

  sumOf({ for: speaksFor, against, noun, units, others, rest, bias, level }) {
    const end = `bias ${withSign(bias)}`;
    if (units === undefined) {
      return `w·x + b: ink for it ${withSign(speaksFor)}, ink against it ${withSign(against)}, ${end}`;
    }
    const parts = units.map(([unit, part]) => `${noun} ${unit} ${withSign(part)}`);
    if (others > 0) parts.push(`${thousands(others)} others ${withSign(rest)}`);
    return `w·f + b, strongest first: ${parts.join(", ")}, ${end}`;
  }

  showLeads(leads) {
    if (!leads) return;
    const most = Math.max(...leads.map((part) => Math.abs(part ?? 0)), 1e-9);
    [...this.element.querySelector(".bars").children].forEach((row, digit) => {
      const part = leads[digit] ?? 0;
      const bar = row.querySelector("b");
      row.classList.toggle("against", part < 0);
      setStyle(bar, "width", `${(50 * Math.abs(part)) / most}%`);
      setText(row.lastChild, withSign(part));
    });
  }
}
