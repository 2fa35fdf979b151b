"""The shared checker: is a ledger what its journal, its rules and its promises say it is?

It reads a store and nothing else. It shares no state, no fold and no compiled code with the
ledger it checks: amounts come from the reference kernel, state from a fold of its own in plain
Python integers.
"""
