"""Writing is atomic and canonical; reading names what is wrong."""

from __future__ import annotations

import pytest

from ragstudy.errors import InputError, nearest
from ragstudy.files import (
    append_lines,
    canonical,
    drop_torn_line,
    fingerprint,
    hash_files,
    read_json,
    read_lines,
    write_lines,
    write_text,
)
from ragstudy.records import Fact, Question


def test_equal_values_have_equal_fingerprints_and_any_change_shows():
    one = Question("q", "x", ("y",), (Fact("f", ("a",)),))
    other = Question("q", "x", ("y",), (Fact("f", ("b",)),))
    assert fingerprint(one) == fingerprint(Question("q", "x", ("y",), (Fact("f", ("a",)),)))
    assert fingerprint(one) != fingerprint(other)


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="Out of range"):
        canonical(float("nan"))
    with pytest.raises(TypeError, match="set"):
        canonical({1, 2})


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_lines(path, [{"a": 1}])
    with pytest.raises(ValueError, match="Out of range"):
        write_lines(path, [{"a": float("inf")}])
    assert path.read_text() == '{"a": 1}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_a_line_torn_by_a_kill_is_dropped_and_only_that(tmp_path):
    path = tmp_path / "rows.jsonl"
    append_lines(path, [{"a": 1}, {"a": 2}])
    with path.open("a") as lines:
        lines.write('{"a": 3, "b')
    assert drop_torn_line(path)
    assert [row["a"] for _, row in read_lines(path)] == [1, 2]
    assert not drop_torn_line(path)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "rows.jsonl:1"), ("\n[1]", "rows.jsonl:2: expected a JSON object")]
)
def test_bad_lines_are_named_by_number(tmp_path, text, message):
    path = tmp_path / "rows.jsonl"
    write_text(path, text)
    with pytest.raises(InputError, match=message):
        list(read_lines(path))


def test_missing_and_unreadable_json_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not readable as JSON"):
        read_json(tmp_path / "bad.json")


def test_a_folders_hash_tells_contents_and_names(tmp_path):
    (tmp_path / "a").write_text("1")
    first = hash_files([tmp_path / "a"], tmp_path)
    (tmp_path / "a").write_text("2")
    assert hash_files([tmp_path / "a"], tmp_path) != first


def test_nearest_suggests_or_lists():
    assert nearest("handbok", ["handbook", "medicine"]) == "; did you mean 'handbook'?"
    assert nearest("zzz", ["b", "a"]) == "; known: a, b"
    assert nearest("zzz", []) == ""


def test_half_of_a_character_and_endless_nesting_are_named_with_their_line(tmp_path):
    """Found by `make fuzz`: hashing such a text ended in a traceback far from the file."""
    lines, whole = tmp_path / "rows.jsonl", tmp_path / "rows.json"
    lines.write_text('{"a": "ok"}\n{"a": "Gre\\ud800en"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"rows\.jsonl:2: .*half of a character, \\ud800"):
        list(read_lines(lines))
    whole.write_text('["\\udc00"]', encoding="utf-8")
    with pytest.raises(InputError, match=r"rows\.json: .*half of a character"):
        read_json(whole)
    whole.write_text('["\\ud83d\\ude00"]', encoding="utf-8")
    assert read_json(whole) == ["\U0001f600"]
    whole.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="nested too deeply"):
        read_json(whole)
