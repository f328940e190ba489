// The chosen image large: its title, its label, and what each network reads in it.

class LargeImage {
  constructor(root) {
    for (const name of ["picture", "title", "label", "readers"]) this[name] = root.querySelector(`.${name}`);
  }

  show(readings, place) {
    readings.paint(this.picture, place);
    setAttribute(this.picture, "aria-label", `${readings.titles[place]}, labelled ${readings.labels[place]}`);
    setText(this.title, readings.titles[place]);
    const label = Object.assign(document.createElement("b"), { textContent: readings.labels[place] });
    this.label.replaceChildren("labelled ", label);
    while (this.readers.children.length > readings.readers.length) this.readers.lastChild.remove();
    while (this.readers.children.length < readings.readers.length) this.readers.append(newReader());
    readings.readers.forEach((reader, i) => {
      this.readers.children[i].style.setProperty("--colour", reader.colour);
      showReading(this.readers.children[i], readings.reading(reader, place), readings.labels[place]);
    });
  }
}

const READER =
  '<div class="reading"><span class="dot" aria-hidden="true"></span><b class="name"></b><span class="reads"></span></div>' +
  `<div class="bars" role="img">${'<div class="bar"><i></i><span></span></div>'.repeat(CLASSES)}</div>`;

function newReader() {
  return Object.assign(document.createElement("div"), { className: "reader", innerHTML: READER });
}

function showReading(element, { name, shares, best, isRight, sure }, label) {
  setText(element.querySelector(".name"), name);
  const reads = best === null ? "gives no number (NaN)" : `reads ${best}, ${sure}`;
  setText(element.querySelector(".reads"), `${reads} · ${isRight ? "✓ right" : "× wrong"}`);
  const bars = element.querySelector(".bars");
  setAttribute(bars, "aria-label", probabilitiesInWords(name, shares));
  [...bars.children].forEach((bar, digit) => {
    setText(bar.lastChild, String(digit));
    bar.style.setProperty("--share", shares[digit] || 0);
    bar.classList.toggle("best", digit === best);
    bar.classList.toggle("labelled", digit === label);
  });
}

/** The three digits that a network holds most probable. */
function probabilitiesInWords(name, shares) {
  if (shares.some(Number.isNaN)) return `${name} gives no probabilities`;
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, 3);
  return `Probabilities of ${name}: ${order.map((digit) => `${digit} ${inPercent(shares[digit])}`).join(", ")}`;
}
