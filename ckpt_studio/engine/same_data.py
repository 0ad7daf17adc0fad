"""What is known of data that stay as they are when only the metadata change: their hash."""

from dataclasses import replace

from ckpt_studio.core.errors import VerifyError
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.stored_hashes import wrong_hashes
from ckpt_studio.engine.followers import Sums
from ckpt_studio.engine.hashing import AUTOV3_DIGITS
from ckpt_studio.formats.shown import shown_name


def data_hash(plan: Plan, sums: Sums, known: str) -> str | None:
    """Return the SHA-256 of data that stay, from the source; None where nobody took it.

    Raises:
        VerifyError: what was written has another hash.
    """
    if not plan.same_data:
        return None
    before = known or sums.data
    if sums.same is False or (sums.data and sums.data != before):
        name = shown_name(plan.sources[0].path)
        raise VerifyError(
            f"The tensors of {name} did not read back as they were",
            "Nothing was saved. Check the disk and the memory of this computer.",
        )
    return before


def with_same_data(report: Report, plan: Plan, data_sha256: str | None) -> Report:
    """Return the report of such a plan with what is known of the data, before and after."""
    if not data_sha256:
        return report
    autov3 = data_sha256[:AUTOV3_DIGITS]
    return replace(
        report,
        autov3_before=autov3,
        autov3=autov3,
        data_sha256=data_sha256,
        problems=(*report.problems, *wrong_hashes(plan.metadata, data_sha256)),
    )
