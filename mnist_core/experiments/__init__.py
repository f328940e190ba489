"""Experiments: many runs side by side, searches over settings, and fair comparisons."""
