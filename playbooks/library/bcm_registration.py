"""The registration of a host with Base Command Manager: its own certificate, asked for with a bootstrap certificate."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.lite_daemon import tool

DOCUMENTATION = r"""
module: bcm_registration
short_description: Register a host with Base Command Manager
description:
  - Looks whether the host has a certificate of its own that its head nodes' authority has signed.
  - Where it has none, runs C(register_node) of the lite daemon once. Only paths of files are in its words.
options:
  path:
    description: Folder of the program.
    type: path
    required: true
  heads:
    description: Addresses of head nodes; the first that answers is asked.
    type: list
    elements: str
    required: true
  port:
    description: Port of the head nodes.
    type: int
    default: 8081
  node:
    description: Name of the host in BCM.
    type: str
    required: true
  bootstrap_cert:
    description: File with the bootstrap certificate; not needed for a look (check mode).
    type: str
    default: ""
  bootstrap_key:
    description: File with its key.
    type: str
    default: ""
  words:
    description: Further words for register_node.
    type: list
    elements: str
    default: []
author: Rackwright
"""

EXAMPLES = r"""
- name: See whether it is registered
  bcm_registration:
    path: /cm/local/apps/cm-lite-daemon
    heads: [10.20.0.2]
    node: gpu1
  check_mode: true
"""

RETURN = r"""
lacks:
  description: Why the host is not registered; empty when it is.
  returned: always
  type: str
"""


def lacks(module: Any, path: Path, node: str) -> str:
    """Say why the host is not registered; empty: it has its own certificate, of the right authority and not run out."""
    own, key, authority = (path / "etc" / name for name in ("cert.pem", "cert.key", "cacert.pem"))
    if not (own.is_file() and key.is_file() and authority.is_file()):
        return "it has no certificate of its own"
    code, out, _ = module.run_command(["openssl", "verify", "-CAfile", str(authority), str(own)])
    if code:
        return f"its certificate is not of the head nodes' authority, or has run out ({out.strip().splitlines()[-1:]})"
    _, subject, _ = module.run_command(
        ["openssl", "x509", "-in", str(own), "-noout", "-subject", "-nameopt", "multiline"]
    )
    names = [line.partition("=")[2].strip() for line in subject.splitlines() if "commonName" in line]
    if names != [node]:
        return f"its certificate is that of {', '.join(names) or 'nobody'}"
    _, of_own, _ = module.run_command(["openssl", "x509", "-in", str(own), "-noout", "-pubkey"])
    _, of_key, _ = module.run_command(["openssl", "pkey", "-in", str(key), "-pubout"])
    return "" if of_own == of_key else "its certificate and its key do not belong together"


def answering(module: Any) -> str:
    """Return the first head node that takes a connection; fails when none does."""
    said = []
    for head in module.params["heads"]:
        try:
            socket.create_connection((head, module.params["port"]), timeout=10).close()
        except OSError as why:
            said.append(f"{head}: {why}")
        else:
            return str(head)
    return module.fail_json(  # type: ignore[no-any-return]
        msg=f"no head node answers on port {module.params['port']} ({'; '.join(said) or 'none is planned'}): see that cmdaemon runs "
        "on the active head node and that the host reaches it"
    )


def register(module: Any, path: Path) -> None:
    """Run register_node with the head node that answers."""
    head, etc = answering(module), path / "etc"
    for name in ("cert.pem", "cert.key"):
        (etc / name).unlink(missing_ok=True)
    words = ["--host", head, "--port", str(module.params["port"]), "--node", module.params["node"]]
    words += ["--bootstrap-cert", module.params["bootstrap_cert"], "--bootstrap-key", module.params["bootstrap_key"]]
    words += ["--ca", str(etc / "cacert.pem"), "--cert", str(etc / "cert.pem"), "--key", str(etc / "cert.key")]
    code, said = tool(module, str(path / "register_node"), *words, *module.params["words"], path=path, limit_s=300)
    (etc / "cert.key").chmod(0o600) if (etc / "cert.key").exists() else None
    why = said if code else lacks(module, path, module.params["node"])
    if why:
        module.fail_json(
            msg=f"{module.params['node']} did not register with {head}: {why}; see that BCM has a node of this name "
            "and that the bootstrap certificate has the profile bootstrap and has not run out",
            rc=code,
        )


def main() -> None:
    """Run as a module of Ansible."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "heads": {"type": "list", "elements": "str", "required": True},
            "port": {"type": "int", "default": 8081},
            "node": {"type": "str", "required": True},
            "bootstrap_cert": {"type": "str", "default": ""},
            "bootstrap_key": {"type": "str", "default": "", "no_log": False},
            "words": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    path = Path(module.params["path"])
    why = lacks(module, path, module.params["node"])
    if why and not module.check_mode:
        register(module, path)
    diff = {"before": f"{why or 'registered'}\n", "after": "registered\n"}
    module.exit_json(changed=bool(why), lacks=why, diff=diff)


if __name__ == "__main__":
    main()
