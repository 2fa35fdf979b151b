"""The deterministic state machine: requests and state in, journal segments and answers out."""
