from hr.management.spreadsheets import ImportCommand


class Command(ImportCommand):
    help = "Load units from a spreadsheet (.xlsx or .csv)."
    kind_name = "units"
