"""Print the JSON Schema of a site file: ``python -m rackwright.intent > docs/reference/site.schema.json``."""

from __future__ import annotations

import json
import sys

from rackwright.intent.writing import json_schema

if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2, sort_keys=True) + "\n")
