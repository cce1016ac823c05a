"""Files and plots that carry what candidates typed: no formula runs, no markup gets through."""

from decimal import Decimal

import pytest
from flask import Flask

from examhall.web.csv_files import cell, csv_file
from examhall.web.plots import Bar, histogram, spread


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd()"])
def test_no_cell_begins_a_formula(text):
    assert cell(text) == f"'{text}"


def test_numbers_stay_numbers():
    assert [cell(one) for one in (Decimal("-1.50"), -2, 0.25, None, True, "Anna")] == [
        "-1.5",
        "-2",
        "0.25",
        "",
        "yes",
        "Anna",
    ]


def test_a_file_is_a_download_that_spreadsheets_know():
    with Flask("test").app_context():
        answer = csv_file("a.csv", ["name"], [["Zoë, =x"], ["=x"]])
    assert answer.get_data() == '\ufeffname\r\n"Zoë, =x"\r\n\'=x\r\n'.encode()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.csv"'


def test_a_plot_escapes_its_words():
    plot = histogram([Bar("<b>", 1, title="<script>")], 'A "plot"')
    assert "<script>" not in plot
    assert "<b>" not in plot
    assert 'aria-label="A &#34;plot&#34;"' in plot
    assert "<rect" in spread([0, 0], "nothing")
    assert "<svg" in histogram([], "empty")
