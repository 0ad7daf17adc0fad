"""Every part is recognised in every form it has, with all of its tensors."""

import pytest

from ckpt_studio.core.expr import Constant
from ckpt_studio.core.families.architecture import components, families, of_same_shape
from ckpt_studio.core.tensors import DType
from tests.models import opened

PARTS = [*components(), *(item.unet.component for item in families())]
FORMS = [(part, form) for part in PARTS for form in part.forms]


def table_of(part, form):
    """Key table of a part, all of it, as a form names it."""
    own = {
        key: Constant(spec.dtype or DType.F16, spec.usual_shape, b"")
        for key, spec in part.specs().items()
        if not spec.optional and key != "logit_scale"
    }
    return {key: (expr.dtype.label, expr.shape) for key, expr in form.spelled(own).items()}


@pytest.mark.parametrize(
    ("part", "form"), FORMS, ids=[f"{part.id}-{form.name}" for part, form in FORMS]
)
def test_a_part_in_a_form_is_recognised(part, form):
    table = table_of(part, form)
    found = opened(table).recognition.find(part.part)
    assert not found.unexpected
    held = [key for key in found.missing if not any(item.match(key) for item in form.without)]
    assert held == []
    if part.part == "unet":
        family = next(item for item in families() if item.unet.component is part)
        assert found.architecture in {item.id for item in of_same_shape(family)}
    else:
        assert found.component == part.id
    assert len(found.names) == len(table)
