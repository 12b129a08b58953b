"""The program of BCM's lite daemon: unpacked from the user's archive, with its packages in an environment of its own."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.lite_daemon import digest, tool

DOCUMENTATION = r"""
module: bcm_program
short_description: Unpack the lite daemon of Base Command Manager
description:
  - Unpacks cm-lite-daemon.zip and makes a virtual environment with what its C(requirements.txt) names.
  - Certificates that the host has registered with stay.
options:
  archive:
    description: The archive, on the host.
    type: path
    required: true
  wheels:
    description: Folder of the host with all packages that it needs; without it the package index is asked.
    type: str
    default: ""
  path:
    description: Folder of the program.
    type: path
    required: true
  coming:
    description: The archive or the packages are about to be brought; in a forecast the program then changes.
    type: bool
    default: false
author: Rackwright
"""

EXAMPLES = r"""
- name: Unpack it
  bcm_program:
    archive: /var/lib/rackwright/bcm/cm-lite-daemon.zip
    path: /cm/local/apps/cm-lite-daemon
"""

RETURN = r"""
archive:
  description: SHA-256 of the archive that is unpacked.
  returned: always
  type: str
"""

NAME = "cm-lite-daemon"
"""The folder in the archive, and the program in the folder."""
KEPT = ("etc", "venv")
PROGRAMS = (NAME, "register_node")


def unpack(module: Any, archive: Path, path: Path) -> None:
    """Put the archive's folder in the place of what is there."""
    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        try:
            with zipfile.ZipFile(archive) as file:
                file.extractall(place)
        except (zipfile.BadZipFile, OSError) as why:
            module.fail_json(msg=f"cm-lite-daemon.zip cannot be unpacked: {why}; fetch it from the head node again")
        whole = Path(place) / NAME
        lacking = [name for name in (*PROGRAMS, "requirements.txt") if not (whole / name).is_file()]
        if lacking:
            module.fail_json(
                msg=f"cm-lite-daemon.zip has no {', '.join(f'{NAME}/{name}' for name in lacking)}: is it the archive of the head "
                "node, /cm/shared/apps/cm-lite-daemon-dist/cm-lite-daemon.zip?"
            )
        for old in path.iterdir():
            if old.name not in KEPT:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree(whole, path, dirs_exist_ok=True)
    for name in PROGRAMS:
        (path / name).chmod(0o755)


def furnish(module: Any, path: Path, wheels: str) -> None:
    """Make the virtual environment anew, from wheels alone where they are given."""
    shutil.rmtree(path / "venv", ignore_errors=True)
    code, said = tool(module, "python3", "-m", "venv", str(path / "venv"), path=path, limit_s=300)
    if code:
        module.fail_json(msg=f"no virtual environment: {said}; is python3-venv installed?", rc=code)
    words = ["--no-index", "--find-links", wheels] if wheels else []
    pip = ["venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *words]
    code, said = tool(module, *pip, "--requirement", "requirements.txt", path=path, limit_s=900)
    if code:
        remedy = "put the wheels that it names into the folder of hosts.bcm.wheels" if wheels else (
            "hosts reach no package index: name a folder of wheels with hosts.bcm.wheels"
        )  # fmt: skip
        module.fail_json(msg=f"its Python packages cannot be installed: {said.splitlines()[-1]}; {remedy}", rc=code)


def there(path: Path) -> dict[str, str]:
    """Return the digests of what was brought to its end."""
    try:
        return dict(json.loads((path / ".rackwright").read_text()))
    except (OSError, ValueError):
        return {}


def main() -> None:
    """Run as a module of Ansible."""
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "path", "required": True},
            "wheels": {"type": "str", "default": ""},
            "path": {"type": "path", "required": True},
            "coming": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    archive, path, wheels = Path(module.params["archive"]), Path(module.params["path"]), module.params["wheels"]
    if not archive.is_file():
        if not module.check_mode:
            module.fail_json(msg=f"{archive} is not there: name the archive with hosts.bcm.package")
        module.exit_json(changed=True, archive="", diff={"before": "", "after": "the archive's program\n"})
    files = sorted(one for one in Path(wheels).glob("*") if one.is_file()) if wheels else []
    before, after = there(path), {"archive": digest(archive), "wheels": digest(*files)}
    changed = before != after or (module.check_mode and module.params["coming"])
    if changed and not module.check_mode:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".rackwright").unlink(missing_ok=True)
        unpack(module, archive, path)
        furnish(module, path, wheels)
        # The mark comes last, so that what was broken off is begun again.
        (path / ".rackwright").write_text(json.dumps(after) + "\n")
    module.exit_json(changed=changed, archive=after["archive"], diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
