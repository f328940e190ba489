"""The page Weights: page.py is what it consists of, the other files are its panels."""
