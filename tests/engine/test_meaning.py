"""What a path stands for that was dropped."""

from ckpt_studio.engine.meaning import Meaning, meaning_of


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_shard_without_its_first_one_stands_for_the_first_that_is_there(tmp_path):
    names = [f"m-{n:05}-of-00003.safetensors" for n in (2, 3)]
    touch(tmp_path, *names)
    assert meaning_of(tmp_path / names[1]) == Meaning(tmp_path / names[0])


def test_an_index_of_other_shards_is_not_taken(tmp_path):
    shard = "m-00002-of-00002.safetensors"
    touch(tmp_path, shard, "m-00001-of-00002.safetensors")
    (tmp_path / "m.safetensors.index.json").write_text('{"weight_map": {"a": "other"}}')
    assert meaning_of(tmp_path / shard).path.name == "m-00001-of-00002.safetensors"
    (tmp_path / "m.safetensors.index.json").write_text("{")
    assert meaning_of(tmp_path / shard) == Meaning(tmp_path / shard)


def test_a_number_that_no_set_has_stands_for_itself(tmp_path):
    path = tmp_path / "m-00009-of-00002.safetensors"
    assert meaning_of(path) == Meaning(path)


def test_a_folder_is_one_model_its_only_one_or_several(tmp_path):
    assert meaning_of(touch(tmp_path / "empty")) == Meaning(tmp_path / "empty")
    diffusers = touch(tmp_path / "diffusers", "model_index.json", "a.safetensors", "b.safetensors")
    assert meaning_of(diffusers) == Meaning(diffusers)
    one = touch(tmp_path / "one" / "below", "a.safetensors")
    assert meaning_of(tmp_path / "one") == Meaning(one / "a.safetensors")
    two = touch(tmp_path / "two", "a.safetensors", "b.ckpt")
    assert [model.name for model in meaning_of(two).models] == ["a.safetensors", "b.ckpt"]
    component = touch(tmp_path / "vae", *(f"model{end}.safetensors" for end in ("", ".fp16")))
    assert meaning_of(component) == Meaning(component)
