// What is said of a strength, in the charts, beside the large digit and to screen readers.

/** "30 degrees", "1 degree", "1.2". */
function withUnit(number, units) {
  const unit = Math.abs(number) === 1 ? units.replace(/s$/, "") : units;
  return `${format(number)} ${unit}`.trimEnd();
}

/** A share (0..1) in percent; only what is all or nothing is "100 %" or "0 %". */
function percent(share) {
  const value = 100 * share;
  if (value === 0 || value === 100) return `${value}\u00a0%`;
  if (value < 0.05) return "under 0.1\u00a0%";
  return `${Math.min(value, 99.9).toFixed(1)}\u00a0%`;
}

/** A probability in percent. No network is entirely sure. */
function sureness(probability) {
  return probability >= 0.9995 ? ">99.9\u00a0%" : `${(100 * probability).toFixed(1)}\u00a0%`;
}

/** All that there is to say of a network at a strength; texts are empty where nothing is known. */
function factsOf(frame, kind, strength, line) {
  const { n, kinds, lines } = frame;
  const accuracy = frame.accuracy(line, kind, strength);
  const says = kinds[kind].says[line];
  const measured = !Number.isNaN(accuracy);
  const count = Math.round(accuracy * n);
  const prediction = says?.predictions[strength];
  const wrong = says && kinds[kind].label !== null && prediction !== kinds[kind].label;
  return {
    name: lines[line].name,
    accuracy: measured ? percent(count / n) : "–",
    count: measured ? `${thousands(count)} of ${thousands(n)}` : "not measured yet",
    says: says ? `says ${prediction}, ${sureness(says.confidences[strength])} sure` : "",
    wrong: Boolean(wrong),
  };
}

function strengthInWords({ kinds }, kind, strength) {
  const { title, unit, strengths, unchanged } = kinds[kind];
  return `${title}: ${withUnit(strengths[strength], unit)}${strength === unchanged ? " (unchanged)" : ""}`;
}

/** One sentence for screen readers. */
function sentence(frame, kind, strength, kept) {
  const networks = frame.lines.map((_, line) => {
    const { name, accuracy, says, wrong } = factsOf(frame, kind, strength, line);
    return [`${name} ${accuracy === "–" ? "not measured yet" : accuracy}`, says, wrong ? "wrong" : ""].filter(Boolean).join(", ");
  });
  return `${strengthInWords(frame, kind, strength)}${kept ? ", kept" : ""}. ${networks.join("; ")}.`;
}

function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/** A table with a row for each strength of each kind and a column for each network. */
function fillTable(table, frame) {
  const row = (heads, cells) => {
    const element = document.createElement("tr");
    for (const [text, scope] of heads) {
      const head = make("th", "", text);
      head.scope = scope;
      element.append(head);
    }
    element.append(...cells.map((text) => make("td", "", text)));
    return element;
  };
  const heads = ["Distortion", "Strength", ...frame.lines.map(({ name }) => name)];
  const rows = frame.kinds.flatMap(({ title, unit, strengths }, kind) =>
    strengths.map((strength, place) => {
      const cells = frame.lines.map((_, line) => factsOf(frame, kind, place, line).accuracy);
      return row([[title, "row"], [withUnit(strength, unit), "row"]], cells);
    }),
  );
  const caption = make("caption", "", `${frame.description}. Accuracy on ${thousands(frame.n)} images at each strength.`);
  table.replaceChildren(caption, row(heads.map((text) => [text, "col"]), []), ...rows);
}
