"""Loads torch in the background: it takes longer than copying a gigabyte."""

import gc
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ckpt_studio.core.errors import CkptStudioError, WriteError

if TYPE_CHECKING:
    from ckpt_studio.engine._torch.casting import Caster

_TICK_S = 0.05


class TorchStart:
    """Begins to import torch when made; ``caster`` and ``ready`` wait for it.

    A cancelled job does not wait until the import is through. The program does when it ends:
    a process that leaves while libraries are being loaded crashes.
    """

    def __init__(self) -> None:
        self._problem: ImportError | None = None
        self._threads = 0
        self._thread = threading.Thread(target=self._load, name="load-torch")
        self._thread.start()

    def caster(self, values: int, given_up: Callable[[], bool]) -> "Caster | None":
        """Return a converter for slices of that many values, None when the job is given up.

        Raises:
            WriteError: torch is not installed or broken.
        """
        if not self._loaded(given_up):
            return None
        if self._problem:
            raise WriteError(
                f"Converting needs torch, which cannot be loaded: {self._problem}",
                "Install torch, or keep the precision of all parts.",
            ) from self._problem
        from ckpt_studio.engine._torch.casting import Caster  # noqa: PLC0415 - loads torch

        self._use_one_thread()
        return Caster(values)

    def ready(self, given_up: Callable[[], bool]) -> bool:
        """Wait until values can be computed in this thread; False when the job is given up.

        Raises:
            CkptStudioError: torch is not installed or broken.
        """
        if not self._loaded(given_up):
            return False
        if self._problem:
            raise CkptStudioError(
                f"Looking at values needs torch, which cannot be loaded: {self._problem}",
                "Install torch.",
            ) from self._problem
        self._use_one_thread()
        return True

    def _loaded(self, given_up: Callable[[], bool]) -> bool:
        while self._thread.is_alive():
            if given_up():
                return False
            self._thread.join(_TICK_S)
        return True

    @staticmethod
    def _use_one_thread() -> None:
        from ckpt_studio.engine._torch.threads import set_threads  # noqa: PLC0415 - loads torch

        set_threads(1)

    def finish(self) -> None:
        """Give torch back the threads it had; workers use one each, in parallel."""
        if self._threads:
            from ckpt_studio.engine._torch.threads import set_threads  # noqa: PLC0415 - loads torch

            set_threads(self._threads)

    def _load(self) -> None:
        try:
            from ckpt_studio.engine._torch.threads import threads  # noqa: PLC0415 - loads torch

            self._threads = threads()
            gc.freeze()  # looking through all of torch for garbage takes half a second each time
        except ImportError as problem:
            self._problem = problem
