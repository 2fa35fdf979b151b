"""Rules as data: strict rule files, operator figures, and the plans they compile to."""
