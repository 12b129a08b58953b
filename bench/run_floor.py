"""Write the files of a build once more, with nothing to think about: what no renderer can go below.

Arguments: a build folder, and a folder that is not there yet. Prints the CPU seconds of the writing.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main(built: Path, out: Path) -> None:
    """Read the build into memory, then make its folders and write its files, timed."""
    files = [(path.relative_to(built), path.read_bytes()) for path in sorted(built.rglob("*")) if path.is_file()]
    begun = time.process_time()
    made = set()
    for path, data in files:
        target = out / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        with open(os.fspath(target), "wb", buffering=0) as stream:  # noqa: PTH123 - the quickest way there is
            stream.write(data)
    print(f"{time.process_time() - begun:.4f} {len(files)} {sum(len(data) for _, data in files)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
