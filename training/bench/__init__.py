"""Our training against others': the same rows, weights, adapter shape and hyperparameters through each, in tokens a second."""
