"""``python -m operations``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from operations.cli import main
    except ModuleNotFoundError as error:
        sys.exit(f"Python package '{error.name}' is missing: run `make up` once, or use .venv/bin/python -m operations.")
    main()
