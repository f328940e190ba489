"""Digit Lab's core: networks in plain NumPy that learn MNIST while one watches.
This package knows nothing of a browser; everything in it can be used from a script.
"""

# As in typing, whose import would keep __main__.py from seeing to Ctrl-C for so long.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from mnist_core.data.mnist import load_mnist
    from mnist_core.training.checkpoint import load_model

__all__ = ["load_mnist", "load_model"]


def __getattr__(name: str) -> object:
    """Import a public name on its first use.

    NumPy is thereby not imported with the package: the command line must first say how many
    threads NumPy's BLAS may use, which can't be changed once NumPy is there.
    """
    if name == "load_mnist":
        from mnist_core.data.mnist import load_mnist

        return load_mnist
    if name == "load_model":
        from mnist_core.training.checkpoint import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
