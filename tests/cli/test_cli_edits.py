"""``meta set`` and its like: what is told, what is kept, and where else edits can go."""

import json
import os

import pytest

from ckpt_studio.engine.hash_cache import HashCache
from tests.cli.files import small_file
from tests.making.edits import data_sha256, model


@pytest.fixture
def path(tmp_path):
    return small_file(tmp_path / "a.safetensors", {"title": "old"})


def test_the_date_moves_unless_it_is_to_be_kept(cli, path):
    old = 1_600_000_000_000_000_000
    os.utime(path, ns=(old, old))
    assert cli("meta", "set", path, "n=1", "--keep-date").code == 0
    assert path.stat().st_mtime_ns == old
    assert cli("meta", "set", path, "n=2").code == 0
    assert path.stat().st_mtime_ns > old


def test_an_edit_that_changes_nothing_leaves_the_file_alone(cli, path):
    before = path.read_bytes(), path.stat()
    result = cli("meta", "set", path, "title=old")
    assert result.code == 0
    assert result.out == f"Nothing to change: {path.name} is like that already\n"
    assert cli("meta", "set", path, "title=old", "--json").json == {
        "file": str(path),
        "changed": False,
        "problems": [],
    }
    after = path.stat()
    assert (path.read_bytes(), after.st_ino, after.st_mtime_ns) == (
        before[0],
        before[1].st_ino,
        before[1].st_mtime_ns,
    )


def test_autov3_is_shown_before_and_after(cli, path):
    autov3 = data_sha256(path)[:12]
    said = cli("meta", "set", path, "n=1").out
    assert "Every byte of the tensors is as it was" in said
    said = cli("meta", "set", path, "n=2", "--hashes").out
    assert f"autov3 {autov3} (before: {autov3})" in said
    assert "sha256 " in said
    report = cli("meta", "remove", path, "n", "--json").json["report"]
    assert report["autov3"] == report["autov3_before"] == autov3  # known since the edit before
    assert report["sha256"] is None
    assert report["shared_bytes"] == 0


def test_a_hash_taken_once_is_known_to_the_edits_after_it(cli, path):
    taken = cli("hash", path, "--json").json
    assert HashCache().known(path).sha256 == taken["sha256"]
    report = cli("meta", "set", path, "n=1", "--json").json["report"]
    assert report["autov3_before"] == taken["autov3"]


def test_a_read_only_file_is_not_changed_and_a_text_beside_it_is_offered(cli, path, tmp_path):
    path.chmod(0o444)
    before = path.read_bytes()
    refused = cli("meta", "set", path, "title=new")
    assert refused.code == 1
    assert "a.safetensors is read-only." in refused.err
    assert "-o NAME.json" in refused.err
    out = tmp_path / "a.json"
    assert cli("meta", "set", path, "title=new", "-o", out, "--dry-run").code == 0
    assert not out.exists()
    done = cli("meta", "set", path, "title=new", "n=1", "-o", out)
    assert done.code == 0
    assert json.loads(out.read_text()) == {"title": "new", "n": "1"}
    assert path.read_bytes() == before
    assert cli("meta", "set", path, "title=x", "-o", out).code == 1
    assert cli("meta", "set", path, "title=x", "-o", out, "--overwrite").code == 0
    other = small_file(tmp_path / "b.safetensors")
    assert cli("meta", "import", other, "--json-file", out).code == 0
    assert cli("meta", "show", other, "title").out == "x\n"


def test_a_header_that_somebody_stops_reading_is_a_warning(cli, path):
    said = cli("meta", "set", path, f"picture={'x' * (1 << 20)}", "--dry-run")
    assert said.code == 0
    assert "The header grows to 1.00 MiB: ComfyUI's model library does not show" in said.out
    assert cli("meta", "set", path, f"picture={'x' * (1 << 20)}").code == 0
    assert "grows" not in cli("meta", "set", path, "n=1").out


def test_a_plan_says_that_the_data_stay(cli, tmp_path):
    path = model(tmp_path / "m.safetensors")
    planned = cli("meta", "set", path, "n=1", "--dry-run", "--json").json
    assert planned["same_data"] is True


def test_what_loaders_need_is_changed_with_force_only(cli, tmp_path):
    path = small_file(tmp_path / "q.safetensors", {"format": "pt", "_quantization_metadata": "{}"})
    other = small_file(tmp_path / "o.safetensors", {"format": "tf", "note": "1"})
    for change in (
        ("set", path, "_quantization_metadata=garbage"),
        ("set", path, "format="),
        ("import", path, "--from", other, "--all"),
    ):
        refused = cli("meta", *change)
        assert refused.code == 1
        assert "is needed: " in refused.err
        assert "--force" in refused.err
    assert cli("meta", "set", path, "format=pt", "config={}", "config=[]").code == 0
    assert cli("meta", "set", path, "_quantization_metadata=garbage", "--force").code == 0
    assert cli("meta", "show", path, "_quantization_metadata").out == "garbage\n"
