"""The example: whole, as a user gets it."""

import pytest

from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.engine.demo import write_example_sources


def test_the_example_is_written_once_and_saved_as_a_checkpoint(cli, tmp_path):
    first = cli("demo", tmp_path)
    assert first.code == 0, first.err
    assert f"Would write {tmp_path / 'sd15_demo.safetensors'}" in first.out
    assert f"Wrote {tmp_path / 'sd15_demo.safetensors'}" in first.out
    sources = [path for path in tmp_path.iterdir() if "demo" not in path.name]
    before = {path: path.stat().st_mtime_ns for path in sources}
    assert len(before) == 3
    found = cli("inspect", tmp_path / "sd15_demo.safetensors", "--json").json
    assert found["architecture"] == "sd15"
    assert found["problems"] == []
    assert 2.1e9 < found["bytes"] < 2.2e9

    again = cli("demo", tmp_path, "--sources-only", "--json")
    assert sorted(again.json["sources"]) == sorted(map(str, sources))
    assert {path: path.stat().st_mtime_ns for path in sources} == before
    for path in tmp_path.iterdir():
        path.unlink()


def test_without_room_the_example_says_so_before_it_writes(cli, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 10_000_000})()
    monkeypatch.setattr("ckpt_studio.engine.demo.disk_usage", lambda _: usage)
    result = cli("demo", tmp_path / "new", "--json")
    assert result.code == 1
    assert "needs 3.97 GiB" in result.json["error"]["message"]
    assert list((tmp_path / "new").iterdir()) == []


def test_a_cancelled_example_leaves_no_unfinished_file(tmp_path):
    cancel = CancelToken()
    seen = []

    def stop_soon(progress):
        seen.append(progress)
        cancel.cancel()

    with pytest.raises(Cancelled):
        write_example_sources(tmp_path, stop_soon, cancel)
    assert seen
    assert list(tmp_path.iterdir()) == []
