from hr.management.spreadsheets import ExportCommand


class Command(ExportCommand):
    help = "Write positions to a spreadsheet (.xlsx or .csv)."
    kind_name = "positions"
