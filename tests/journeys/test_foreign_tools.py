"""What we write for other programs, judged by those programs: dnsmasq, Kea, BIND, netplan."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from rackwright import catalog
from rackwright.plan.model import DhcpScope, Plan
from rackwright.render import everything, write
from tests.plans import rails


def run(program: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program that scripts/apt-packages.sh installs; skip (fail in CI) where it is not."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        missing = f"{program} is not here: scripts/apt-packages.sh installs it"
        if os.environ.get("CI") or os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return subprocess.run(
        [path, *map(str, arguments)], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site() -> Plan:
    """A plan whose scopes use everything: ranges, reservations, zero-touch provisioning, PXE, no range."""
    plan = rails(spines=2)
    macs = {"be01": "02:AA:00:00:00:01", "sp01": "02:AA:00:00:00:02"}
    oob, inband = plan.scopes
    rows = tuple((name, mac or macs.get(name, ""), address) for name, mac, address in oob.reservations)
    bare = DhcpScope("bare", "10.99.0.0/24", "", "", "")
    return msgspec.structs.replace(plan, scopes=(msgspec.structs.replace(oob, reservations=rows), inband, bare))


@pytest.fixture(scope="module")
def out(site, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    wanted = (
        file
        for file in everything(site, catalog=catalog.load())
        if file.path.startswith(("dhcp", "dns", "devices/gpu"))
    )
    write(wanted, folder)
    return folder


def test_dnsmasq_takes_its_configuration(out):
    """dnsmasq --test finds nothing wrong."""
    done = run("dnsmasq", "--test", "-C", out / "dhcp/dnsmasq.conf")
    assert done.returncode == 0, done.stderr


def test_kea_takes_its_configuration(out, tmp_path):
    """kea-dhcp4 -t finds nothing wrong."""
    done = run(
        "kea-dhcp4", "-t", out / "dhcp/kea-dhcp4.json", KEA_LOCKFILE_DIR=str(tmp_path), KEA_PIDFILE_DIR=str(tmp_path)
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_kea_would_refuse_a_wrong_one(out, tmp_path):
    """The same judge refuses a reservation outside its subnet, so that its silence means something."""
    text = (out / "dhcp/kea-dhcp4.json").read_text()
    wrong = tmp_path / "wrong.json"
    wrong.write_text(text.replace("10.10.0.11", "10.77.0.11"))
    done = run("kea-dhcp4", "-t", wrong, KEA_LOCKFILE_DIR=str(tmp_path), KEA_PIDFILE_DIR=str(tmp_path))
    assert done.returncode != 0


def test_bind_takes_every_zone(out):
    """named-checkzone loads the forward zone and every reverse zone."""
    for path in sorted((out / "dns").glob("*.zone")):
        done = run("named-checkzone", path.name.removesuffix(".zone"), path)
        assert done.returncode == 0, done.stdout


def test_netplan_takes_every_host(out, site, tmp_path):
    """netplan generate makes networkd's files of each host's netplan: bonds, VLANs, rails with their own tables."""
    for host in site.hosts:
        root = tmp_path / host.name
        folder = root / "etc/netplan"
        folder.mkdir(parents=True)
        shutil.copy(out / f"devices/{host.name}/netplan.yaml", folder)
        (folder / "netplan.yaml").chmod(0o600)
        done = run("netplan", "generate", "--root-dir", root)
        assert done.returncode == 0, done.stderr
        written = {path.name for path in (root / "run/systemd/network").iterdir()}
        assert {f"10-netplan-{port.name}.network" for port in (*host.interfaces, *host.bonds)} <= written
    rail = (root / "run/systemd/network/10-netplan-ens3np0.network").read_text()
    assert "Table=103" in rail
    assert "From=" in rail
