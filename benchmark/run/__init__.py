"""One evaluation: from cases and a model to a run, its timings and its misses.

evaluation      generates what the store lacks, scores and judges it, hands out samples
stored_scores   scores from the store; what is new is scored
run_files       a run as a JSONL file, and back
timings, timing_options, machine    seconds, memory, and the machine they were measured on
misses          why a sample counts as missed
score_file      `python -m benchmark score`: answers of any system, scored
"""
