from core.errors import DomainError


class UnusableFile(DomainError):
    """The file as a whole cannot be loaded; the text says why and what to do."""
