"""Every kind of adapter against its formula, written out in fp64."""

import numpy as np
import pytest
import torch

from ckpt_studio.core.lora.kinds import by_rows, fits
from ckpt_studio.engine._torch.adapters import apply

OUT, IN, RANK = 12, 8, 3
SHAPES = {"linear": (OUT, IN), "conv": (OUT, IN, 3, 3)}


def random(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def factors(kind, shape):
    """Return factors of that kind for a weight of that shape."""
    out, inputs, *kernel = shape
    flat = {
        "lora": {"up": (out, RANK), "down": (RANK, inputs)},
        "loha": {
            "w1a": (out, RANK),
            "w1b": (RANK, inputs),
            "w2a": (out, RANK),
            "w2b": (RANK, inputs),
        },
        "lokr": {"left": (3, 2), "right_a": (4, RANK), "right_b": (RANK, 4)},
        "glora": {
            "a1": (inputs, RANK),
            "a2": (RANK, inputs),
            "b1": (out, RANK),
            "b2": (RANK, inputs),
        },
        "diff": {"diff": (out, inputs)},
        "set": {"value": (out, inputs)},
    }[kind]
    wide = {"down", "w1b", "w2b", "right_b", "b2", "diff", "value"}
    if kind == "glora" and kernel:
        flat = {role: (*size, 1, 1) for role, size in flat.items()}
    shaped = {role: (*size[:2], *kernel) if role in wide else size for role, size in flat.items()}
    return {role: random(*size, seed=seed) for seed, (role, size) in enumerate(shaped.items())}


def flat(values):
    return values.reshape(values.shape[0], -1)


def delta(kind, w, f):
    """Return ΔW without α and strength (``merging.md`` 4.2)."""
    match kind:
        case "lora":
            return (flat(f["up"]) @ flat(f["down"])).reshape(w.shape)
        case "loha":
            one, two = f["w1a"] @ flat(f["w1b"]), f["w2a"] @ flat(f["w2b"])
            return (one * two).reshape(w.shape)
        case "lokr":
            return np.kron(f["left"], f["right_a"] @ flat(f["right_b"])).reshape(w.shape)
        case "glora":
            a = flat(f["a1"]) @ flat(f["a2"])
            changed = np.einsum("oi...,ij->oj...", w, a)
            return changed + (flat(f["b1"]) @ flat(f["b2"])).reshape(w.shape)
        case "diff":
            return f["diff"].reshape(w.shape)


def computed(kind, w, f, strength=0.5, rows=None):
    shapes = {role: value.shape for role, value in f.items()}
    assert fits(kind, shapes, w.shape if rows is None else (OUT, *w.shape[1:]))
    tensors = {role: torch.from_numpy(np.asarray(value)).float() for role, value in f.items()}
    return apply(kind, strength, torch.from_numpy(w).float(), tensors, rows).double().numpy()


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("kind", ["lora", "loha", "lokr", "glora"])
def test_alpha_scales_by_the_rank_and_strength_counts_once(kind, shape):
    w, f = random(*shape), factors(kind, shape)
    close(computed(kind, w, f), w + 0.5 * delta(kind, w, f))
    scaled = {**f, "alpha": np.array(6.0)}
    close(computed(kind, w, scaled), w + 0.5 * (6.0 / RANK) * delta(kind, w, f))


def test_whole_sides_of_a_lokr_hold_their_scale_already():
    w = random(OUT, IN)
    f = {"left": random(3, 2), "right": random(4, 4), "alpha": np.array(6.0)}
    close(computed("lokr", w, f), w + 0.5 * np.kron(f["left"], f["right"]))
    f = {
        "left_a": random(3, 1),
        "left_b": random(1, 2),
        "right": random(4, 4),
        "alpha": np.array(6.0),
    }
    close(computed("lokr", w, f), w + 0.5 * 6 * np.kron(f["left_a"] @ f["left_b"], f["right"]))


def test_a_lora_of_a_convolution_of_size_one():
    w = random(OUT, IN, 1, 1)
    f = {"up": random(OUT, RANK, 1, 1), "down": random(RANK, IN, 1, 1)}
    close(computed("lora", w, f), w + 0.5 * (flat(f["up"]) @ flat(f["down"])).reshape(w.shape))


def test_tucker_factors_of_a_lora():
    w = random(OUT, IN, 3, 3)
    f = {
        "up": random(OUT, 4, 1, 1),
        "mid": random(4, RANK, 3, 3),
        "down": random(RANK, IN, 1, 1),
        "alpha": np.array(1.0),
    }
    change = np.einsum("mnxy,im,nj->ijxy", f["mid"], flat(f["up"]), flat(f["down"]))
    close(computed("lora", w, f), w + 0.5 / RANK * change)


def test_tucker_factors_of_a_loha_and_a_lokr():
    def tucker(core, first, second):
        return np.einsum("ijkl,jr,ip->prkl", core, second, first)

    w = random(OUT, IN, 3, 3)
    f = {"alpha": np.array(1.0)}
    for side in "12":
        f[f"t{side}"] = random(RANK, RANK, 3, 3, seed=int(side))
        f[f"w{side}a"], f[f"w{side}b"] = random(RANK, OUT), random(RANK, IN)
    halves = [tucker(f[f"t{side}"], f[f"w{side}a"], f[f"w{side}b"]) for side in "12"]
    close(computed("loha", w, f), w + 0.5 / RANK * halves[0] * halves[1])
    assert not by_rows("loha", f)
    f = {"left": random(3, 2), "core": random(RANK, RANK, 3, 3)}
    f |= {"right_a": random(RANK, 4), "right_b": random(RANK, 4)}
    whole = tucker(f["core"], f["right_a"], f["right_b"])
    close(computed("lokr", w, f), w + 0.5 * np.kron(f["left"][:, :, None, None], whole))


def test_the_old_order_of_a_glora_is_told_by_its_shapes():
    w = random(OUT, IN)
    f = {
        "a1": random(RANK, IN),
        "a2": random(IN, RANK),
        "b1": random(RANK, IN),
        "b2": random(OUT, RANK),
    }
    close(computed("glora", w, f), w + 0.5 * (f["b2"] @ f["b1"] + w @ f["a2"] @ f["a1"]))


def test_ia3_scales_rows_or_columns():
    w = random(OUT, IN)
    rows = {"weight": random(OUT), "on_input": np.array(0.0)}
    close(computed("ia3", w, rows), w + 0.5 * w * rows["weight"][:, None])
    columns = {"weight": random(1, IN), "on_input": np.array(1.0)}
    close(computed("ia3", w, columns), w + 0.5 * w * columns["weight"])


def test_differences_and_replaced_weights():
    w, b = random(OUT, IN), random(OUT)
    f = factors("diff", w.shape)
    close(computed("diff", w, f), w + 0.5 * f["diff"])
    close(computed("diff_b", b, {"diff_b": b * 3}), b * 2.5)
    value = factors("set", w.shape)
    close(computed("set", w, value, strength=1.0), value["value"])


def turned(blocks, limit=None):
    skew = blocks - blocks.swapaxes(-1, -2)
    if limit is not None:
        skew = skew * min(1.0, limit / np.linalg.norm(skew))
    one = np.eye(blocks.shape[-1])
    return (one + skew) @ np.linalg.inv(one - skew)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_oft_turns_blocks_of_rows_once(shape):
    w, blocks = random(*shape), random(3, 4, 4) * 0.3
    apart = w.reshape(3, 4, *shape[1:])
    r = 0.5 * (turned(blocks) - np.eye(4)) + np.eye(4)
    wanted = np.einsum("knm,kn...->km...", r, apart).reshape(shape)
    close(computed("oft", w, {"blocks": blocks}), wanted)


def test_the_constraint_of_oft_is_alpha_times_the_outputs():
    w, blocks, alpha = random(OUT, IN), random(3, 4, 4), 0.05
    assert np.linalg.norm(blocks - blocks.swapaxes(1, 2)) > alpha * OUT
    r = turned(blocks, limit=alpha * OUT)
    wanted = np.einsum("knm,kn...->km...", r, w.reshape(3, 4, IN)).reshape(w.shape)
    close(computed("oft", w, {"blocks": blocks, "alpha": np.array(alpha)}, strength=1.0), wanted)


def test_boft_turns_rows_that_lie_apart_in_stages():
    out, size = 16, 4
    w, blocks = random(out, IN), random(2, out // size, size, size) * 0.3
    wanted = w
    stages = 0.5 * (turned(blocks) - np.eye(size)) + np.eye(size)
    for stage, block in enumerate(stages):
        apart = 2**stage * size // 2
        # rows j and j + apart of every group of 2·apart rows are neighbours, then in blocks of 4
        order = [
            group + offset + half * apart
            for group in range(0, out, 2 * apart)
            for offset in range(apart)
            for half in range(2)
        ]
        result = np.empty_like(wanted)
        for index in range(out // size):
            own = order[index * size : (index + 1) * size]
            result[own] = block[index] @ wanted[own]
        wanted = result
    close(computed("boft", w, {"blocks": blocks}), wanted)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("axis", ["rows", "columns"])
def test_dora_norms_the_changed_weight_over_the_axis_that_its_magnitudes_leave(axis, shape):
    w, f = random(*shape), factors("lora", shape)
    changed = w + delta("lora", w, f)
    over = tuple(range(1, w.ndim)) if axis == "rows" else (0, *range(2, w.ndim))
    size = [1] * w.ndim
    size[0 if axis == "rows" else 1] = shape[0 if axis == "rows" else 1]
    scale = np.abs(random(*size)) + 0.5
    wanted = changed * scale / np.sqrt((changed**2).sum(axis=over, keepdims=True))
    close(computed("lora", w, {**f, "dora_scale": scale}), w + 0.5 * (wanted - w))
    if axis == "rows":
        close(computed("lora", w, {**f, "dora_scale": scale.flatten()}), w + 0.5 * (wanted - w))
    assert not by_rows("lora", {**f, "dora_scale": scale})


@pytest.mark.parametrize("kind", ["lora", "loha", "glora", "diff", "set"])
def test_blocks_of_rows_are_those_of_the_whole(kind):
    w, f = random(OUT, IN), factors(kind, (OUT, IN))
    assert by_rows(kind, f)
    whole = computed(kind, w, f)
    close(computed(kind, w[5:9], f, rows=(5, 9)), whole[5:9])


@pytest.mark.parametrize("kind", ["lokr", "oft", "boft", "ia3"])
def test_rows_of_these_depend_on_others(kind):
    assert not by_rows(kind, {"blocks": 0})


@pytest.mark.parametrize(("have", "given"), [(9, 4), (4, 9), (8, 4)])
def test_other_channels_of_the_first_convolution_are_zero_or_cut(have, given):
    w = random(OUT, have, 3, 3)
    f = {"up": random(OUT, RANK, 1, 1), "down": random(RANK, given, 3, 3)}
    change = (flat(f["up"]) @ flat(f["down"])).reshape(OUT, given, 3, 3)
    wanted = w.copy()
    wanted[:, : min(have, given)] += 0.5 * change[:, : min(have, given)]
    close(computed("lora", w, f), wanted)
    close(computed("lora", w[2:5], f, rows=(2, 5)), wanted[2:5])


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        ("lora", {"up": (OUT, RANK), "down": (RANK, IN + 1)}),
        ("lora", {"up": (OUT + 1, RANK), "down": (RANK, IN)}),
        ("lora", {"up": (OUT, RANK + 1), "down": (RANK, IN)}),
        ("lora", {"up": (OUT, RANK), "down": (RANK, IN), "dora_scale": (1, IN + 1)}),
        ("loha", {"w1a": (OUT, 2), "w1b": (2, IN), "w2a": (OUT, 2), "w2b": (3, IN)}),
        ("lokr", {"left": (3, 2), "right": (4, 5)}),
        ("glora", {"a1": (7, 2), "a2": (2, 7), "b1": (OUT, 2), "b2": (2, IN)}),
        ("ia3", {"weight": (5,), "on_input": ()}),
        ("oft", {"blocks": (2, 4, 4)}),
        ("oft", {"blocks": (OUT, 1)}),
        ("lora", {"up": (OUT,), "down": (1,)}),
        ("boft", {"blocks": (4, 3, 4, 4)}),
        ("diff", {"diff": (IN, OUT)}),
        ("diff_b", {"diff_b": (IN,)}),
        ("set", {"value": (OUT,)}),
    ],
)
def test_other_shapes_do_not_fit(kind, shapes):
    assert not fits(kind, shapes, (OUT, IN))
