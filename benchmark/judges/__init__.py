"""Judges: instruments that read a number off an answer, and the tests that say whether the number may be believed."""
