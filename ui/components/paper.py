"""Shows what a report has, on a page: its headings, figures and tables, in its own style."""

from streamlit.components.v2 import component

from mnist_core.report.pieces import STYLE


def show(content: str, *, key: str) -> None:
    """Put HTML that was made of the report's pieces onto the page, which keeps its charts."""
    _mount(key=key, data={"content": content})


_mount = component(
    "digit_lab_paper",
    html='<div class="place"></div>',
    css=STYLE.read_text(encoding="utf-8")
    + """
:host {
  --ink: currentcolor;
  --soft: color-mix(in srgb, currentcolor 80%, transparent);
  --line: color-mix(in srgb, currentcolor 22%, transparent);
}
.place {
  overflow-wrap: anywhere;
}
h2 {
  margin-top: 1rem;
}
svg {
  font-family: var(--st-font);
  font-variant-numeric: tabular-nums;
}
.claims {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr));
  gap: 1rem 2rem;
  padding-left: 1.25rem;
}
.claims p {
  margin: 0 0 0.5rem;
}
.claims p + p {
  font-size: 0.875rem;
}
.verdict {
  padding: 0.1rem 0.5rem;
  border: 1px solid currentcolor;
  border-radius: 1rem;
  white-space: nowrap;
  font-size: 0.875rem;
}
.supported {
  color: light-dark(#0a6640, #86dcae);
}
.refuted {
  color: light-dark(#a13d0f, #ffb08a);
}
""",
    js="""
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".place");
  if (place.shown === data.content) return; // what is selected or has the focus stays so
  place.innerHTML = place.shown = data.content;
}
""",
)
