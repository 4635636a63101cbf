import pytest

from core.text import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("Pérez", "perez"),
        ("PÉREZ", "perez"),
        ("Pe\u0301rez", "perez"),
        ("  Núñez\t de  la\nPeña ", "nunez de la pena"),
        ("Fecha\u00a0de\u2003ingreso", "fecha de ingreso"),
        ("\ufeffCódigo", "codigo"),
        ("Co\u00addi\u200bgo", "codigo"),
        ("Straße", "strasse"),
        ("İzmir", "izmir"),
        ("ﬁn", "fin"),
        ("Łódź", "lodz"),
        ("Bjørn Æsir", "bjorn aesir"),
        ("Yıldız Guðrún", "yildiz gudrun"),
        ("V-12.345.678", "v-12.345.678"),
        ("EMP-0001", "emp-0001"),
        ("北京", "北京"),
    ],
)
def test_fold_keeps_what_people_compare_by(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["Ñandú  İ", "ŁÓDŹ", "ẞ", "½ kg", "ΐ", "  a  b "])
def test_fold_of_a_folded_text_is_itself(text):
    assert fold(fold(text)) == fold(text)
