"""LoRA files and models as values, and which tensor each module of a file is for."""

from ckpt_studio.core.lora.matching import match
from ckpt_studio.core.lora.reading import modules_of, unknown_in
from tests.models import checkpoint, encoder, unet

KOHYA = ("lora_down.weight", "lora_up.weight", "alpha")
PEFT = ("lora_A.weight", "lora_B.weight")


def lora(names, ends=KOHYA, metadata=None):
    """LoRA file with these modules; shapes do not matter to names."""
    table = {}
    for name in names:
        for end in ends:
            table[f"{name}.{end}"] = ("F16", () if end == "alpha" else (4, 4))
    return checkpoint(table, "lora.safetensors", metadata)


def model(family, *encoders):
    parts = {"unet": unet(family)} | {name: encoder(name) for name in encoders}
    if "clip_g" in parts:
        parts["clip_g"]["text_projection.weight"] = ("F16", (1280, 1280))
    return {
        part: {key: shape for key, (_, shape) in table.items()} for part, table in parts.items()
    }


def reached(file, family, *encoders):
    """Map every module to its target; all have one, and no two of a kind have the same."""
    found = match(modules_of(file), model(family, *encoders), family)
    assert found.unmatched == ()
    assert unknown_in(file) == ()
    targets = {module.name: target for target, module in found.targets}
    assert len(targets) == len(found.targets)
    assert len({(target, module.kind) for target, module in found.targets}) == len(found.targets)
    return targets
