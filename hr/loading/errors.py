from core.errors import DomainError


class UnusableFile(DomainError):
    """The file as a whole cannot be loaded; the text says why and what to do."""


class OpenQuestion(UnusableFile):
    """Something about the file that only its loader knows; `code` is that of the reading's question."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
