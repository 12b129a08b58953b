"""AVD, as its documentation has a Python program use it; run by the interpreter of its own environment.

Arguments: the folder with ``fabric.json`` and ``devices.json``, and the folder that the
configurations go to. Every device is given the variables of the fabric, as Ansible gives them.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main(inputs: Path, out: Path) -> int:
    """Validate, collect facts, build and print every device; 1 when an input is refused."""
    # Not a dependency of this repository: the peer lives in an environment of its own.
    pyavd: Any = importlib.import_module("pyavd")
    design: Any = importlib.import_module("pyavd.api.schemas").AVDDesign
    shared = json.loads((inputs / "fabric.json").read_text())
    devices = json.loads((inputs / "devices.json").read_text())
    read = {}
    for name, own in devices.items():
        result = pyavd.validate_inputs({**shared, **own})
        if result.validated_data is None:
            print(f"{name}: {result.validation_result.violations}", file=sys.stderr)
            return 1
        read[name] = design._from_dict(result.validated_data)  # noqa: SLF001 - what its own functions call
    facts = pyavd.get_avd_facts(read)
    for name, values in read.items():
        config = pyavd.get_device_structured_config(name, values, facts)
        (out / f"{name}.cfg").write_text(pyavd.get_device_config(config))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
