"""Puts a chart in SVG onto the page."""

from streamlit.components.v2 import component


def show(chart: str, *, key: str) -> None:
    """Put a chart onto the page: st.html takes every SVG out of what it is given."""
    _mount(key=key, data={"chart": chart})


_mount = component(
    "digit_lab_svg",
    html='<div class="place"></div>',
    css="""
svg {
  display: block;
  width: 100%;
  height: auto;
  max-width: 40rem;
  font-family: var(--st-font);
  font-variant-numeric: tabular-nums;
}
""",
    js="""
export default function ({ data, parentElement }) {
  parentElement.querySelector(".place").innerHTML = data.chart;
}
""",
)
