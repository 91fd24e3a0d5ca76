"""Every error this package raises on purpose.

DomainBenchError
├── CatalogError       a model table that is wrong: names file, table and key
├── WeightsError       weights or adapters that are absent or damaged: names the command to run
├── PromptError        a prompt file that is missing or wrong
├── InputError         a user's input file or option that cannot be used: names file and line
├── OutputError        a file that cannot be written: names it; an OSError, too
├── EndpointError      an endpoint that cannot be reached or answers with an error
└── TrainingError      a training that cannot go on: names the step and what is kept
"""


class DomainBenchError(Exception):
    """Base of all errors with a message meant for the user."""


class CatalogError(DomainBenchError):
    """The catalogue is wrong."""


class WeightsError(DomainBenchError):
    """Weights or an adapter are absent or damaged."""


class PromptError(DomainBenchError):
    """A prompt is missing or wrong."""


class InputError(DomainBenchError):
    """A user's file or option cannot be used."""


class OutputError(DomainBenchError, OSError):
    """A file cannot be written: no permission, no room, or something else is in its place."""


class EndpointError(DomainBenchError):
    """An endpoint cannot be reached or answers with an error."""


class TrainingError(DomainBenchError):
    """A training cannot go on."""
