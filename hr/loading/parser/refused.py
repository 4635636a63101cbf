class Refused(Exception):
    """The file cannot be read. `code` and `values` make a sentence in hr/loading/refusals.py."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values
