"""Experiments: many runs side by side, searches over settings, fair comparisons; and export."""
