"""Training runs that live in processes of their own, outside the page's.
job.py holds the words both sides speak, worker.py is the process, local.py starts and watches it.
"""
