from hr.management.spreadsheets import ExportCommand


class Command(ExportCommand):
    help = "Write units to a spreadsheet (.xlsx or .csv)."
    kind_name = "units"
