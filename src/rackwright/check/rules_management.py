"""The way in: users, SSH, the API, eth0, services, ACLs: items 38 to 40 of the validator list."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check.interfaces import number, section
from rackwright.check.model import DiffRule, Fabric, FileRule, Path, Tree
from rackwright.check.policy import sorted_rules
from rackwright.check.spans import span_of
from rackwright.check.view import View
from rackwright.check.view_l3 import joined, release_of
from rackwright.findings import Finding

__all__ = ["AclBlocks", "AclOnEth0", "DisruptiveChange", "LockOut", "ServiceInterface", "ServiceVrf", "WjhOnSpectrum4"]

MANAGEMENT = "mgmt"
"""The VRF of the management network."""

_ADMIN_ROLES = frozenset({"system-admin", "nvue-admin"})
_ADMIN_CLASSES = frozenset({"nvapply", "sudo"})
_SSH_PORT, _API_PORT = 22, 8765
_USERS: Path = ("system", "aaa", "user")
_ETH0: Path = ("interface", "eth0")


class WjhOnSpectrum4(FileRule):
    """What Just Happened is not configured where it does not work.

    Passes: no WJH on a Spectrum-4 switch with 5.9 to 5.13 (it is fine on an SN2201). Fails: it is on, or laid
    out without being turned off.
    """

    id = "NVUE-WJH-SPECTRUM4"
    item = "nvue.md 8.38"
    title = "WJH does not work on Spectrum-4"
    severity = "error"
    remedy = "take system wjh away on this switch"
    source = "RN-3879809, nvue.md 0.9"
    needs = ("tree", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the WJH section."""
        wjh = view.section("system", "wjh")
        hardware = view.hardware
        if hardware is None or hardware.asic != "spectrum4" or not (5, 9) <= release_of(view)[:2] <= (5, 13):
            return
        if wjh and wjh.get("enable") != "off":
            path: Path = ("system", "wjh", "enable" if "enable" in wjh else "channel")
            yield self.fail(view, path, f"WJH does not work on {hardware.name} with {view.device.nos}", expected="off")


class LockOut(FileRule):
    """Replacing the running configuration by this file leaves a way in.

    Passes: an administrator who can log in, SSH and the API not turned off, eth0 up in the VRF mgmt with an
    address by DHCP or with a gateway in its subnet. Fails: each of these that is missing, a gateway that eth0 cannot
    reach; what a file leaves out, `nv config replace` removes.
    """

    id = "NVUE-LOCK-OUT"
    item = "nvue.md 8.39"
    title = "Configuration locks everybody out"
    severity = "error"
    remedy = "keep an administrator, SSH, the API and eth0 in VRF mgmt with an address and a gateway"
    source = "nvue.md 8.39, 4.2"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look for an administrator, for SSH and the API, for eth0."""
        admins = sorted(_admins(view))
        if not admins:
            yield self.fail(view, _USERS, "there is no administrator who could log in", expected="a system-admin")
        states: tuple[Path, ...] = (("system", "ssh-server", "state"), ("system", "api", "state"))
        for path in states:
            if view.section(*path[:-1]).get("state") == "disabled":
                yield self.fail(view, path, f"{path[1]} is disabled", expected="enabled", actual="disabled")
        ssh = view.section("system", "ssh-server")
        allowed, vrfs = section(ssh, "allow-users"), section(ssh, "vrf")
        if allowed and admins and not set(admins) & set(allowed):
            path = ("system", "ssh-server", "allow-users")
            yield self.fail(view, path, "SSH lets no administrator in", expected=joined(admins))
        if vrfs and MANAGEMENT not in vrfs:
            path = ("system", "ssh-server", "vrf")
            yield self.fail(view, path, "SSH does not listen in VRF mgmt", expected=MANAGEMENT, actual=joined(vrfs))
        for path, reason, expected in _eth0_faults(view):
            yield self.fail(view, path, reason, expected=expected)


class ServiceVrf(FileRule):
    """Services run in a VRF that exists and leads somewhere.

    Passes: NTP, DNS, syslog, SNMP and DHCP relay name a VRF that is defined and has an address or a BGP
    session; VRF mgmt has eth0. Fails: a VRF that is not defined, or without any route.
    """

    id = "NVUE-SERVICE-VRF"
    item = "nvue.md 8.40"
    title = "Service runs in a VRF that leads nowhere"
    severity = "error"
    remedy = "bind the service to a VRF with a route to its servers, usually mgmt"
    source = "nvue.md 8.40"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the VRF of every service."""
        for path, vrf in _service_vrfs(view):
            name = " ".join(path[1:2] if path[0] == "service" else ("snmp-server",))
            if vrf not in {"default", MANAGEMENT, *view.vrfs}:
                yield self.fail(view, path, f"{name} runs in VRF {vrf}, which is not defined", actual=vrf)
            elif not _leads_somewhere(view, vrf):
                yield self.fail(view, path, f"{name} runs in VRF {vrf}, which has no address and no route", actual=vrf)


