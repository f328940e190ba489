"""The colours of the tiles: blue for negative, orange for positive, alike in both signs."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Theme = Literal["light", "dark"]
# A code runs from -127 to 127, so that zero is a code of its own and both signs are alike.
STEPS = 127
MISSING = -128  # the code of a number that is not finite
# (lightness at zero, lightness at the ends, chroma at the ends) in OKLCH. Both signs share them and
# differ in hue alone: blue and orange are told apart by every common form of colour blindness.
_RAMPS: dict[Theme, tuple[float, float, float]] = {
    "light": (0.965, 0.48, 0.13),
    "dark": (0.27, 0.78, 0.11),
}
_BLUE, _ORANGE = 253.0, 45.0  # hues of negative and positive, degrees


def colour_table(theme: Theme = "light", *, diverging: bool = True) -> NDArray[np.uint8]:
    """Colours uint8 (256, 3) of the codes -128 to 127, in that order; zero stands at index 128.

    Diverging: blue for negative, the theme's neutral for zero, orange for positive, and a code and
    its opposite are equally light. Otherwise black for zero to white for 127, in both themes.
    """
    codes = np.arange(MISSING, STEPS + 1)
    strength = np.abs(codes) / STEPS  # (256,)
    if diverging:
        at_zero, at_end, chroma = _RAMPS[theme]
        hue = np.radians(np.where(codes < 0, _BLUE, _ORANGE))
        # Chroma rises faster than lightness, so that the sign of a small weight shows already.
        table = _oklch_to_srgb(at_zero + (at_end - at_zero) * strength, chroma * strength**0.7, hue)
    else:
        table = np.repeat(np.rint(255 * strength)[:, None], 3, axis=1)  # (256, 3)
    table[0] = 128  # missing: a grey that no number has; drawn as a chequered pattern
    return table.astype(np.uint8)


def _oklch_to_srgb(
    lightness: NDArray[np.float64], chroma: NDArray[np.float64], hue: NDArray[np.float64]
) -> NDArray[np.float64]:
    """OKLCH (k,), hue in radians, to sRGB (k, 3) in 0..255.

    Matrices: Ottosson (2020), "A perceptual color space for image processing".
    """
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])  # (3, k)
    to_lms = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(to_linear @ (to_lms @ lab) ** 3, 0, 1)  # (3, k)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * srgb.T)  # (k, 3)


# Of both themes, one after the other, by whether both signs occur.
COLOURS = {
    diverging: b"".join(
        colour_table(theme, diverging=diverging).tobytes() for theme in ("light", "dark")
    )
    for diverging in (True, False)
}
