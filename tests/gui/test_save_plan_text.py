"""What the save plan says about the metadata of the file to be."""

from dataclasses import replace

from ckpt_studio.app.save_plan_text import metadata_line, part_rows
from ckpt_studio.core.plan import Container, PartSummary
from tests.making.plans import plan_for


def test_only_a_safetensors_header_can_be_too_large_for_the_model_library(tmp_path):
    plan = replace(plan_for((), {}, tmp_path / "out", metadata={"k": "v"}), header_bytes=2 << 20)
    assert metadata_line(plan).endswith("too large for ComfyUI's model library (1 MiB)")
    line = metadata_line(replace(plan, container=Container.TORCH_ZIP))
    assert line == "Metadata: 1 entry · header 2.00 MiB"


def test_types_that_stay_are_copied_in_whatever_order_they_are_met(tmp_path):
    part = PartSummary("unet", None, 2, 110, {"F16": 100, "F32": 10}, {"F32": 10, "F16": 100})
    plan = replace(plan_for((), {}, tmp_path / "out"), parts=(part,))
    assert [row.precision for row in part_rows(plan)] == ["F16 + F32, copied"]
