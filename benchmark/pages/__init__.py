"""From runs to numbers to pages. Every page is a pure function of stored files, so it can be rebuilt byte for byte.

summary       a run's headline numbers with intervals
compare       the paired difference of two runs
gates         may this model ship?
failures      what kinds of faults an answer has
leaderboard, iterations, validity, judge, readers, speed    results/*.md
pairwise      models compared in pairs by a judge
judge_tables, readers_figures    parts that several pages share
"""
