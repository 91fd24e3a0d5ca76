"""The winning model over HTTP, in the order a request passes.

    schemas      what is asked and answered: two request shapes, one set of options
    app          routes, limits, API key, logs, metrics, the page and the documentation
    dispatcher   the bounded queue before the model's process: what waits is answered together
    worker       the model's process: batches in, suggestions out
    rdap         is a name free to register? Off unless it is asked for
    load         many clients at once, and one at a time: what batching is worth

Started by `python -m models.serve`.
"""
