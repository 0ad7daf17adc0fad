from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.telling_apart import told_apart


def shown(*places):
    paths = [PurePosixPath(place) for place in places]
    return told_apart([path.name for path in paths], paths)


def test_a_name_of_its_own_stands_alone():
    assert shown("/a/model.safetensors", "/b/vae.safetensors") == [
        "model.safetensors",
        "vae.safetensors",
    ]


def test_names_that_are_alike_get_the_folders_they_need():
    assert shown("/x/a/m", "/x/b/m", "/x/n") == ["a/m", "b/m", "n"]
    assert shown("/x/unet/m", "/y/unet/m", "/z/vae/m") == ["x/unet/m", "y/unet/m", "vae/m"]
    assert shown("/a/m", "/x/a/m") == ["/a/m", "x/a/m"]


def test_what_is_no_file_keeps_its_name():
    place = PurePosixPath("/models/New checkpoint")
    assert told_apart(["New checkpoint", "New checkpoint"], [None, place]) == [
        "New checkpoint",
        "models/New checkpoint",
    ]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), unique_by=tuple))
def test_no_two_files_look_alike(places):
    assert len(set(shown(*("/" + "/".join(place) for place in places)))) == len(places)
