import json
from pathlib import Path

from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.plan import OverflowCount, Report
from ckpt_studio.engine.summary import failure, reported


def test_a_report_is_json_that_every_reader_takes():
    report = Report(
        path=Path("out.safetensors"),
        bytes=10,
        seconds=1.23456,
        overflowed=(
            OverflowCount("a", 2, 70000.0),
            OverflowCount("b", 1, float("inf")),
            OverflowCount("c", 1, float("nan")),
        ),
    )
    found = json.loads(json.dumps(reported(report), allow_nan=False))
    assert found["seconds"] == 1.235
    assert [row["max_abs"] for row in found["overflowed"]] == [70000.0, None, None]


def test_an_error_says_kind_message_and_hint():
    error = WriteError("The disk is full", "Choose another folder.")
    assert failure(error) == {
        "kind": "write",
        "message": "The disk is full",
        "hint": "Choose another folder.",
    }
