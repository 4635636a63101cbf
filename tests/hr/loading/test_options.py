import json

from hr.loading.options import Note, Options, Question, Reading

CHOSEN = Options(
    sheet="Hoja1",
    encoding="cp1252",
    delimiter=";",
    header_row=3,
    date_order="mdy",
    columns={0: "code", 4: None},
    split_names=True,
    fixes={"org_unit": {"ventas norte": "Ventas"}},
)


def test_options_are_the_same_behind_json():
    assert Options.from_json(json.loads(json.dumps(CHOSEN.as_json()))) == CHOSEN
    assert Options().as_json() == {}


def test_what_is_as_detected_is_not_stored():
    assert CHOSEN.as_json()["columns"] == {"0": "code", "4": None}
    assert "matrix" not in CHOSEN.as_json()


def test_options_that_make_no_sense_are_as_if_absent():
    forged = {
        "sheet": ["x"],
        "encoding": "rot13",
        "delimiter": "ab",
        "header_row": "3",
        "date_order": "ydm",
        "columns": {"x": "code", "-1": "code", "0": 7},
        "split_names": "yes",
        "fixes": [],
        "memory": 10**12,
    }

    assert Options.from_json(forged) == Options(columns={0: None})


def test_what_is_about_one_file_is_not_remembered():
    assert CHOSEN.remembered() == Options(date_order="mdy", columns={0: "code", 4: None}, split_names=True)


def test_options_fill_what_others_leave_open():
    assert Options(delimiter=",").over(CHOSEN).delimiter == ","
    assert Options(delimiter=",").over(CHOSEN).sheet == "Hoja1"


def test_a_reading_is_the_same_behind_json():
    reading = Reading(
        format="csv",
        headers=["Código"],
        columns=[("Código", "code"), ("Talla", None)],
        suggestions={1: "country"},
        notes=[Note("totals", "…", rows=[7], count=1)],
        questions=[Question("date_order", "…", "Fecha")],
    )

    assert Reading.from_json(json.loads(json.dumps(reading.as_json()))) == reading
    assert Reading.from_json({}) == Reading()
