// The names of the stops as they are written in mathematics: a₁, ŷ, and ∂L/∂a₁ as a fraction.

function written({ letter, number, gradient }) {
  const value = `<i>${letter === "y_hat" ? "ŷ" : letter}</i>${number && `<sub>${number}</sub>`}`;
  if (!gradient) return `<span class="value">${value}</span>`;
  return `<span class="fraction"><span>∂<i>L</i></span><span>∂${value}</span></span>`;
}
