"""Digit Lab's core: networks in plain NumPy that learn MNIST while one watches.
This package knows nothing of a browser; everything in it can be used from a script.
"""
