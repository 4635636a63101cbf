from hr.management.spreadsheets import ImportCommand


class Command(ImportCommand):
    help = "Load attendance from a spreadsheet (.xlsx or .csv)."
    kind_name = "attendance"
