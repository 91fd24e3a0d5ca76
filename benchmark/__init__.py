"""Who judges: cases, metrics, statistics, gates, store, leaderboard and the pytest plugin. Imports `models`."""
