"""Files that torch.save writes are read as torch reads them, from byte spans."""

import argparse
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.tensors import DType
from ckpt_studio.formats.torch_pickle import read_torch
from tests.making.torch_files import bytes_of, name_of, state, tensor, text, write_zip

LABELS = {
    torch.float64: DType.F64,
    torch.float32: DType.F32,
    torch.float16: DType.F16,
    torch.bfloat16: DType.BF16,
    torch.int64: DType.I64,
    torch.int32: DType.I32,
    torch.int16: DType.I16,
    torch.int8: DType.I8,
    torch.uint8: DType.U8,
    torch.uint16: DType.U16,
    torch.uint32: DType.U32,
    torch.uint64: DType.U64,
    torch.bool: DType.BOOL,
    torch.complex64: DType.C64,
    torch.float8_e4m3fn: DType.F8_E4M3,
    torch.float8_e5m2: DType.F8_E5M2,
}


def raw(value: torch.Tensor) -> bytes:
    flat = value.detach().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def saved(path: Path, value: object, **options: object) -> Checkpoint:
    torch.save(value, path, **options)
    return read_torch(path)


def assert_same(found: Checkpoint, wanted: dict[str, torch.Tensor]) -> None:
    assert set(found.tensors) == set(wanted)
    for name, value in wanted.items():
        info = found.tensors[name]
        assert info.dtype is LABELS[value.dtype]
        assert info.shape == tuple(value.shape)
        assert bytes_of(found, name) == raw(value)


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize("dtype", LABELS)
def test_every_type(tmp_path: Path, dtype: torch.dtype, modern: bool) -> None:
    values = {"w": torch.arange(0, 2, dtype=torch.int64).repeat(3).to(dtype).reshape(2, 3)}
    values["b"] = torch.arange(0, 2, dtype=torch.int64).to(dtype)
    found = saved(tmp_path / "m.ckpt", values, _use_new_zipfile_serialization=modern)
    assert found.container == ("torch-zip" if modern else "torch-legacy")
    assert found.problems == ()
    assert_same(found, values)


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize("protocol", range(1, 6))
def test_every_protocol(tmp_path: Path, protocol: int, modern: bool) -> None:
    values = {"a.weight": torch.randn(3, 5), "größe": torch.tensor(4.6)}
    lightning = {
        "epoch": 3,
        "ratio": 0.5,
        "big": 2**70,
        "blob": b"\x00\xff",
        "text": "line\n'quoted'",
        "flags": {1, 2},
        "options": argparse.Namespace(lr=0.1, path=Path("x")),
        "state_dict": OrderedDict(values),
    }
    found = saved(
        tmp_path / "m.ckpt",
        lightning,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=modern,
    )
    assert_same(found, values)
    assert [problem.severity for problem in found.problems] == [Severity.NOTE]


def test_the_words_of_protocol_0(tmp_path: Path) -> None:
    """torch cannot read its own protocol 0, but other programs write its opcodes."""
    value = (
        "(dp0\nVw\np1\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\n"
        "S'0'\nS'cpu'\nL4L\ntQI1\n(I3\nt(I1\ntI00\n(dtRp2\nsVx\nF1.5\nsVname\nVgr\\u00f6\\xdfe\ns."
    )
    found = read_torch(write_zip(tmp_path / "m.ckpt", value.encode()))
    assert bytes_of(found, "w") == bytes(range(4, 16))


