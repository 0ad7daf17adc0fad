"""Hashes in the metadata are held against that of the tensors."""

import hashlib

import pytest

from ckpt_studio.core.stored_hashes import stored_hashes, wrong_hashes

TRUE = hashlib.sha256(b"tensors").hexdigest()


def judged(value):
    (stored,) = stored_hashes({"sshs_model_hash": value}, TRUE)
    return stored.right


@pytest.mark.parametrize("value", [TRUE, TRUE[:12], TRUE[:10].upper(), f"0x{TRUE}", f" {TRUE}\n"])
def test_the_hash_and_its_beginning_are_right(value):
    assert judged(value)
    assert wrong_hashes({"sshs_model_hash": value}, TRUE) == ()


@pytest.mark.parametrize("value", ["", "0x", TRUE[:4], TRUE[1:], f"{TRUE}0", "00" * 32, "0" * 12])
def test_anything_else_is_wrong(value):
    assert not judged(value)


def test_the_hash_of_nothing_is_told_as_what_it_is():
    (problem,) = wrong_hashes({"sshs_model_hash": hashlib.sha256(b"").hexdigest()[:12]}, TRUE)
    assert "that of an empty file" in problem.message
