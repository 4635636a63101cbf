"""Made-up but plausible data: the same for the same number of employees, on every machine and every day.

Events and evaluations are counted from today.
"""
