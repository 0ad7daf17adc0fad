"""Examines files for what may be wrong with them: the header at once, all values on request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.app.known_values import KnownValues, Wanted
from ckpt_studio.app.panels.health_pane import Examined
from ckpt_studio.app.value_reading import ValueReading
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.expr import reads
from ckpt_studio.core.health import Finding, concerning
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.text import binary_size


@dataclass(frozen=True, slots=True)
class Patient:
    """The files that are examined together: one, or the sources of ``plan``."""

    files: tuple[Opened, ...]
    plan: Plan | None = None

    @property
    def size(self) -> str:
        """How much there is to read."""
        tensors = (tensor for opened in self.files for tensor in opened.checkpoint.tensors.values())
        return binary_size(sum(tensor.nbytes for tensor in tensors))

    def taken(self) -> dict[Path, frozenset[str]]:
        """Return the names of tensors that the plan takes from each of its sources."""
        found: dict[int, set[str]] = {}
        for row in self.plan.tensors if self.plan is not None else ():
            for leaf in reads(row.expr):
                found.setdefault(leaf.source, set()).add(leaf.tensor.name)
        sources = self.plan.sources if self.plan is not None else ()
        return {
            checkpoint.path: frozenset(found.get(number, ()))
            for number, checkpoint in enumerate(sources)
        }


@dataclass(frozen=True, slots=True)
class HealthReading:
    """Both ways to examine; each runs on the thread of a job."""

    verbs: Verbs
    known: KnownValues
    patient: Patient

    def quick(self, cancel: CancelToken) -> Examined:
        """Return what headers and a few small tensors tell.

        Raises:
            CkptStudioError: a file changed or cannot be read.
            Cancelled: the token was raised.
        """

        def look(opened: Opened) -> Sequence[Finding]:
            cancel.raise_if_cancelled()
            return self.verbs.look_over(opened)

        return self._examined(look, complete=False)

    def thorough(self, progress: ProgressCallback, cancel: CancelToken) -> Examined:
        """Return what all values tell; statistics that are known are not taken again.

        Raises:
            CkptStudioError: a file changed or cannot be read.
            Cancelled: the token was raised.
        """

        def check(opened: Opened) -> Sequence[Finding]:
            checkpoint = opened.checkpoint
            wanted = Wanted(checkpoint, tuple(checkpoint.tensors))
            known = self.known.of(checkpoint)
            reading = ValueReading(self.verbs.statistics, wanted, known, lambda *_: None)
            reading.work(progress, cancel)
            statistics = [known[name] for name in checkpoint.tensors]
            return self.verbs.check(opened, statistics, progress, cancel)

        return self._examined(check, complete=True)

    def _examined(self, look: Callable[[Opened], Sequence[Finding]], *, complete: bool) -> Examined:
        plan, taken = self.patient.plan, self.patient.taken()
        found: list[tuple[str, Finding]] = []
        for opened in self.patient.files:
            path, findings = opened.checkpoint.path, look(opened)
            if plan is None:
                found += [("", finding) for finding in findings]
            else:
                some = concerning(findings, taken.get(path, frozenset()))
                found += [(path.name, finding) for finding in some]
        order = list(Severity)
        found.sort(key=lambda pair: order.index(pair[1].problem.severity))
        return Examined(tuple(found), complete, self.patient.size)
