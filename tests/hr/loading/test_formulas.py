import pytest

from hr.loading.formulas import neutralise, neutralise_in_text_cell, restore

TEXTS = ["=1+1", "+584121234567", "-5", "@SUM(A1)", "\tx", "\rx", "Ana", "O'Brien", "'quoted'", "'=x", "''=x", "", "'"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_goes_out_comes_back(text):
    assert restore(neutralise(text)) == text
    assert restore(neutralise_in_text_cell(text)) == text


@pytest.mark.parametrize("text", TEXTS[:6])
def test_a_formula_is_marked(text):
    assert neutralise(text) == "'" + text


def test_harmless_text_is_left_alone():
    assert [neutralise(text) for text in TEXTS[6:9]] == TEXTS[6:9]
