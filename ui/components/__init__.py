"""Parts of a page that Streamlit does not have: each with one typed door in Python."""
