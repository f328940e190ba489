"""Looking into a trained network: what its units hold, and why it answers as it does."""
