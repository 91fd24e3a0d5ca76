"""The ranker, ruler A: how glad an owner would be of a list of names, for choosing among answers; never for judging them."""
