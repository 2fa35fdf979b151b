"""Register changes: each is new, fits the registers as they stood, and undoes what stands."""

from engine.domain.registration import Changed, ChangeKind, Item, exchange
from engine.state.registration import changes_from_json
from engine.verify.fold import Fold
from engine.verify.report import Kind, Report


class ChangeChecker:
    """Follows the register entries through their changes; what they decided is in the entries."""

    def __init__(self, fold: Fold, report: Report) -> None:
        self._fold = fold
        self._report = report
        self._standing: dict[str, Changed] = {}
        self._ids: set[str] = set()

    def take(self, sequence: int, text: bytes) -> int:
        """Check and fold the changes of a segment; return how many it has.

        Raises:
            ValueError, TypeError, LookupError: it has no changes in JSON.
        """
        changes = changes_from_json(text)
        for changed in changes:
            self._take(sequence, changed)
        return len(changes)

    def _take(self, sequence: int, changed: Changed) -> None:
        if changed.change_id in self._ids:
            self._add(sequence, "id", "a new one", "one that came before")
        self._ids.add(changed.change_id)
        if changed.kind == ChangeKind.UNDO:
            undone = self._standing.pop(changed.undoes, None)
            if undone is None:
                self._add(sequence, "undoes", "a change that stands", "none")
            elif (changed.taken, changed.put) != (undone.put, undone.taken):
                self._add(sequence, "items", "those of the change it undoes, back", "others")
        else:
            self._standing[changed.change_id] = changed
        try:
            self._fold_items(changed)
        except LookupError:
            self._add(sequence, "taken", "items of the entry as it stood", "others")

    def _fold_items(self, changed: Changed) -> None:
        taken: tuple[Item, ...] = changed.taken
        if changed.member:
            member = self._fold.members[self._fold.member_numbers[changed.member]]
            self._fold.put_member(exchange(member, taken, changed.put))
            return
        number = self._fold.institution_numbers[changed.institution]
        self._fold.put_institution(exchange(self._fold.registered[number], taken, changed.put))

    def _add(self, sequence: int, field: str, expected: str, found: str) -> None:
        self._report.add(Kind.REGISTER, sequence, 0, f"register change: {field}", expected, found)