class ServiceInterface(FileRule):
    """DHCP relay listens on interfaces that exist.

    Passes: each interface of a relay is configured, or is the one that the switch makes for the L3VNI of a VRF
    (``vlan3001_l3``). Fails: one that is not there, so that nobody's request is heard on it.
    """

    id = "NVUE-SERVICE-INTERFACE"
    item = "nvue.md 8.40"
    title = "Relay listens on an interface that is not there"
    severity = "error"
    remedy = "configure the interface, or take it out of the relay"
    source = "nvue.md 8.40"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the interfaces of every relay."""
        made = {f"vlan{section(body, 'evpn').get('vlan')}_l3" for body in view.vrfs.values()}
        for vrf, body in view.section("service", "dhcp-relay").items():
            for key in ("interface", "gateway-interface"):
                for name in section(body, key):
                    if name not in view.interfaces and name not in made:
                        path = ("service", "dhcp-relay", vrf, key, name)
                        yield self.fail(view, path, f"DHCP relay of VRF {vrf} names {name}, which is not configured")


class AclOnEth0(FileRule):
    """An ACL for the control plane is bound where it works.

    Passes: it is bound to the interface mgmt or under system control-plane. Fails: it is bound to eth0, where a
    control-plane ACL does nothing.
    """

    id = "NVUE-ACL-ON-ETH0"
    item = "nvue.md 8.40"
    title = "Control-plane ACL on eth0 does nothing"
    severity = "error"
    remedy = "bind the ACL to the interface mgmt"
    source = "RN-3637444, nvue.md 3.7"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the ACLs of eth0."""
        for name, body in view.section("interface", "eth0", "acl").items():
            for way in ("inbound", "outbound"):
                if "control-plane" in section(body, way):
                    path = (*_ETH0, "acl", name, way, "control-plane")
                    yield self.fail(view, path, f"ACL {name} has no effect on eth0", expected="interface mgmt")


