"""The support bundle of ``cl-support``: a small tar of what the twin knows, under /var/support as on a switch."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from rackwright.twin.engine.masking import masked
from rackwright.twin.texts.output import to_yaml

if TYPE_CHECKING:
    from rackwright.twin.box import Box

__all__ = ["bundle"]


def bundle(box: Box) -> str:
    """Write the bundle and return its path. Raises OSError with a full disk."""
    switch = box.switch
    name = f"cl_support_{box.name}_{int(box.clock.date(switch.now))}"
    parts = {
        "etc/hostname": box.files.get("/etc/hostname").data,
        "etc/lsb-release": box.files.get("/etc/lsb-release").data,
        "nvue/applied.yaml": to_yaml(masked(switch.applied, switch.who.serial)).encode(),
        "nvue/startup.yaml": to_yaml(masked(switch.startup, switch.who.serial)).encode(),
        "nvue/history": "".join(
            f"{entry.revision} {entry.state} {entry.message}\n" for entry in switch.history
        ).encode(),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        for path, data in parts.items():
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path = f"/var/support/{name}.txz"
    box.files.put(path, packed.getvalue(), mode=0o640)
    return path