@pytest.mark.parametrize("modern", [True, False])
def test_views_of_one_storage(tmp_path: Path, modern: bool) -> None:
    whole = torch.arange(60, dtype=torch.float32)
    values = {
        "whole": whole,
        "tail": whole[50:],
        "matrix": whole[:12].view(3, 4),
        "transposed": whole[:12].view(3, 4).T,
        "every second": whole[::2],
        "permuted": whole.view(3, 4, 5).permute(2, 0, 1),
        "expanded": whole[:4].view(4, 1).expand(4, 3),
        "repeated": whole[7:8].expand(6),
        "one row": whole[3:7].expand(1, 4),
        "scalar": whole[9],
        "empty": whole[:0],
        "no columns": torch.empty(3, 0),
    }
    found = saved(tmp_path / "m.pt", values, _use_new_zipfile_serialization=modern)
    assert_same(found, values)
    assert found.tensors["tail"].offset == found.tensors["whole"].offset + 200
    plain = {name for name, info in found.tensors.items() if info.shard == 0}
    assert {"whole", "tail", "matrix", "one row", "scalar", "empty"} <= plain
    assert found.size == (tmp_path / "m.pt").stat().st_size


def test_channels_last(tmp_path: Path) -> None:
    value = torch.randn(8, 4, 3, 3).to(torch.bfloat16).to(memory_format=torch.channels_last)
    assert_same(saved(tmp_path / "m.pt", {"conv": value}), {"conv": value})


def test_tensors_are_in_the_order_of_their_data(tmp_path: Path) -> None:
    first, second = torch.zeros(2), torch.ones(2)
    torch.save([first, second], tmp_path / "order.pt")
    found = saved(tmp_path / "m.pt", {"b": second, "a": first})
    offsets = [info.offset for info in found.tensors.values()]
    assert offsets == sorted(offsets)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda values: {"state_dict": values, "epoch": torch.tensor(1)},
        lambda values: {"model": values, "optimizer": {"state": {0: {"step": torch.ones(1)}}}},
        lambda values: {"module": values, "lr": 0.1},
        lambda values: {"params_ema": values, "params": {k: v * 2 for k, v in values.items()}},
        lambda values: {"anything": values},
        lambda values: {"model_state_dict": values, "step": 7},
        lambda values: {"net": {"state_dict": values}},
        lambda values: {"state_dict": {"model": values}},
    ],
)
def test_what_lies_around_the_model_is_taken_off(tmp_path: Path, wrap: object) -> None:
    values = {"a.weight": torch.randn(2, 2), "a.bias": torch.randn(2)}
    assert_same(saved(tmp_path / "m.pth", wrap(values)), values)


def test_a_part_called_model_is_not_taken_for_a_wrapper(tmp_path: Path) -> None:
    values = {"model": {"w": torch.ones(1)}, "a": torch.ones(2), "b": torch.ones(3)}
    found = saved(tmp_path / "m.pt", values)
    assert set(found.tensors) == {"model.w", "a", "b"}


def test_ema_tensors_stay(tmp_path: Path) -> None:
    values = {"model.diffusion_model.w": torch.ones(2), "model_ema.diffusion_modelw": torch.ones(2)}
    assert_same(saved(tmp_path / "m.ckpt", {"state_dict": values, "global_step": 1}), values)


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    value = {"state_dict": {"w": torch.ones(1), "note": "x"}, "callbacks": {}, "epoch": 2}
    said = [problem.message for problem in saved(tmp_path / "m.ckpt", value).problems]
    assert said == [
        "What lies beside the model is left out: callbacks, epoch",
        "Values that are no tensors are left out: note",
    ]


def test_parameters_and_whole_modules(tmp_path: Path) -> None:
    module = nn.Sequential(OrderedDict(inner=nn.Linear(3, 2), norm=nn.BatchNorm1d(2)))
    module.inner.weight.tag = "a Parameter with a state"
    wanted = {name: value.detach() for name, value in module.state_dict().items()}
    assert_same(saved(tmp_path / "d.pt", dict(module.state_dict(keep_vars=True))), wanted)
    assert_same(saved(tmp_path / "m.pt", module), wanted)


def test_textual_inversion(tmp_path: Path) -> None:
    value = torch.randn(2, 8)
    held = {"string_to_token": {"*": 265}, "string_to_param": nn.ParameterDict({"*": value})}
    found = saved(tmp_path / "style.pt", held | {"name": "style", "step": 5})
    assert_same(found, {"string_to_param.*": value})


