"""The command line: a file for each command, parser.py and output.py for what they share."""

import os

# Two BLAS threads and anything else that runs make a small product many times slower, and
# NumPy reads this only once, when it is imported. So it stands before every import of NumPy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
