"""Digits as people of many countries write them, made stroke by stroke."""
