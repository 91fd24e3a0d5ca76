"""Who answers: prompts, output contract, catalogue, weights, generation. Imports third parties only.

Importing this package, which every other one does first, is the one place where telemetry and network look-ups of the
libraries below us are switched off; it must be in the environment before those libraries are imported. So must torch's
leave to hold tensors in huge pages, without which a CPU spends much of a training step on page faults.
"""

import os

_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_FILE_SYSTEM": "READ_ONLY",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "THP_MEM_ALLOC_ENABLE": "1",
}
for _name, _value in _QUIET.items():
    os.environ.setdefault(_name, _value)
