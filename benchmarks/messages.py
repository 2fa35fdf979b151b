"""Messages made before the clock starts: each drawn once, sent again under other request ids.

A claim is new to a server if its request id is. So that minutes of load need no minutes of
drawing, a message is made of drawn claims once; whenever it is sent, ids never used before are put
in the place of those it was made with, all of one length.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, overload

import numpy as np

from benchmarks.population import Population
from clients.wire import claim_columns, claim_message
from engine.domain.claim import Claim
from engine.domain.layout import Array
from gongji.v1 import settlement_service_pb2 as pb

ID_BYTES: Final = 9
_FEW: Final = 32
_DIGITS: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_SHIFTS: Final = np.arange(28, -1, -4)


Chosen = Callable[[Claim], bool]
"""Which claims are judged: the others are forgotten once their message is made."""


class Template(NamedTuple):
    """A message, and where in its bytes the ids of its claims stand, one by one."""

    data: bytes
    at: int
    size: int
    is_batch: bool
    judged: dict[int, Claim]
    """Claims that are judged, by their row."""

    def named(self, first: int) -> bytes:
        """Return the message with ids from a number on."""
        ids = names(first, self.size)
        end = self.at + len(ids)
        return b"".join((self.data[: self.at], ids, self.data[end:]))


def names(first: int, count: int) -> bytes:
    """Return so many ids, each of `ID_BYTES`."""
    if count <= _FEW:
        return b"".join(b"C%08x" % number for number in range(first, first + count))
    numbers = np.arange(first, first + count)
    written = np.empty((count, ID_BYTES), np.uint8)
    written[:, 0] = ord("C")
    written[:, 1:] = _DIGITS[(numbers[:, None] >> _SHIFTS) & 15]
    return written.tobytes()


def single(claim: Claim, chosen: Chosen, *, preview: bool = False) -> Template:
    """Return a terminal's message."""
    claimed = claim_message(claim)
    message = pb.SettleRequest(sequence=1)
    (message.preview if preview else message.settle).CopyFrom(claimed)
    return _template(message.SerializeToString(), [claim], chosen, is_batch=False)


def batch(claims: Sequence[Claim], chosen: Chosen, *, preview: bool = False) -> Template:
    """Return a gateway's message."""
    message = pb.SettleBatchRequest(sequence=1, preview=preview, claims=claim_columns(claims))
    return _template(message.SerializeToString(), claims, chosen, is_batch=True)


def _template(data: bytes, claims: Sequence[Claim], chosen: Chosen, *, is_batch: bool) -> Template:
    ids = b"".join(claim.request_id.encode() for claim in claims)
    assert len(ids) == ID_BYTES * len(claims)
    judged = {row: claim for row, claim in enumerate(claims) if chosen(claim)}
    return Template(data, data.index(ids), len(claims), is_batch, judged)


def opening(institution: str) -> bytes:
    """Return what a terminal's stream begins with."""
    return pb.SettleRequest(open=pb.Open(institution_id=institution)).SerializeToString()


class Ids:
    """Hands out numbers of ids, none twice."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int) -> int:
        """Return the first of so many."""
        first, self._next = self._next, self._next + count
        return first


class Messages(Sequence[bytes]):
    """What a stream sends: templates in turn, as they are or, with `ids`, under new ids."""

    def __init__(
        self, templates: Sequence[Template], count: int, start: int = 0, ids: Ids | None = None
    ) -> None:
        self._templates = templates
        self._count = count
        self._start = start
        self._each = templates[0].size
        self._first = None if ids is None else ids.take(count * self._each)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        template = self.template(index)
        if self._first is None:
            return template.data
        return template.named(self._first + index * self._each)

    def __iter__(self) -> Iterator[bytes]:
        return (self[n] for n in range(self._count))

    def template(self, index: int) -> Template:
        """Return what a message was made of."""
        return self._templates[(self._start + index) % len(self._templates)]

    def claim(self, index: int, row: int) -> Claim:
        """Return a claim, of those that are judged, as it was sent."""
        claim = self.template(index).judged[row]
        if self._first is None:
            return claim
        number = self._first + index * self._each + row
        return claim._replace(request_id=names(number, 1).decode())


class Draw:
    """Draws templates: of disjoint members for each of so many streams."""

    def __init__(self, population: Population, chosen: Chosen, apart: int) -> None:
        """Prepare; members whose home is `apart` send nothing through a gateway."""
        self._population = population
        self._chosen = chosen
        numbers = np.arange(len(population.members))
        self._bulk: Array = numbers[numbers % len(population.institutions) != apart]

    def singles(self, streams: int, count: int, *, preview: bool = False) -> list[list[Template]]:
        """Return about so many messages of one claim, dealt to streams."""
        return [
            [
                single(claim, self._chosen, preview=preview)
                for claim in self._population.claims(
                    max(1, count // streams), self._population.members_of(stream, streams)
                )
            ]
            for stream in range(streams)
        ]

    def batches(
        self, streams: int, count: int, each: int, *, preview: bool = False
    ) -> list[list[Template]]:
        """Return about so many messages of `each` claims, dealt to streams."""
        found: list[list[Template]] = [[] for _ in range(streams)]
        for stream, made in enumerate(found):
            among = self._bulk[stream::streams]
            for _ in range(max(1, count // streams)):
                claims = self._population.claims(each, among)
                made.append(batch(claims, self._chosen, preview=preview))
        return found
