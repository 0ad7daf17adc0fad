"""The text of A1111 is read as its relatives write it, and kept as it is."""

import pytest

from ckpt_studio.core.generation import as_infotext, read_generation

A1111 = (
    "a cat, <lora:paws:0.8>\non a mat\nNegative prompt: blurry, bäd\nworse\n"
    "Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x768, "
    'Model hash: 6ce0161689, Model: v1-5, Lora hashes: "paws: 1a, claws: 2b", '
    'Hashes: {"vae": "x", "model": "y"}, Version: v1.6.0'
)


def read(**texts):
    return read_generation(texts)


def test_a_text_without_negative_prompt_or_without_parameters():
    found = read(parameters="a cat\nSteps: 2, Sampler: Euler, Seed: 3")
    assert (found.positive, found.negative) == ("a cat", "")
    assert found.infotext == "a cat\nNegative prompt: \nSteps: 2, Sampler: Euler, Seed: 3"
    only = read(parameters="a cat: fat, a dog: thin\non a mat")
    assert (only.positive, only.parameters) == ("a cat: fat, a dog: thin\non a mat", ())
    assert only.infotext == ""


def test_parameters_before_lines_of_templates():
    text = "a cat\nSteps: 2, Sampler: Euler, Seed: 3\nTemplate: a {cat|dog}\nNegative Template: x"
    found = read(parameters=text)
    assert found.positive == "a cat"
    assert dict(found.parameters)["Template"] == "a {cat|dog}"


TEMPLATES = (
    "a cat, (red:1.2)\nNegative prompt: bad\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1\n"
    "Template: {cat|dog},\n(red:1.2), blue\nno colon\nNegative Template: bad,\nname: ugly"
)


def test_templates_of_several_lines_are_one_value_each():
    found = read(parameters=TEMPLATES)
    assert found.parameters[4:] == (
        ("Template", "{cat|dog},\n(red:1.2), blue\nno colon"),
        ("Negative Template", "bad,\nname: ugly"),
    )
    assert (found.positive, found.negative) == ("a cat, (red:1.2)", "bad")


def test_parameters_that_begin_otherwise_stand_before_templates_of_several_lines():
    found = read(parameters="a cat\nSampler: Euler, Steps: 2, Seed: 3\nTemplate: a\n{cat|dog}")
    assert found.positive == "a cat"
    assert dict(found.parameters)["Template"] == "a\n{cat|dog}"
    again = read(parameters=found.infotext)
    assert dict(again.parameters) == dict(found.parameters)


@pytest.mark.parametrize(
    "text",
    [
        TEMPLATES,
        "\n a cat \n\nNegative prompt:bad\r\nworse\nSteps: 5, Sampler: E,  Seed: 1,\nown words\n",
    ],
)
@pytest.mark.parametrize("place", ["parameters", "UserComment"])
def test_a_text_of_a1111_is_kept_to_the_letter(text, place):
    assert read(**{place: text}).infotext == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "a,  cat \nSteps: 1,  Sampler: E, Seed: 2",
            "a,  cat \n{}\nSteps: 1,  Sampler: E, Seed: 2",
        ),
        (
            "Negative prompt: x\nSteps: 1, Seed: 2, A: b",
            "\nNegative prompt: x\nSteps: 1, Seed: 2, A: b",
        ),
    ],
)
def test_only_an_empty_prompt_is_added(text, kept):
    assert read(parameters=text).infotext == kept.format("Negative prompt: ")


def test_everything_on_one_line_as_civitai_once_wrote_it():
    found = read(UserComment="a cat.Negative prompt: blurry.Steps: 20, Sampler: Euler, Seed: 5")
    assert (found.positive, found.negative) == ("a cat", "blurry")
    assert dict(found.parameters)["Seed"] == "5"


def test_the_text_written_reads_back_the_same():
    found = read(parameters=A1111)
    again = read(parameters=as_infotext(found))
    assert (again.positive, again.negative) == (found.positive, found.negative)
    assert again.parameters == found.parameters
    assert "\nSteps:" in as_infotext(found)
    assert "\nNegative prompt:" in as_infotext(found)


def test_a_prompt_that_speaks_of_steps_is_no_line_of_parameters():
    text = "a cat\nSteps: wooden\nNegative prompt: no\nSampler: Euler, Steps: 20, Seed: 1"
    found = read(parameters=text)
    assert (found.positive, found.negative) == ("a cat\nSteps: wooden", "no")
    assert dict(found.parameters) == {"Sampler": "Euler", "Steps": "20", "Seed": "1"}
