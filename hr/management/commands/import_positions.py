from hr.management.spreadsheets import ImportCommand


class Command(ImportCommand):
    help = "Load positions from a spreadsheet (.xlsx or .csv)."
    kind_name = "positions"
