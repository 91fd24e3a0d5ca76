"""What must not stand on a shop front, by rule: the guard withholds such a name, and the benchmark caps the answer that has it.

words      the words that a reader sees in a name
offence    does a plausible reading of the label say something embarrassing?
brands     is the label, or a word of it, a known brand or something that passes for one?
serious    these two and deceiving letters, as one verdict
"""
