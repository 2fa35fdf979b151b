"""Clients of a settlement server: session, outbox, gateway, load, file readers, receipts."""
