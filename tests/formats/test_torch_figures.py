"""Large models open at once and in little memory: their data are never touched."""

import json
from pathlib import Path

from tests.making.alone import open_alone
from tests.making.torch_files import write_large_zip


def test_a_ckpt_of_8_gb(tmp_path: Path) -> None:
    names = [f"model.diffusion_model.block.{index}.weight" for index in range(1145)]
    path = write_large_zip(tmp_path / "m.ckpt", names, 8_000_000_000 // 1145 // 4)
    found = open_alone(path)
    assert found.tensors == 1145
    assert found.size > 7_900_000_000
    assert found.seconds <= 0.5
    assert found.memory <= 150


def test_a_sharded_set_of_40_gb(tmp_path: Path) -> None:
    weight_map: dict[str, str] = {}
    for number in range(1, 9):
        shard = f"model-{number:05}-of-00008.safetensors"
        names = [f"blocks.{number}.{index}.weight" for index in range(250)]
        entries = {
            name: {
                "dtype": "BF16",
                "shape": [10_000_000],
                "data_offsets": [index * 20_000_000, (index + 1) * 20_000_000],
            }
            for index, name in enumerate(names)
        }
        header = json.dumps(entries).encode()
        with (tmp_path / shard).open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            file.truncate(8 + len(header) + 5_000_000_000)
        weight_map |= dict.fromkeys(names, shard)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    found = open_alone(index)
    assert found.tensors == 2000
    assert found.size > 40_000_000_000
    assert found.seconds <= 0.5
    assert found.memory <= 150
