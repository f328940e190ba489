"""Training runs that live in processes of their own, outside the page's.
worker.py is the process, local.py starts and watches it, protocol.py is what the two say.
"""
