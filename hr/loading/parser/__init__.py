"""What runs in a process of its own and opens files of strangers: bytes in, cells out.

It imports neither Django nor a model: it starts in a moment and knows no password. Its limits and its other end are
hr/loading/sandbox.py.
"""
