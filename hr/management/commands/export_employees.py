from hr.management.spreadsheets import ExportCommand


class Command(ExportCommand):
    help = "Write employees to a spreadsheet (.xlsx or .csv)."
    kind_name = "employees"
