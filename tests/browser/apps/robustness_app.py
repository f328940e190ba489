"""A page with eight charts whose accuracies arrive bit by bit; `?points=20` begins with so many.
With `?level` the MLP's are 50 % at every strength.

The images are really distorted, the accuracies are made up.
"""

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.augment import change_thickness, warp
from ui import theme
from ui.components.files import component_code
from ui.components.robustness_chart import Kind, Line, Says, robustness_chart
from ui.session import mnist

st.set_page_config(layout="wide")
component_code()
test = mnist().test
place = int(np.flatnonzero(test.labels == 7)[0])
digit = np.repeat(test.images[place][None], 9, axis=0)  # (9, 28, 28)
steps = np.arange(-4.0, 5)  # (9,)
rising = np.arange(9.0)
noise = np.random.default_rng(0).normal(0, 16, digit.shape)


def noisy() -> Array:
    return np.clip(digit + rising[:, None, None] * noise, 0, 255).astype(np.uint8)


def blurred() -> Array:
    images = [digit[0].astype(float)]
    for _ in range(8):
        last = images[-1]
        images.append(sum(np.roll(last, to, axis) for to in (-1, 0, 1) for axis in (0, 1)) / 6)
    return np.stack(images).astype(np.uint8)


def hidden() -> Array:
    images = digit.copy()
    for side, image in enumerate(images):
        image[14 - side : 14 + side, 14 - side : 14 + side] = 0
    return images


# name -> title, unit, strengths, explanation, examples, the strength that changes nothing
KINDS = {
    "shift": ("Shift", "pixels", 2 * steps, "The digit moves to the left or right.",
              warp(digit, shift=np.stack([0 * steps, 2 * steps])), 0),
    "rotation": ("Rotation", "degrees", 15 * steps, "The digit turns about its middle.",
                 warp(digit, rotation=15 * steps), 0),
    "scale": ("Scale", "", 1 + 0.15 * steps, "The digit becomes smaller or larger.",
              warp(digit, scale=np.stack([1 + 0.15 * steps] * 2)), 1),
    "shear": ("Shear", "", 0.2 * steps, "The digit leans to the left or right.",
              warp(digit, shear=0.2 * steps), 0),
    "noise": ("Noise", "grey levels", 16 * rising, "Every pixel changes at random.",
              noisy(), 0),
    "blur": ("Blur", "pixels", 0.5 * rising, "The image goes out of focus.", blurred(), 0),
    "thickness": ("Stroke thickness", "pixels", 0.5 * steps, "The pen becomes finer or broader.",
                  change_thickness(digit, 0.5 * steps), 0),
    "occlusion": ("Occlusion", "pixels", 2 * rising, "A black square hides a part of the digit.",
                  hidden(), 0),
}  # fmt: skip
NAMES = {"MLP": theme.MLP, "CNN": theme.CNN, "Your run": theme.OWN}
LIMITS = {"MLP": 0.35, "CNN": 0.6, "Your run": 0.45}  # share of the strengths that halves accuracy


def distance(strengths: Array, unchanged: float) -> Array:
    """How far from unchanged, 0 to 1, (9,)."""
    far = np.abs(strengths - unchanged)
    return far / far.max()


def accuracies(name: str, points: int) -> Array:
    """Made up, (8, 9), of which the first so many are there."""
    rows = []
    for number, (_, _, strengths, _, _, unchanged) in enumerate(KINDS.values()):
        limit = LIMITS[name] * (1 + 0.3 * np.sin(3 * number))
        rows.append(0.1 + 0.88 / (1 + (distance(strengths, unchanged) / limit) ** 4))
    values = np.round(np.stack(rows), 3)
    if name == "MLP" and "level" in st.query_params:
        values[:] = 0.5
    values.flat[points:] = np.nan
    return values


def says(strengths: Array, unchanged: float, name: str) -> Says:
    far = distance(strengths, unchanged)
    return Says(np.where(far < LIMITS[name], 7, 2), np.round(0.999 - 0.5 * far, 3))


query = st.query_params
points = st.session_state.setdefault("points", int(query.get("points", "72")))
if st.button("Next point"):
    points = st.session_state.points = points + 1
if st.toggle("Without the run"):
    NAMES.pop("Your run")
if st.toggle("Something else"):
    st.stop()
chosen = robustness_chart(
    [
        Kind(
            name, title, unit, strengths, explanation, examples, unchanged, label=7,
            says={network: says(strengths, unchanged, network) for network in NAMES},
        )
        for name, (title, unit, strengths, explanation, examples, unchanged) in KINDS.items()
    ],
    [Line(name, colour, accuracies(name, points)) for name, colour in NAMES.items()],
    10_000,
    key="robustness",
    description="Accuracy on distorted test images",
)  # fmt: skip
st.write(f"points {points}, chosen {chosen}")