class AclBlocks(FileRule):
    """No ACL before the control plane shuts SSH or the API for everybody.

    Passes: the first rule that fits the port permits, or denies only some sources. Fails: a rule that denies
    the port to all before any rule permits it to anybody.
    """

    id = "NVUE-ACL-BLOCKS-MANAGEMENT"
    item = "nvue.md 8.40"
    title = "ACL shuts SSH or the API"
    severity = "error"
    remedy = "permit TCP 22 and 8765 from the controller before this rule"
    source = "nvue.md 8.40, 3.7"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Send both ports through each ACL in the way."""
        ssh = [value for value in map(number, view.section("system", "ssh-server", "port")) if value is not None]
        api = number(view.section("system", "api").get("port"))
        ports = (*(ssh or [_SSH_PORT]), api or _API_PORT)
        for name in _inbound(view):
            blocked: dict[str, list[int]] = {}
            for port in ports:
                rule = _blocking_rule(view.section("acl", name), port)
                if rule:
                    blocked.setdefault(rule, []).append(port)
            for rule, shut in blocked.items():
                path = ("acl", name, "rule", rule, "action", "deny")
                yield self.fail(view, path, f"ACL {name} rule {rule} shuts TCP {joined(shut)} for everybody")


class DisruptiveChange(DiffRule):
    """A change that restarts something, takes links, sessions, traffic or the way in, or is not known to be harmless, is announced.

    Passes: nothing is interrupted, or the push was told to go on and confirms its commit. Fails: an interruption
    that nobody asked for. A file cannot show it: ``diff`` classes each change by a table (``rackwright.diff.classes``).
    """

    id = "DIFF-DISRUPTIVE-CHANGE"
    item = "nvue.md 8.42"
    title = "Change interrupts traffic or management"
    severity = "warning"
    remedy = "push it in a maintenance window, with the flag that allows the disruption and with commit-confirm"
    source = "nvue.md 8.42, 0.8"


def _admins(view: View) -> Iterator[str]:
    """Give the users who may apply a configuration and have a password or a key."""
    roles = view.section("system", "aaa", "role")
    for name, body in view.section(*_USERS).items():
        user = section(body)
        role = str(user.get("role", "system-admin" if name == "cumulus" else ""))
        able = role in _ADMIN_ROLES or bool(_ADMIN_CLASSES & set(section(roles, role, "class")))
        known = "hashed-password" in user or "password" in user or section(user, "ssh", "authorized-key")
        if able and known and user.get("state") != "disabled":
            yield name


def _eth0_faults(view: View) -> Iterator[tuple[Path, str, str]]:
    """Give what keeps eth0 from being the way in: the path, why, what is expected."""
    entry = view.interfaces.get("eth0")
    if entry is None:
        yield _ETH0, "eth0 is not configured", "eth0 in VRF mgmt"
        return
    ip = section(entry.tree, "ip")
    if view.index.vrf_of.get("eth0") != MANAGEMENT:
        vrf = view.index.vrf_of.get("eth0", "default")
        yield (*_ETH0, "ip", "vrf"), f"eth0 lies in VRF {vrf}", MANAGEMENT
    addresses = section(ip, "address")
    if not addresses:
        yield (*_ETH0, "ip", "address"), "eth0 has no address", "an address or dhcp"
    elif "dhcp" not in addresses and not section(ip, "gateway") and not _default_route(view):
        yield (*_ETH0, "ip", "gateway"), "eth0 has an address and no gateway", "a gateway"
    subnets = view.addresses.get("eth0", ())
    for text in section(ip, "gateway") if subnets and "dhcp" not in addresses else ():
        gateway = span_of(text)
        if gateway and not gateway.local and not any(gateway.meets(subnet) for subnet in subnets):
            where = joined([subnet.text for subnet in subnets])
            yield (
                (*_ETH0, "ip", "gateway", text),
                f"the gateway {text} is in no subnet of eth0 ({where})",
                "one of them",
            )
    if "down" in section(entry.tree, "link", "state"):
        yield (*_ETH0, "link", "state", "down"), "eth0 is taken down", "up"


def _default_route(view: View) -> bool:
    """Tell whether the management VRF has a static default route."""
    return "0.0.0.0/0" in view.section("vrf", MANAGEMENT, "router", "static")


def _service_vrfs(view: View) -> Iterator[tuple[Path, str]]:
    """Give the VRF of each service with its path."""
    for service in ("ntp", "dns", "syslog", "dhcp-relay", "dhcp-server"):
        for vrf in view.section("service", service):
            yield ("service", service, vrf), vrf
    listening: Path = ("system", "snmp-server", "listening-address")
    for address, body in view.section(*listening).items():
        stated = section(body).get("vrf")
        if isinstance(stated, str):
            yield (*listening, address, "vrf"), stated


def _leads_somewhere(view: View, vrf: str) -> bool:
    """Tell whether a VRF has an addressed interface besides loopbacks, a BGP neighbor or a static route."""
    for name, texts in view.index.addressed.items():
        if texts and name != "lo" and view.index.vrf_of.get(name, "default") == vrf:
            return True
    instance = view.bgp.get(vrf)
    imports = section(view.vrfs.get(vrf), "evpn", "vni")
    return bool(instance and instance.neighbors) or bool(imports) or bool(view.section("vrf", vrf, "router", "static"))


def _inbound(view: View) -> list[str]:
    """Give the ACLs that stand before the control plane, in order of name."""
    bound = {
        name for name, body in view.section("system", "control-plane", "acl").items() if "inbound" in section(body)
    }
    for interface in (MANAGEMENT, "eth0"):
        acls = view.section("interface", interface, "acl")
        bound |= {name for name, body in acls.items() if "inbound" in section(body)}
    return sorted(bound)


def _blocking_rule(acl: Tree, port: int) -> str:
    """Give the number of the rule that denies a TCP port to everybody before any permits it, or nothing."""
    for key, rule in sorted_rules(acl):
        match = section(rule, "match", "ip")
        if not _fits_port(match, port):
            continue
        action = section(rule, "action")
        if "permit" in action:
            return ""
        everybody = all(match.get(side, "ANY") in ("ANY", "0.0.0.0/0") for side in ("source-ip", "dest-ip"))
        if "deny" in action and everybody and "mac" not in section(rule, "match"):
            return key
    return ""


def _fits_port(match: Tree, port: int) -> bool:
    """Tell whether a rule's conditions fit TCP packets to a port of the switch."""
    if match.get("protocol", "tcp") not in ("tcp", 6, "6") or "udp" in match:
        return False
    # A rule about running connections or odd flags leaves a new connection to the rules after it.
    tcp = section(match, "tcp")
    if "connection-state" in match or {"flags", "state", "source-port", "mss"} & set(tcp):
        return False
    ports = section(tcp, "dest-port")
    return not ports or "ANY" in ports or str(port) in ports or any(_in_range(text, port) for text in ports)


def _in_range(text: str, port: int) -> bool:
    """Tell whether a port lies in ``8000:9000`` or ``8000-9000``."""
    first, _, last = text.replace(":", "-").partition("-")
    return first.isdecimal() and last.isdecimal() and int(first) <= port <= int(last)
