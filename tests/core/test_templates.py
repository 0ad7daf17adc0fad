"""The language of the data files."""

import pytest

from ckpt_studio.core.expr import read
from ckpt_studio.core.families.key_pattern import fill
from ckpt_studio.core.families.renames import apply_rules, inverse, parse_rules
from ckpt_studio.core.families.templates import Modules, Spec, parse_spec
from ckpt_studio.core.tensors import DType
from tests.models import checkpoint

MODULES = Modules(
    {
        "linear o i": {"weight": "[o, i]", "bias": "[o]"},
        "pair d": {"a": "linear d 2*d", "{1-2}": "linear d d"},
        "named t": {"{t}_x": "[1]"},
    }
)


def expand(lines, arguments=None, existing=()):
    return {k: s.shape for k, s in MODULES.expand(lines, arguments or {}, existing).items()}


def test_modules_repeat_and_nest():
    assert expand({"b.{2}": "pair d"}, {"d": 3}) == {
        f"b.{n}.{key}": shape
        for n in range(2)
        for key, shape in (
            ("a.weight", (3, 6)),
            ("a.bias", (3,)),
            ("1.weight", (3, 3)),
            ("1.bias", (3,)),
            ("2.weight", (3, 3)),
            ("2.bias", (3,)),
        )
    }


def test_counts_come_from_the_file():
    keys = ["b.0.weight", "b.3.weight", "c.9.weight"]
    assert len(expand({"b.{~3}": "linear 2 2"}, existing=keys)) == 8
    assert len(expand({"b.{~3}": "linear 2 2"})) == 6


def test_lines_in_place_and_words_in_keys():
    assert expand({"@x": "named img", "": "named txt", "gone": ""}) == {
        "img_x": (1,),
        "txt_x": (1,),
    }


def test_specs():
    assert parse_spec("F32 [] = 4.6055") == Spec((), DType.F32, "4.6055")
    assert parse_spec("[~77, 2*d]", {"d": 4}) == Spec((-77, 8))
    assert parse_spec("[~77, 8]").accepts((248, 8))
    assert not parse_spec("[~77, 8]").accepts((248, 9))
    assert parse_spec("[~77]").usual_shape == (77,)
    with pytest.raises(ValueError, match="no tensor"):
        parse_spec("linear 1 2")


def test_words_steps_and_tables_of_their_own():
    lines = {"attn.{q|k}": "[2]", "up.{1-5/2}": "[3]", "blocks.{2}": {"a": "[4]", "b.{q|v}": "[5]"}}
    assert expand(lines) == {
        "attn.q": (2,),
        "attn.k": (2,),
        "up.1": (3,),
        "up.3": (3,),
        "up.5": (3,),
        **{f"blocks.{n}.a": (4,) for n in range(2)},
        **{f"blocks.{n}.b.{key}": (5,) for n in range(2) for key in "qv"},
    }


def test_words_in_targets():
    rules = parse_rules([["{s}.{i}.to_q.", "{s}.{i+1}.q."]], {})
    assert rules[0].match("layers.1.to_q.weight") == ("layers.2.q.weight",)
    assert rules[0].match("a.layers.1.to_q.weight") is None


def test_numbers_in_targets():
    assert fill("output_blocks.{3*i+j}.{2-i}.", {"i": "1", "j": "2"}) == "output_blocks.5.1."


def exprs(**tensors):
    made = checkpoint({name.replace("_", "."): ("F16", s) for name, s in tensors.items()})
    return {name: read(0, tensor) for name, tensor in made.tensors.items()}


def test_rules_join_split_swap_and_rename():
    rules = parse_rules(
        [
            ["q.", "join 0", "qkv."],
            ["k.", "join 1", "qkv."],
            ["s.w", "swap", "t.w"],
            ["p.{i}.", "r.{i+1}.", "inner"],
            ["both.w", "split", "one", "two"],
        ],
        {"inner": [["a.", "b."]]},
    )
    found = apply_rules(
        rules, exprs(q_w=(2, 4), k_w=(3, 4), s_w=(4,), p_1_a_w=(1,), p_2_c_w=(1,), both_w=(4, 2))
    )
    assert {name: expr.shape for name, expr in found.items()} == {
        "qkv.w": (5, 4),
        "t.w": (4,),
        "r.2.b.w": (1,),
        "r.3.c.w": (1,),
        "one": (2, 2),
        "two": (2, 2),
    }


def test_what_cannot_be_operated_on_keeps_its_name():
    rules = parse_rules([["a.w", "split", "x", "y"], ["b.w", "transpose", "z"]], {})
    assert set(apply_rules(rules, exprs(a_w=(3, 3), b_w=(3,)))) == {"a.w", "b.w"}


def test_the_way_back():
    lines = [
        ["a.{i}.", "b.{i}."],
        ["down.{i}.res.{j}.", "in.{3*i+j+1}.0.", "inner"],
        ["down.{i}.op.", "in.{3*i+3}.0.op."],
        ["up.{i}.", "out.{3-i}."],
        ["w", "split", "x", "y"],
        ["t", "transpose", "u"],
        ["q.", "join 0", "all."],
        ["m.", "join 1 4", "all."],
        ["n.", "swap", "o."],
        ["c.", "conv", "d."],
        ["old.", "conv", "d."],
    ]
    there = parse_rules(lines, {"inner": [["norm.", "layers.0."]]})
    start = exprs(
        a_3_k=(1,),
        down_1_res_1_norm_k=(1,),
        down_1_op_k=(1,),
        up_1_k=(1,),
        w=(4, 2),
        t=(2, 2),
        q_k=(3, 2),
        m_k=(12, 2),
        n_k=(4, 2),
        c_k=(2, 2),
        c_b=(2,),
    )
    made = apply_rules(there, start)
    assert {"in.5.0.layers.0.k", "in.6.0.op.k", "out.2.k"} <= made.keys()
    assert made["d.k"].shape == (2, 2, 1, 1)
    assert apply_rules(inverse(there), made) == start


def test_there_and_back_from_the_other_side():
    rules = parse_rules([["q.", "join 0", "a."], ["m.", "join 1 2", "a."], ["s", "swap", "t"]], {})
    start = exprs(a_k=(6, 2), t=(4,))
    made = apply_rules(inverse(rules), start)
    assert {name: expr.shape for name, expr in made.items()} == {
        "q.k": (2, 2),
        "m.k": (4, 2),
        "s": (4,),
    }
    assert apply_rules(rules, made) == start


def test_a_rule_that_forgets_a_number_has_no_way_back():
    with pytest.raises(ValueError, match="no way back"):
        inverse(parse_rules([["a.{i}.", "b."]], {}))


def test_a_number_that_fits_no_machine_is_no_number_of_a_block():
    rules = parse_rules([["a.{i}.", "b.{i+1}."], ["c.{2*i}.", "d.{i}."]], {})
    long = "9" * 5000
    for name in (f"a.{long}.w", "c.3.w"):
        assert apply_rules(rules, {name: 1}) == {name: 1}


def test_a_shape_is_given_back_and_a_second_spelling_of_a_joined_part_is_not_written():
    lines = [
        ["s.", "shape 1 * 1", "t."],
        ["q.", "join 0", "a."],
        ["m.", "join 1 2", "a."],
        ["old.", "join 1", "a."],
    ]
    back = inverse(parse_rules(lines, {}))
    made = apply_rules(back, exprs(t_k=(6,), a_k=(6, 2)))
    assert {name: expr.shape for name, expr in made.items()} == {
        "s.k": (1, 6, 1),
        "q.k": (2, 2),
        "m.k": (4, 2),
    }
