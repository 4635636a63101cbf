from hr.management.spreadsheets import ExportCommand


class Command(ExportCommand):
    help = "Write attendance to a spreadsheet (.xlsx or .csv)."
    kind_name = "attendance"
