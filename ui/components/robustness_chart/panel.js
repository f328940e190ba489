// The place above the charts that shows one example large, and what each network makes of it.

class Panel {
  constructor(root) {
    for (const name of ["digit", "strength", "explanation", "kept", "networks"]) {
      this[name] = root.querySelector(`.panel .${name}`);
    }
  }

  /** One row a network, which is the legend too. */
  build({ lines }) {
    this.rows = lines.map(({ name, colour }, line) => {
      const row = make("li", "network");
      row.innerHTML = sample(colour, LOOKS[line]);
      const parts = {};
      for (const part of ["name", "accuracy", "count", "says"]) row.append((parts[part] = make("span", part)));
      parts.name.textContent = name;
      return { row, parts };
    });
    this.networks.replaceChildren(...this.rows.map(({ row }) => row));
  }

  show(frame, { kind, strength }, kept) {
    const words = strengthInWords(frame, kind, strength);
    this.digit.getContext("2d").putImageData(greys(frame.examples[kind], strength), 0, 0);
    setAttribute(this.digit, "aria-label", `Example. ${words}`);
    setText(this.strength, words);
    setText(this.explanation, frame.kinds[kind].explanation);
    setText(this.kept, kept ? "Kept: click it again to let it go." : "Click a strength to keep it here.");
    this.rows.forEach(({ parts }, line) => {
      const { accuracy, count, says, wrong } = factsOf(frame, kind, strength, line);
      setText(parts.accuracy, accuracy);
      setText(parts.count, count);
      setText(parts.says, says && `${says}${wrong ? " ×" : ""}`);
      parts.says.classList.toggle("wrong", wrong);
    });
  }
}
