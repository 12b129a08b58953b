"""The document that the playbooks are told about one host: printing of a :class:`HostStack`, nothing is decided here.

Every key is always there, so that a role needs no ``default()``; what does not apply is empty, 0 or false. A secret stands
as ``{secret: NAME}``. The table is in ``docs/design/stack.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from msgspec.msgpack import decode, encode

from rackwright.documents import dump
from rackwright.plan.stack_model import Adapter, Bcm, Bluefield, HostStack, Mirror

__all__ = ["KEY", "anchored", "variables", "variables_yaml"]

KEY: Final = "rackwright"
"""The one variable of a host that is not Ansible's own."""


def variables(stack: HostStack) -> dict[str, Any]:
    """Return the document of one host, as plain values."""
    return {
        KEY: {
            "host": stack.name,
            "role": stack.role,
            "roles": list(stack.roles),
            "group": stack.group,
            "model": stack.model,
            "service_tag": stack.service_tag,
            "release": stack.release,
            "profile": stack.profile,
            "installer": stack.installer,
            "user": stack.user,
            "steps": [step.name for step in stack.steps],
            "stages": [
                {"steps": list(stage.steps), "reboot": stage.reboot, "why": list(stage.why)} for stage in stack.stages
            ],
            "packages": {step.name: [package.word for package in step.packages] for step in stack.steps},
            "holds": {
                step.name: [package.name for package in step.packages] if step.hold else [] for step in stack.steps
            },
            "remove": {step.name: list(step.remove) for step in stack.steps},
            "pins": [
                {"packages": list(pin.packages), "pin": pin.pin, "priority": pin.priority, "reason": pin.reason}
                for pin in stack.pins
            ],
            "mirror": _mirror(stack.mirror),
            "time": {"ntp": list(stack.ntp), "timezone": stack.timezone},
            "sysctl": {row.name: row.value for row in stack.sysctl},
            "environment": {row.name: row.value for row in stack.environment},
            "expected": {row.fact: [row.expected, *row.equal] if row.expected else [] for row in stack.expected},
            "network": {"netplan": f"devices/{stack.name}/netplan.yaml", "domain": stack.domain},
            **_parts(stack),
        }
    }


def anchored(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a document whose files of the controller have whole paths; they are written beside the site file, in ``folder``."""
    known = document[KEY]
    firmware, bcm = known["bluefield"]["firmware"], known["bcm"]
    files = {"package": _beside(folder, bcm["package"]), "wheels": _beside(folder, bcm["wheels"])}
    image = {"image": _beside(folder, firmware["image"])}
    bluefield = {**known["bluefield"], "firmware": {**firmware, **image}}
    return {**document, KEY: {**known, "bluefield": bluefield, "bcm": {**bcm, **files}}}


def _beside(folder: Path, name: str) -> str:
    return str(folder / name) if name else ""


def variables_yaml(stack: HostStack) -> bytes:
    """Print ``devices/HOST/vars.yaml``."""
    head = f"# {stack.name}: written by rackwright from the plan; change the site file, not this one.\n{KEY}:\n"
    return (head + "".join(_section(key, encode(value)) for key, value in variables(stack)[KEY].items())).encode()


@lru_cache(maxsize=1024)
def _section(key: str, value: bytes) -> str:
    """Print one key of the document: most are the same for every host of a group, and printing is what costs."""
    return dump({KEY: {key: decode(value)}}).partition("\n")[2]


def _parts(stack: HostStack) -> dict[str, Any]:
    kernel, ofed, gpu, pcie = stack.kernel, stack.ofed, stack.gpu, stack.pcie
    return {
        "kernel": {
            "series": kernel.series,
            "flavour": kernel.flavour,
            "release": kernel.release,
            "cmdline": list(kernel.cmdline),
        },
        "ofed": {
            "owner": ofed.owner,
            "doca": ofed.doca,
            "version": ofed.version,
            "info": ofed.info,
            "modules": list(ofed.modules),
        },
        "bluefield": _bluefield(stack.bluefield),
        "gpu": {
            "owner": gpu.owner,
            "model": gpu.model,
            "count": gpu.count,
            "driver": gpu.driver,
            "fabric_manager": gpu.fabric_manager,
            "mig": gpu.mig,
        },
        "pcie": {
            "acs": pcie.acs,
            "max_read_request_bytes": pcie.max_read_request_bytes,
            "relaxed_ordering": pcie.relaxed_ordering,
            "devices": list(pcie.devices),
        },
        "bcm": _bcm(stack.name, stack.bcm),
    }


def _mirror(mirror: Mirror) -> dict[str, Any]:
    return {
        "kind": mirror.kind,
        "exclusive": mirror.exclusive,
        "proxy": mirror.proxy,
        "sources": [
            {
                "name": source.name,
                "uris": source.uris,
                "suites": list(source.suites),
                "components": list(source.components),
                "signed_by": source.signed_by,
            }
            for source in mirror.sources
        ],
    }


def _bluefield(bluefield: Bluefield) -> dict[str, Any]:
    marking = bluefield.marking
    return {
        "adapters": [_adapter(adapter) for adapter in bluefield.adapters],
        "firmware": {"version": bluefield.firmware, "equal": list(bluefield.equal), "image": bluefield.image},
        "runtime": {
            "settings": [{"path": row.name, "value": row.value} for row in bluefield.runtime],
            "trust": marking.trust if marking else "",
            "pfc": marking.pfc if marking else "",
            "dscp": marking.dscp if marking else 0,
            "priority": marking.priority if marking else 0,
            "tos": marking.tos if marking else 0,
            "cnp_dscp": marking.cnp_dscp if marking else 0,
            "cnp_priority": marking.cnp_priority if marking else 0,
            "gap": bluefield.gap,
            "congestion_service": bluefield.congestion_service,
        },
    }


def _adapter(adapter: Adapter) -> dict[str, Any]:
    return {
        "name": adapter.name,
        "nic": adapter.nic,
        "mac": adapter.macs[0] if adapter.macs else "",
        "macs": list(adapter.macs),
        "interfaces": list(adapter.interfaces),
        "rail": adapter.rail,
        "slot": adapter.slot,
        "mode": adapter.mode,
        "parts": list(adapter.parts),
        "psid": adapter.psid,
        "nvconfig": {row.name: row.value for row in adapter.nvconfig},
        "marked": adapter.marked,
        "tuned": adapter.tuned,
    }


def _bcm(host: str, bcm: Bcm | None) -> dict[str, Any]:
    found = bcm or Bcm()
    secrets = {"bootstrap_cert": found.bootstrap_cert, "bootstrap_key": found.bootstrap_key, "ca": found.ca}
    return {
        "heads": list(found.heads),
        "port": found.port,
        "node": host,
        "version": found.version,
        "package": found.package,
        "wheels": found.wheels,
        "category": found.category,
        **{key: {"secret": name} if name else {} for key, name in secrets.items()},
    }
