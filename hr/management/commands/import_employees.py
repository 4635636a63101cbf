from hr.management.spreadsheets import ImportCommand


class Command(ImportCommand):
    help = "Load employees from a spreadsheet (.xlsx or .csv)."
    kind_name = "employees"
