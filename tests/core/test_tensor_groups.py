"""The tree of dotted names."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.query import Row
from ckpt_studio.core.tensor_groups import Group, totals
from ckpt_studio.core.tensors import DType, TensorInfo


def rows(*names: str) -> list[Row]:
    return [Row(TensorInfo(name, DType.F16, (2, 2), 0, 8)) for name in names]


def leaves(group: Group) -> Iterator[str]:
    if group.row is not None:
        yield group.row.tensor.name
    for child in group.children:
        yield from leaves(child)


def test_folders_with_one_folder_are_joined() -> None:
    root = Group("", rows("model.diffusion_model.a.w", "model.diffusion_model.b.w", "vae.x"))
    assert [child.name for child in root.children] == ["model.diffusion_model", "vae.x"]
    model = root.children[0]
    assert model.prefix == "model.diffusion_model."
    assert model.totals.tensors == 2
    assert [child.name for child in model.children] == ["a.w", "b.w"]


def test_a_tensor_may_have_the_name_of_a_folder() -> None:
    root = Group("", rows("a", "a.b", "a.c"))
    assert sorted(leaves(root)) == ["a", "a.b", "a.c"]


@given(st.sets(st.text(alphabet="ab.", max_size=8), max_size=12))
def test_every_tensor_is_in_the_tree_once(names: set[str]) -> None:
    assert sorted(leaves(Group("", rows(*names)))) == sorted(names)


def test_totals_name_the_largest_type_first() -> None:
    some = [*rows("a"), Row(TensorInfo("b", DType.F32, (100,), 0, 400))]
    assert totals(some).text() == "408 bytes · 104 parameters · F32, F16"
