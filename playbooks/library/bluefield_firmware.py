"""Firmware of BlueField adapters at the validated version, written with flint where it differs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ansible.module_utils.adapters import absent, device, find, run
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: bluefield_firmware
short_description: Bring the firmware of BlueField adapters to a version
description:
  - Writes with flint, from a folder of images, the one whose PSID is the adapter's and whose version is the one wanted.
options:
  adapters:
    description: Adapters of the plan, each with C(name), C(macs) and C(psid).
    type: list
    elements: dict
    required: true
  version:
    description: The validated version; empty, and nothing is done.
    type: str
    required: true
  equal:
    description: Other versions that may stay.
    type: list
    elements: str
    default: []
  images:
    description: Folder of the host with images.
    type: path
    required: true
author: Rackwright
"""

EXAMPLES = r"""
- name: Bring the firmware to the release's
  bluefield_firmware:
    adapters: "{{ rackwright.bluefield.adapters }}"
    version: "{{ rackwright.bluefield.firmware.version }}"
    images: /var/lib/rackwright/firmware
"""

RETURN = r"""
pending:
  description: Adapter to the version that runs still.
  returned: always
  type: dict
"""


def versions(text: str) -> tuple[str, str, str]:
    """Return what ``flint q`` says: the version that is written, the one that runs, and the PSID."""
    fields = dict(re.findall(r"^(FW Version|FW Version\(Running\)|PSID):\s+(\S+)", text, flags=re.MULTILINE))
    written = fields.get("FW Version", "")
    return written, fields.get("FW Version(Running)", written), fields.get("PSID", "")


def image(module: Any, psid: str) -> str:
    """Return the image for a PSID at the wanted version; fails where there is none."""
    folder = Path(module.params["images"])
    for path in sorted(folder.rglob("*.bin")) if folder.is_dir() else []:
        written, _, other = versions(run(module, "flint", "-i", str(path), "query"))
        if (written, other) == (module.params["version"], psid):
            return str(path)
    return module.fail_json(  # type: ignore[no-any-return]
        msg=f"no firmware {module.params['version']} for {psid}: put its .bin into what hosts.bluefield.image of the site names, "
        f"or into {folder} of this host"
    )


def main() -> None:
    """Run as a module of Ansible."""
    module = AnsibleModule(
        argument_spec={
            "adapters": {"type": "list", "elements": "dict", "required": True},
            "version": {"type": "str", "required": True},
            "equal": {"type": "list", "elements": "str", "default": []},
            "images": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    adapters, wanted = module.params["adapters"], module.params["version"]
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    pending: dict[str, str] = {}
    if not wanted or absent(module):
        after = {adapter["name"]: wanted for adapter in adapters} if wanted else {}
        module.exit_json(changed=bool(after), diff={"before": before, "after": after}, pending=pending)
    found = find(module)
    for adapter in adapters:
        known = device(module, found, adapter)
        written, running, psid = versions(run(module, "flint", "-d", known["device"], "query"))
        before[adapter["name"]] = after[adapter["name"]] = written
        if written not in {wanted, *module.params["equal"]}:
            after[adapter["name"]] = wanted
            if not module.check_mode:
                run(module, "flint", "-d", known["device"], "-i", image(module, psid), "--yes", "burn")
        if running not in {wanted, *module.params["equal"]}:
            pending[adapter["name"]] = running
    module.exit_json(changed=before != after, diff={"before": before, "after": after}, pending=pending)


if __name__ == "__main__":
    main()
