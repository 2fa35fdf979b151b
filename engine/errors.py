"""The engine's exceptions, by whose move it is.

    EngineError
      InvalidInput          the caller must change what it sent: path, found, expected
      RuleFileError         a rule or figure file says something the loader does not accept
      StoreError            nothing was recorded; try again or elsewhere
        StoreLocked         another process holds the store
        StoreFull           the disk is nearly full
      BackupError           no copy was made; the store is as it was
      OutcomeUnknown        an error at COMMIT: stop, recover, look the ids up
      InvariantBroken       our own bug: never answer with a guess

A refusal by rule is not an exception: it is an answer (`engine.domain.reasons`).
"""


class EngineError(Exception):
    """Base of everything the engine raises on purpose."""


class InvalidInput(EngineError):
    """What was sent cannot be a claim, a register entry or a figure.

    `path` names the field (`in_scope_fen`, `claims[3].service_date`), `problem` says what was
    found, what was expected and what to do. Neither holds personal data.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class RuleFileError(EngineError):
    """A rule or figure file was refused: file, key path, what is wrong, how to mend it."""

    def __init__(self, file: str, path: str, problem: str) -> None:
        super().__init__(f"{file}: {path}: {problem}" if path else f"{file}: {problem}")
        self.file = file
        self.path = path
        self.problem = problem


class StoreError(EngineError):
    """The store did not record anything; the same request may be sent again."""


class StoreLocked(StoreError):
    """Another process holds the store; one process at a time may open it."""


class StoreFull(StoreError):
    """The disk is nearly full; nothing was written."""


class BackupError(EngineError):
    """No copy of the store was made: why, and what to do. The store is as it was."""


class OutcomeUnknown(EngineError):
    """COMMIT failed: the entries may or may not be there. Stop, recover, look the ids up."""


class InvariantBroken(EngineError):
    """A promise of the engine does not hold; the process must stop."""
