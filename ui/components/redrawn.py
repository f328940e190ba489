"""Keeps the picture of a chart in its place until the chart is drawn anew.
Streamlit takes a plotly chart out of the page whenever its figure is another one, and puts an empty
place there that plotly fills some frames later: a live chart flickered once a second. It relies on
the class names of plotly, and on the test id of a chart's place, as Streamlit 1.67 has it.
"""

from streamlit.components.v2 import component


def charts_stay_until_redrawn() -> None:
    """To be called once on every page."""
    _mount(key="redrawn")


_mount = component(
    "digit_lab_redrawn",
    html='<span class="redrawn" hidden></span>',
    js="""
const PLACE = '[data-testid="stPlotlyChart"]';
const PATIENCE = 2000; // milliseconds, should the chart not come

/** The picture lies over the new chart's place until the chart is in it. */
function keep(picture, place) {
  const cover = document.createElement("div");
  cover.ariaHidden = "true";
  cover.style.cssText = "position: absolute; inset: 0; pointer-events: none";
  cover.append(picture);
  place.style.position = "relative";
  place.append(cover);
  const until = performance.now() + PATIENCE;
  const look = (now) => {
    const drawn = place.querySelector(".js-plotly-plot .main-svg");
    if (drawn || now > until || !place.isConnected) cover.remove();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function onChange(records) {
  const taken = records.flatMap(({ target, removedNodes }) =>
    [...removedNodes].filter((node) => node.nodeType === 1).map((node) => ({ target, node })));
  const gone = taken.filter(({ node }) => !node.isConnected && node.matches(".stElementContainer"));
  for (const { target, node } of taken) {
    // Plotly takes its picture out of a chart that has gone before anybody hears of either.
    const picture = node.matches(".plot-container") ? node : node.querySelector(".plot-container");
    const chart = gone.find(({ node: one }) => one.contains(node) || one.contains(target));
    if (!picture || !chart) continue;
    const places = chart.target.querySelectorAll(PLACE);
    if (places.length === 1 && !places[0].querySelector(".main-svg")) keep(picture, places[0]);
  }
}

export default function ({ parentElement }) {
  const here = parentElement.querySelector(".redrawn");
  if (here.dataset.watches) return;
  here.dataset.watches = "yes";
  const observer = new MutationObserver((records) => {
    if (here.isConnected) onChange(records);
    else observer.disconnect();
  });
  observer.observe(document.body, { childList: true, subtree: true });
}
""",
)
