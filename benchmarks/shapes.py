"""What loads there are, and how long they last."""

from typing import Final, NamedTuple

BATCH: Final = 10_000


class Shape(NamedTuple):
    """A load: so many streams, each with so many messages unanswered, of so many claims each."""

    name: str
    streams: int
    window: int
    claims: int
    is_batch: bool
    warm: int
    """Messages of each stream before the clock starts."""
    guess: int
    """Messages a second that are prepared until the first round has told how many are needed."""
    counts_cpu: bool = False
    """Whether the server's processor time is a goal: then a round waits for its checkpoint."""

    @property
    def method(self) -> str:
        return "SettleBatch" if self.is_batch else "Settle"


STREAMS: Final = Shape("256 streams", 256, 1, 1, False, 8, 20_000, counts_cpu=True)
ONE: Final = Shape("1 stream", 1, 1, 1, False, 50, 4_000)
TENS: Final = Shape("10 claims a message", 256, 1, 10, True, 1, 10_000)
HUNDREDS: Final = Shape("100 claims a message", 256, 1, 100, True, 1, 4_000)
GATEWAY: Final = Shape("10,000 a message, 1 stream x 4", 1, 4, BATCH, True, 1, 40, counts_cpu=True)
GATEWAYS: Final = Shape(
    "10,000 a message, 4 streams x 2", 4, 2, BATCH, True, 1, 40, counts_cpu=True
)
SHAPES: Final = (STREAMS, ONE, TENS, HUNDREDS, GATEWAY, GATEWAYS)

DURABLE: Final = "durable"
PREVIEW: Final = "preview"
ECHO: Final = "echo"


class Size(NamedTuple):
    """How long everything lasts."""

    members: int
    rounds: int
    seconds: float
    """Of one load of a round."""
    sustained: float
    """Seconds of the durable gateway, and of the disk."""
    drawn: int
    """Claims drawn for each shape; they are sent again under other ids."""
    drawn_bulk: int
    """Those for messages of 10 000."""
    every: int
    """Of the members that could be judged, every so many-th is."""
    sample: int
    """Settlements looked up, explained and cancelled."""
    syncs: int
    waits_always: bool
    """Whether every load is followed by the wait for its checkpoint."""


SHORT: Final = Size(20_000, 2, 0.4, 2.0, 20_000, 40_000, 2, 250, 100, waits_always=False)
FULL: Final = Size(1_000_000, 5, 5.0, 60.0, 200_000, 1_000_000, 4, 1_000, 500, waits_always=True)
