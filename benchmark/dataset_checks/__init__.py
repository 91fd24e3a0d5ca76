"""What the data must be, as functions that return findings: an empty list is a pass, each string names file, row and fault.

    same_text({"gold/train": [row], "gold/test": [row]}, normalised)
        -> ["gold/train gold-train-0007 = gold/test gold-test-0007: 'mobile dog groomer, Leeds'"]

`schema`: fields and ids · `leaks`: one business in two splits · `names`: expected domains · `balance`: how many of what ·
`language`: is a row in the language it says · `expectations`: can an edge case be met, does a calibration pair differ.
"""
