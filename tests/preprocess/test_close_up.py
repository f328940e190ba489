"""The ink of close-ups whose paper and light are known."""

import numpy as np
from PIL import Image, ImageDraw

from mnist_core.preprocess.close_up import close_up_ink


def test_thick_light_ink_is_ink_in_the_shade_too() -> None:
    sheet = Image.new("L", (60, 80))
    ImageDraw.Draw(sheet).line([(0, 12), (48, 12), (24, 80)], fill=1, width=28, joint="curve")
    seven = np.asarray(sheet).astype(bool)
    light = np.linspace(0.4, 1, 60)  # from the left
    picture = (np.where(seven, 215, 36) * light).astype(np.uint8)
    ink = close_up_ink(picture, light=True) > 127
    assert (ink == seven).mean() > 0.99
