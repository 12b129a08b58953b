"""Acceptance over real SSH: a real Linux root answers, with sudo and a shell of its own; what hardware would print lies in files."""

from __future__ import annotations

import base64
import shlex
import stat
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import nornir_tasks
from rackwright.audit import hosts
from rackwright.drivers.clock import WallClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.ssh import connect
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.trust import Trust
from rackwright.errors import Unreachable
from tests.lab.cluster import cluster
from tests.unit.audit_hosts.healthy_host import rack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("lab")]

TELLER = r"""#!/bin/sh
# Prints what a healthy host's tool of this name would: the file of its command, as sosreport names it.
name=$(printf '%s' "$(basename "$0") $*" | sed -E 's#[^A-Za-z0-9_./-]+#_#g; s#/#.#g; s#[ ._-]+$##')
[ -f "/var/lib/told/$name" ] && exec /bin/cat "/var/lib/told/$name"
[ "$(basename "$0")" = cat ] && exec /bin/cat "$@"
echo "$name: command not found" >&2
exit 127
"""


@dataclass
class Way:
    """How the lab's nodes are reached."""

    lab: object
    state: Path
    clock: WallClock = field(default_factory=WallClock)

    def host(self, device: str, *, patience_s: float = 0):
        """Open a session."""
        if device not in self.lab.nodes:
            raise Unreachable(f"{device} cannot be reached", device=device, remedy="see its cable")
        endpoint = Endpoint(device=device, host=self.lab[device].address, user="rackwright")
        trust = Trust(self.state, known_hosts=self.lab.known_hosts)
        return connect(
            endpoint, login=Login(self.lab.key), trust=trust, limits=Limits(connect_s=3, login_s=10, answer_s=20)
        )


def furnish(node, told: dict[str, str]) -> None:
    """Give a node, over SSH alone, the answers of a host and the programs that print them."""
    files = {"/usr/local/bin/teller": TELLER} | {
        f"/var/lib/told/{hosts.file_name(one)}": text for one, text in told.items()
    }
    words = ["mkdir -p /var/lib/told"]
    for path, text in files.items():
        packed = base64.b64encode(zlib.compress(text.encode())).decode()
        unpack = "import base64, sys, zlib; sys.stdout.buffer.write(zlib.decompress(base64.b64decode(sys.argv[1])))"
        words.append(f"/usr/bin/python3 -c '{unpack}' {packed} > {shlex.quote(path)}")
    programs = sorted({question.split()[0] for question in told})
    words.append("chmod 755 /usr/local/bin/teller; cd /usr/local/bin")
    words += [f"ln -sf teller {name}" for name in programs]
    for at in range(0, len(words), 20):
        some = ["cd /usr/local/bin", *words[at : at + 20]]
        node.ssh("; ".join(some))


def test_a_host_is_asked_over_ssh_and_accepted(tmp_path: Path) -> None:
    """A command reaches the host otherwise than it is written, root is not had, or a healthy host is not accepted."""
    made = rack("xe9680-spectrum-x", "gpu01")
    with cluster(["gpu01"], kind="ssh") as lab:
        furnish(lab["gpu01"], made.said["gpu01"])
        way = Way(lab, tmp_path)
        nornir = nornir_tasks.nornir_of_bmcs(["gpu01", "gpu02"], 2)
        results = nornir.run(task=nornir_tasks.ask_host, way=way, wanted=made.wanted, catalog=made.catalog)
        evidence = {name: result[0].result for name, result in results.items()}
        found = hosts.judge(made.wanted, evidence, made.plan, made.catalog, names=["gpu01", "gpu02"])
        wrong = [(one.subject, one.check, one.message) for one in found if one.status in {"fail", "error"}]
        assert [row[:2] for row in wrong] == [("gpu02", "HOST-REACHED")], wrong
        assert not [answer for answer in evidence["gpu01"].answers if answer.error]

        bundles = nornir_tasks.nornir_of_bmcs(["gpu01"], 1).run(
            task=nornir_tasks.bundle_host, way=way, wanted=made.wanted, folder=tmp_path / "kept"
        )
        names = bundles["gpu01"][0].result
        assert {"lsmod", "missing", "df_-h"} <= set(names)
        place = tmp_path / "kept" / "gpu01.bundle"
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in place.iterdir())
        assert not lab["gpu01"].ssh("ls -d /tmp/rackwright-report.*", check=False).stdout


def test_a_bare_host_tells_what_it_lacks(tmp_path: Path) -> None:
    """A host with nothing installed passes a check of what it does not have, or ends the audit with an exception."""
    made = rack("xe9680-spectrum-x", "gpu01")
    with cluster(["gpu01"], kind="ssh") as lab:
        session = Way(lab, tmp_path).host("gpu01")
        try:
            evidence = hosts.collect(session, made.wanted["gpu01"], made.catalog, clock=WallClock())
        finally:
            session.close()
    found = hosts.judge(made.wanted, {"gpu01": evidence}, made.plan, made.catalog, names=["gpu01"])
    assert {one.check for one in found if one.status == "pass"} <= {"HOST-REACHED", "PCIE-SETTINGS"}
    told = {one.check: one.status for one in found if one.status in {"fail", "error"}}
    assert set(told) >= {
        "HOST-VERSIONS",
        "HOST-PACKAGES",
        "HOST-IDENTITY",
        "HOST-INTERFACES",
        "HOST-CABLING",
        "GPU-HEALTH",
    }
    assert any(one.path == "tag" and one.status == "fail" for one in found)
