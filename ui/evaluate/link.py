"""The choices of this page, which its address says."""

from ui.choices import Choices

CHOICES = Choices(
    "evaluate_",
    ("network", "against", "images", "look", "which", "cell", "image", "threshold", "example"),
)
