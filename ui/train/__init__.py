"""The page Train: page.py is what it consists of, the other files are its panels."""
