"""The visitor's runs: listed, named, compared, taken along and brought back."""
