"""Every store is held to one suite; what only one of them has is tested beside it."""
