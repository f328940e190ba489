// The names of the stops as they are written in mathematics: a₁, ŷ, and ∂L/∂a₁ as a fraction.

// A drawing of a name, not text: what a stop is called, "a 1", is its accessible name.
const sign = (tag, text) => `<${tag} data-sign="${text}"></${tag}>`;

function written({ letter, number, gradient }) {
  const value = sign("i", letter === "y_hat" ? "ŷ" : letter) + (number && sign("sub", number));
  if (!gradient) return `<span class="value">${value}</span>`;
  const d = sign("span", "∂");
  return `<span class="fraction"><span>${d}${sign("i", "L")}</span><span>${d}${value}</span></span>`;
}
