"""Serve a model over HTTP: python -m models.serve --model smollm2-lora+guard

    curl -s localhost:8000/generate-domains -H 'Content-Type: application/json' \\
        -d '{"business_description": "mobile dog groomer, Leeds"}'

One page to try it (/), the documentation with examples (/docs), /health/live, /health/ready, /metrics. Requests in flight are
answered together; SIGTERM finishes what was accepted. With DOMAINBENCH_API_KEY set, callers must send it as X-API-Key.
"""

import os
import sys
from pathlib import Path

from models.catalog import CATALOG, CATALOG_HELP, read_catalog, select_one
from models.cli import command, parser
from models.errors import InputError

KEY = "DOMAINBENCH_API_KEY"
DEFAULT = "smollm2-lora+guard"
STOP_SECONDS = 120


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options_parser = parser("models.serve", __doc__)
    options_parser.add_argument(
        "--model", default=DEFAULT, help=f"a name of the catalogue, +guard behind it (default {DEFAULT})"
    )
    options_parser.add_argument("--catalog", type=Path, default=CATALOG, help=CATALOG_HELP)
    options_parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1: this machine alone)"
    )
    options_parser.add_argument("--port", type=int, default=8000)
    options_parser.add_argument(
        "--max-waiting", type=int, default=256, help="requests that may wait; more get 429 (default 256)"
    )
    options_parser.add_argument("--timeout", type=float, default=60.0, help="seconds until a request gets 504 (default 60)")
    options_parser.add_argument("--rdap-url", help="ask this RDAP server whether names are free; by default nobody is asked")
    options_parser.add_argument("--log-descriptions", action="store_true", help="log what callers send; by default not")
    options = options_parser.parse_args(arguments)
    select_one(options.model, read_catalog(options.catalog))  # a wrong name is told before anything is loaded
    try:
        import uvicorn

        from models.service.app import Settings, create_app
    except ImportError as error:
        raise InputError(f"{error.name} is not installed; run: pip install -e '.[serve]' -c constraints.txt") from error
    settings = Settings(
        options.model,
        options.catalog,
        options.max_waiting,
        options.timeout,
        api_key=os.environ.get(KEY) or None,
        rdap_url=options.rdap_url,
        log_descriptions=options.log_descriptions,
    )
    uvicorn.run(
        create_app(settings),
        host=options.host,
        port=options.port,
        log_config=_LOGS,
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return 0


_LOGS = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(message)s"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        "domainbench": {"handlers": ["err"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["err"], "level": "INFO", "propagate": False},
    },
}

if __name__ == "__main__":
    sys.exit(main())
