"""Worked cases: the format, what of it is supported, the ways to run them, the comparison."""
