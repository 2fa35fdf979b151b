"""The state that a journal folds into: registers, counters, balances, request ids."""
