"""Training: settings, recipes, batches, the loop itself, and checkpoints."""
