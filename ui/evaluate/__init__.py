"""The page Evaluate: how good a network is, where it errs, and how far to trust it."""
