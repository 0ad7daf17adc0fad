import ntpath
import posixpath

import pytest

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.extra_paths import parse_extra_paths, read_extra_paths

EXAMPLE = r"""#Rename this to extra_model_paths.yaml and ComfyUI will load it

#config for a1111 ui
a1111:
    base_path: path/to/stable-diffusion-webui/

    checkpoints: models/Stable-diffusion
    configs: models/Stable-diffusion
    vae: models/VAE
    loras: |
         models/Lora
         models/LyCORIS
    upscale_models: |
                  models/ESRGAN
                  models/RealESRGAN
                  models/SwinIR
    embeddings: embeddings
    controlnet: models/ControlNet

#config for comfyui
comfyui:
     base_path: /srv/comfyui/
     is_default: true
     checkpoints: models/checkpoints/
     text_encoders: |
          models/text_encoders/
          models/clip/  # legacy location still supported
     clip: models/clip/
     diffusion_models: |
                  models/diffusion_models
                  models/unet
     vae: models/vae/

other_ui:
"""


def folders(text, folder="/home/me/ComfyUI", paths=posixpath):
    return [(each.key, each.folder) for each in parse_extra_paths(text, folder, paths=paths)]


def test_the_example_that_comes_with_comfyui_gives_every_folder():
    found = folders(EXAMPLE)
    base = "/home/me/ComfyUI/path/to/stable-diffusion-webui"
    assert [each for each in found if each[0] == "loras"] == [
        ("loras", f"{base}/models/Lora"),
        ("loras", f"{base}/models/LyCORIS"),
    ]
    assert ("embeddings", f"{base}/embeddings") in found
    assert ("checkpoints", "/srv/comfyui/models/checkpoints") in found
    assert len(found) == 10 + 7


def test_default_folders_come_before_the_others():
    found = [each for each in folders(EXAMPLE) if each[0] in {"checkpoints", "vae"}]
    assert [folder.startswith("/srv") for _, folder in found] == [True, True, False, False]


def test_a_comment_inside_a_block_is_part_of_the_path_as_in_comfyui():
    assert ("text_encoders", "/srv/comfyui/models/clip/  # legacy location still supported") in (
        folders(EXAMPLE)
    )


@pytest.mark.parametrize(
    ("base", "folder", "full"),
    [
        (r"D:\stable-diffusion-webui", "models/VAE", r"D:\stable-diffusion-webui\models\VAE"),
        (r"'E:/AI/webui/'", r"models\VAE", r"E:\AI\webui\models\VAE"),
        (r'"E:\\AI"', r"F:\vae", r"F:\vae"),
        (r"..\webui", "VAE", r"C:\webui\VAE"),
        (r"\\nas\models", "vae", r"\\nas\models\vae"),
        (r"'%AI_ROOT%\x'", "vae", r"G:\root\x\vae"),
    ],
)
def test_windows_paths(base, folder, full, monkeypatch):
    monkeypatch.setenv("AI_ROOT", r"G:\root")
    text = f"a:\n  base_path: {base}\n  vae: {folder}\n"
    assert folders(text, r"C:\ComfyUI", ntpath) == [("vae", full)]


def test_home_and_variables_are_expanded_in_the_base_alone(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("AI", "models")
    text = "a:\n  base_path: ~/$AI\n  vae: $AI/vae\nb:\n  vae: ~/vae\n"
    assert folders(text, "/x") == [("vae", "/home/me/models/$AI/vae"), ("vae", "/x/~/vae")]


def test_without_a_base_the_folder_of_the_file_is_where_paths_begin():
    assert folders("a:\n  vae: ../vae\n  clip: /abs\n", "/home/me/ComfyUI") == [
        ("vae", "/home/me/vae"),
        ("clip", "/abs"),
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "a:\nb: ~\n", "a:\n  base_path: /x\n"])
def test_a_list_without_folders_is_empty(text):
    assert folders(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n  vae: x\n clip: y\n", "line 3"),
        ("a:\n\tvae: x\n", "line 2"),
        ('a:\n  base_path: "D:\\models"\n', "line 2"),
        ("a:\n  vae: [x, y]\n", "line 2"),
        ("- a\n- b\n", "line 1"),
        ("just text", "line 1"),
        ("a: models/vae\n", "line 1"),
        ("a:\n  vae:\n    more: x\n", "line 3"),
        ("a:\n  vae: *nothing\n", "line 2"),
        ("[" * 50_000, ""),
        ("a:\n  <<: {vae: x}\n", "line 2"),
        ("a: !!python/object/apply:os.system [x]\n", "line 1"),
        ("a:\n  vae: \x00\n", ""),
    ],
)
def test_what_is_no_such_list_is_one_sentence_with_the_line(text, line):
    with pytest.raises(FormatError) as refused:
        folders(text)
    assert line in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.hint


def test_aliases_that_grow_without_end_are_refused_at_once():
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    with pytest.raises(FormatError):
        folders("\n".join(lines))


def test_a_file_is_read_from_its_folder(tmp_path):
    (tmp_path / "extra_model_paths.yaml").write_bytes(b"\xef\xbb\xbfa:\r\n  vae: my vae\r\n")
    (found,) = read_extra_paths(tmp_path / "extra_model_paths.yaml")
    assert found.folder == str(tmp_path / "my vae")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a:\n  vae: \xff\n", "not UTF-8 text in line 2"),
        (b"#" * 300_000, "larger than"),
    ],
)
def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path, raw, said):
    path = tmp_path / "list.yaml"
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=said):
        read_extra_paths(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(FormatError):
            read_extra_paths(path)