def test_numpy_values_are_no_tensors(tmp_path: Path) -> None:
    value = {
        "w": torch.ones(2),
        "array": np.arange(5),
        "scalar": np.float64(1.5),
        "kind": np.dtype("float32"),
        "random": np.random.default_rng(0),
    }
    assert_same(saved(tmp_path / "m.pt", value), {"w": value["w"]})


def test_classes_of_other_programs_are_named_and_not_loaded(tmp_path: Path) -> None:
    made = name_of("omegaconf.dictconfig", "DictConfig") + b")\x81}" + text("x") + b"Nsb"
    found = read_torch(write_zip(tmp_path / "m.ckpt", state(w=tensor(), hparams=made)))
    (problem,) = [each for each in found.problems if each.severity is Severity.WARNING]
    assert problem.names == ("omegaconf.dictconfig.DictConfig",)
    assert list(found.tensors) == ["w"]


def test_a_file_that_was_packed_again(tmp_path: Path) -> None:
    values = {"w": torch.arange(5000.0), "t": torch.arange(12.0).view(3, 4).T}
    torch.save(values, tmp_path / "m.pt")
    packed = tmp_path / "packed.pt"
    with (
        zipfile.ZipFile(tmp_path / "m.pt") as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    found = read_torch(packed)
    assert_same(found, values)
    assert "compressed" in found.problems[0].message
    assert found.size == packed.stat().st_size


def test_packed_values_count_as_values(tmp_path: Path) -> None:
    value = torch.zeros(2, 4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    found = saved(tmp_path / "m.pt", {"w": value})
    assert (found.tensors["w"].dtype, found.tensors["w"].shape) == (DType.F4, (2, 8))
    assert found.tensors["w"].nbytes == 8


def test_one_tensor_alone(tmp_path: Path) -> None:
    found = saved(tmp_path / "t.pt", torch.ones(3))
    assert set(found.tensors) == {"tensor"}
    assert found.problems[0].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (torch.sparse_coo_tensor([[0]], [1.0], (2,), check_invariants=True), "sparse"),
        (torch.zeros(2, device="meta"), "meta"),
        (torch.zeros(2, dtype=torch.complex128), "ComplexDoubleStorage"),
    ],
)
def test_tensors_without_plain_bytes_are_refused(
    tmp_path: Path, value: torch.Tensor, word: str
) -> None:
    with pytest.raises(FormatError, match=word):
        saved(tmp_path / "m.pt", {"w": value})


def test_torchscript_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.pt", state(w=tensor()), {"constants.pkl": b"", "data/0": b""})
    with pytest.raises(FormatError, match="TorchScript"):
        read_torch(path)


def test_texts_beside_the_state_dict_are_metadata(tmp_path: Path) -> None:
    texts = {"modelspec.title": "Ä", "empty": ""}
    value = {"state_dict": {"w": torch.ones(2)}, "__metadata__": texts}
    found = saved(tmp_path / "m.ckpt", value)
    assert found.metadata == texts
    assert not found.problems
    assert saved(tmp_path / "old.ckpt", value, _use_new_zipfile_serialization=False).metadata == (
        texts
    )


@pytest.mark.parametrize(
    "metadata",
    [{"steps": 20}, {1: "one"}, ["text"], "text", {"lone": "\ud800"}, {"w": torch.ones(1)}],
    ids=str,
)
def test_other_things_of_that_name_are_left_out(tmp_path: Path, metadata: object) -> None:
    value = {"state_dict": {"w": torch.ones(2)}, "__metadata__": metadata}
    found = saved(tmp_path / "m.ckpt", value)
    assert found.metadata == {}
    assert set(found.tensors) == {"w"}
    assert "__metadata__" in found.problems[0].message


def test_a_tensor_of_that_name_is_a_tensor(tmp_path: Path) -> None:
    found = saved(tmp_path / "m.ckpt", {"__metadata__": torch.ones(2), "w": torch.ones(2)})
    assert set(found.tensors) == {"__metadata__", "w"}
    assert found.metadata == {}
