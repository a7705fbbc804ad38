"""Tables for a paper: decimals and escaped text."""

from __future__ import annotations

import pandas as pd
import pytest

from ragstudy.cli.export import _latex, _text
from ragstudy.errors import InputError


def test_latex_has_three_decimals_and_no_commands_from_names():
    frame = pd.DataFrame([{"arm": r"m_a\x&b", "difference": -0.123456, "n": 7}])
    text = _latex(frame, "means")
    assert "-0.123 " in text
    assert "-0.1235" not in text
    assert r"m\_a\textbackslash x\&b" in text
    assert text.startswith("\\begin{tabular}")
    assert "\\toprule" in text


def test_a_table_without_rows_is_refused():
    with pytest.raises(InputError, match="the run has no means"):
        _latex(pd.DataFrame(), "means")


def test_csv_keeps_every_digit_and_writes_lists_as_json():
    frame = pd.DataFrame([{"difference": 0.1234567890123456, "caveats": ["a", "ü"]}])
    assert _text(frame, "csv", "means") == 'difference,caveats\n0.1234567890123456,"[""a"", ""ü""]"\n'
