"""The fields of the model specification and their checks."""

import pytest

from ckpt_studio.core.editing.modelspec import FIELDS, Level, check_spec, check_value, field_of

WHOLE = {
    "modelspec.sai_model_spec": "1.0.1",
    "modelspec.architecture": "stable-diffusion-xl-v1-base",
    "modelspec.implementation": "sgm",
    "modelspec.title": "A model",
    "modelspec.resolution": "1024x1024",
}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("sai_model_spec", "1.0.0", "2"),
        ("resolution", "832x1216", "1024"),
        ("date", "2026-03-31T12:00:00Z", "31.3.2026"),
        ("hash_sha256", "0x" + "0a" * 32, "0a" * 32),
        ("thumbnail", "data:image/jpeg;base64,AAAA", "AAAA"),
        ("timestep_range", "0, 999", "0,1000"),
        ("is_negative_embedding", "true", "True"),
        ("encoder_layer", "2", "two"),
    ],
)
def test_values_are_checked(name, good, bad):
    assert check_value(f"modelspec.{name}", good) == ""
    assert check_value(f"modelspec.{name}", bad).endswith(".")


def test_a_whole_specification_has_no_problem_and_other_metadata_are_not_its_business():
    assert check_spec(WHOLE) == ()
    assert check_spec({"format": "pt"}) == ()
    assert check_value("resolution", "512") == ""


@pytest.mark.parametrize("key", WHOLE)
def test_a_required_field_that_is_missing_is_told(key):
    metadata = {other: value for other, value in WHOLE.items() if other != key}
    assert [problem.key for problem in check_spec(metadata)] == [key]


def test_the_required_fields_are_those_of_the_specification():
    assert {field.key for field in FIELDS if field.level is Level.MUST} == set(WHOLE)
    assert len({field.key for field in FIELDS}) == len(FIELDS)
    assert field_of("modelspec.title") is not None
    assert field_of("modelspec.predict_key") is None  # ComfyUI's own
