"""Where the files that come with the program lie."""

from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"
MNIST_FOLDER = ASSETS / "mnist"
MODELS_FOLDER = ASSETS / "models"
