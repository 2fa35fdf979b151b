"""What can stand in a client's way, by what is known of the outcome. Messages are one line each.

ClientError
FileError          the file as a whole cannot be read
OutboxError        nothing was sent: the outbox cannot keep it
RunError           the run of a file cannot begin or go on; what is answered stays
CallError          the server did not take the request: it changed nothing
  Refusal          the server answered that it cannot be done
  NotSent          nobody was reached: nothing was sent
UnknownOutcome     the request may have been applied: send it again, or reverse it
"""


class ClientError(Exception):
    """Base of everything the clients raise on purpose."""


class FileError(ClientError):
    """The file as a whole cannot be read; the message says what to do."""


class OutboxError(ClientError):
    """The outbox cannot be used, and nothing was sent; the message says what to do."""


class RunError(ClientError):
    """The run cannot begin or go on; the message says what to do."""


class CallError(ClientError):
    """The server did not take the request, and it changed nothing."""


class Refusal(CallError):
    """The server answered that it cannot be done: the message says why."""


class NotSent(CallError):
    """Nobody was reached: nothing that is unanswered was ever sent."""


class UnknownOutcome(ClientError):
    """Nobody answered: the request may have been applied, and is never called failed."""
