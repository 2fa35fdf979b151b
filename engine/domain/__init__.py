"""Immutable values of outpatient settlement: money, dates, codes, claims, registers, layouts."""
