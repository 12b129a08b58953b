"""Python on a node keeps what it compiles of zip archives, as it does of folders.

Each module of Ansible is such an archive, and compiling it is most of its time; nothing else is different.
"""

import _imp
import contextlib
import marshal
import os
import zipimport

PLACE = "/var/cache/lab-python"
_compile = zipimport._compile_source


def _kept(path, source):
    file = f"{PLACE}/{os.path.basename(path)}-{_imp.source_hash(1, source).hex()}"
    try:
        with open(file, "rb") as there:
            return marshal.load(there)
    except (OSError, ValueError, EOFError):
        code = _compile(path, source)
    with contextlib.suppress(OSError):
        with open(f"{file}.{os.getpid()}", "wb") as new:
            marshal.dump(code, new)
        os.replace(f"{file}.{os.getpid()}", file)
    return code


zipimport._compile_source = _kept
