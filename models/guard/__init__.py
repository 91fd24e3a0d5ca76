"""What stands before and behind a model: `NAME+guard` in the catalogue, and the service.

legible      what a disguised description says
classifier   how likely a description is of a business that the policy refuses
guard        the decision on a description, with its reasons
names        which of a model's names may be shown
"""
