"""Our generation against other tools: the same cases, weights, prompts, dtype, token limit and stop string through each."""
