"""Crash and power-loss tests."""
