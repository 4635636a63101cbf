class Failed(Exception):
    """What was asked for was not done; the text says why, to an administrator."""
