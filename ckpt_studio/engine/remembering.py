"""Writes a plan with what is known of hashes, and remembers what was learnt.

The data of a file whose metadata are edited stay as they are, and so does their hash: what was once
taken needs not be taken again.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.engine.hash_cache import HashCache
from ckpt_studio.engine.write_options import WriteOptions

WriteWith = Callable[[Plan, WriteOptions], Report]


def write_remembering(
    plan: Plan, options: WriteOptions, write: WriteWith, cache: HashCache
) -> Report:
    """Return what ``write`` returns, and raise what it raises."""
    report = write(plan, replace(options, known_data=_known(plan, cache)))
    if report.data_sha256:
        with suppress(FormatError):  # it was moved away meanwhile
            cache.note_data(report.path, report.data_sha256)
    return report


def _known(plan: Plan, cache: HashCache) -> str:
    if not plan.same_data:
        return ""
    try:
        return cache.data_sha256(plan.sources[0].path) or ""
    except FormatError:
        return ""  # writing says what became of the source
