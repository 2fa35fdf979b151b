"""Gongji: the settlement engine, a library that knows no wire, no clock and no city."""
