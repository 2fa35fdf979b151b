"""Where the journal is kept, durable before anything is answered."""
