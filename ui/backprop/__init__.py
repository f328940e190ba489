"""The Back-propagation page: one training step on one digit, number by number."""
