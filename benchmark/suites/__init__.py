"""The evaluation itself: every case of a suite is a pytest item for every model."""
