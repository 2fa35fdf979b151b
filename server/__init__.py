"""The gRPC server: the wire, the queue and the clock around the engine."""
