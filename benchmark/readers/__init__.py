"""What readers say who do not know where an answer comes from.

ratings     the answers and their readings, as rows of datasets/ratings/*.jsonl
choice      which answers to have read, from the files that models and writers gave
sheets      the CSV files that a reader fills in, and taking them back
agreement   how far readers agree with each other
commands    python -m benchmark readers choose | sheet | read | agree
"""
