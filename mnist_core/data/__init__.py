"""MNIST and other data of its form: read, split, varied, and one person's own digits."""
