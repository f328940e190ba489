"""The page Experiments: what many runs say together, and the runs that are kept."""
