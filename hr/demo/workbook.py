"""A large sample file to try a load with: as people write such files, and without a fault."""

from collections.abc import Iterator
from os import PathLike
from random import Random
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font

from hr.demo.people import NEWCOMERS, Person, person

HEADERS = (
    "Código",
    "Nombres",
    "Apellidos",
    "Cédula",
    "Correo electrónico",
    "Teléfono",
    "Unidad",
    "Cargo",
    "Fecha de ingreso",
    "Jefe",
)
_WIDTHS = (12, 20, 26, 16, 42, 16, 28, 24, 16, 16)
_CITIES = (
    "Barinas",
    "Barquisimeto",
    "Caracas",
    "Ciudad Bolívar",
    "Cumaná",
    "Maracaibo",
    "Maracay",
    "Mérida",
    "Valencia",
)
_POSITIONS = ("Cajero", "Vendedor", "Almacenista", "Reponedor", "Asesor Comercial", "Auxiliar de Tesorería", "Técnico")
_HEADQUARTERS = "Dirección de Sucursales"
_PER_BRANCH = 100
_PER_SUPERVISOR = 15


def write_sample_workbook(target: str | PathLike[str] | IO[bytes], rows: int = 10_000) -> None:
    """Write `rows` new people with units, positions and bosses nobody knows yet; many a boss stands further down.

    The cells are the same for the same `rows`, whenever and wherever it is written.
    """
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Empleados")
    sheet.freeze_panes = "A2"
    for number, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFGHIJ"[number]].width = width
    sheet.append([_styled(sheet, header, font=Font(bold=True)) for header in HEADERS])
    order = list(range(1, rows + 1))
    Random(rows).shuffle(order)
    staff = {number: person(number, NEWCOMERS) for number in order}
    branches = max(1, rows // _PER_BRANCH)
    for number in order:
        boss = _boss_of(number, branches)
        sheet.append(list(_cells(sheet, number, staff[number], staff.get(boss), branches)))
    workbook.save(target)


def _cells(sheet: Any, number: int, who: Person, boss: Person | None, branches: int) -> Iterator[object]:
    yield who.code
    yield who.first_name
    yield who.last_name
    yield _typed_cedula(who, number)
    yield who.work_email
    yield f"0{who.private_phone[3:6]}-{who.private_phone[6:]}"
    yield _unit_of(number, branches)
    yield _position_of(number, branches)
    if number % 5 == 0:
        yield f"{who.hired_on:%d/%m/%Y}"
    else:
        yield _styled(sheet, who.hired_on, number_format="dd/mm/yyyy")
    if boss is None:
        yield None
    else:
        yield boss.national_id if number % 7 == 0 else boss.code


def _typed_cedula(who: Person, number: int) -> str | int:
    """As a number, and in each of the three ways people write it."""
    letter, digits = who.national_id.split("-")
    if letter == "E":
        return who.national_id
    spellings = (int(digits), f"V{digits}", f"V-{int(digits):,}".replace(",", "."), digits)
    return spellings[number % 4]


# Person 1 directs; the next ones head a branch each; behind them every branch has supervisors and their people.
def _branch_of(number: int, branches: int) -> int:
    return (number - 2) % branches + 1


def _rank_in_branch(number: int, branches: int) -> int:
    """0 for the head of the branch, then 1, 2, 3, … for its members."""
    return (number - 2) // branches


def _boss_of(number: int, branches: int) -> int:
    """The number of the boss, 0 for nobody."""
    if number == 1:
        return 0
    rank = _rank_in_branch(number, branches)
    if rank == 0:
        return 1
    ahead = rank if (rank - 1) % _PER_SUPERVISOR == 0 else (rank - 1) % _PER_SUPERVISOR
    return number - ahead * branches


def _unit_of(number: int, branches: int) -> str:
    if number == 1:
        return _HEADQUARTERS
    branch = _branch_of(number, branches)
    return f"Sucursal {_CITIES[branch % len(_CITIES)]} {branch:03}"


def _position_of(number: int, branches: int) -> str:
    if number == 1:
        return "Director de Sucursales"
    rank = _rank_in_branch(number, branches)
    if rank == 0:
        return "Gerente de Sucursal"
    if (rank - 1) % _PER_SUPERVISOR == 0:
        return "Supervisor de Piso"
    return _POSITIONS[number % len(_POSITIONS)]


def _styled(sheet: Any, value: object, **style: object) -> Cell:
    cell = WriteOnlyCell(sheet, value)
    for name, setting in style.items():
        setattr(cell, name, setting)
    return cell
