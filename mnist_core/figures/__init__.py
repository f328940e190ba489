"""Charts as SVG, from numbers to text: for pages, for files and for reports."""
