"""What kind of layer a tensor belongs to, such as attention or convolution, from its name alone."""

import re
from functools import lru_cache

KINDS = ("attn1", "attn2", "attn", "ff", "attn + ff", "conv", "norm", "mod", "embed", "proj")
"""The kinds in the order of a table: attention of a sequence to itself, to another one, or both at
once; feed forward; both in one matrix, as in the single blocks of Flux; convolution; norms;
modulation by time or text; embeddings; other projections."""

OTHER = "other"

_OF_CONVOLUTIONS = 4
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")
_RULES = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("mod", r"adaln|scale_shift|(^|[._])mod(ulation)?([._]|[cxf]{0,2}[.]|$)|norm\d*\.linear"),
        ("norm", r"norm|layrnorm|(^|[._])ln(_|\d|\.|$)|(in_layers|out_layers|^out)\.0\.|gamma$"),
        ("attn1", r"attn1|self_?att"),
        ("attn2", r"attn2|cross_?att"),
        ("attn", r"attn|attention|qkv"),
        ("attn + ff", r"single_blocks\.\d+\.linear[12]\."),
        (
            "embed",
            r"(embed(der|ding)?s?|emb|emb_layers|(time|vector|guidance|txt|img)_in|^shared)\.",
        ),
        ("embed", r"token_embed|pos_embed|embed_tokens|position_embedding"),
        ("ff", r"(^|[._])ff([._]|$)|ffn|mlp|feed_?forward|densereludense|experts|intermediate"),
        (
            "conv",
            r"conv|in_layers|out_layers|skip_connection|shortcut|\.op\.|^out\.|blocks\.0\.0\.",
        ),
        ("proj", r"proj|linear|head|final_layer|mapper"),
    )
)
"""The first rule that is found counts: the norm inside of an attention is a norm."""


def kind_of(name: str, dimensions: int = 0) -> str:
    """Return the kind of layer of a tensor, one of ``KINDS`` or ``OTHER``.

    ``dimensions`` helps where the name says nothing: weights of four and more are convolutions.
    """
    kind = _by_name(_NUMBER.sub(_small, name))
    return "conv" if kind == OTHER and dimensions >= _OF_CONVOLUTIONS else kind


def _small(number: re.Match[str]) -> str:
    """Keep the numbers that rules look at; few different names are left to be looked at."""
    return number[0] if number[0] == "0" else "1"


@lru_cache(maxsize=4096)
def _by_name(name: str) -> str:
    lower = name.lower()
    return next((kind for kind, rule in _RULES if rule.search(lower)), OTHER)
