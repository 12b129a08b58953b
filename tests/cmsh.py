"""A shell that takes the words of cmsh which our scripts use, and refuses every other: modes, objects, properties, commits.

Written from the BCM 11 Administrator Manual 2.5 (Cluster Management Shell) and 3.7, and NVIDIA Mission Control's and BasePOD's public
pages; it is no BCM. Properties are those that public scripts set.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

PROPERTIES = {
    "network": {"baseaddress", "netmaskbits", "gateway", "mtu", "domainname", "nodebooting", "managementallowed"},
    "category": {"softwareimage", "managementnetwork", "kernelparameters"},
    "softwareimage": set(),
    "device": {"category", "mac", "provisioninginterface", "powercontrol"},
    "interfaces": {"network", "ip", "mac", "mode", "options", "interfaces"},
}
KINDS = {"physical", "bond", "vlan", "bmc"}
ONLY = {"mode": {"bond"}, "options": {"bond"}, "interfaces": {"bond"}}


class Refused(Exception):
    """What cmsh would answer with an error."""


@dataclass
class Shell:
    """A head node as it comes: one network to boot from, one category, one image."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {
        "network": {"internalnet": {}}, "category": {"default": {}}, "softwareimage": {"default-image": {}}, "device": {},
    })  # fmt: skip
    errors: list[str] = field(default_factory=list)
    commits: int = 0
    mode: str = ""
    node: str = ""
    current: str = ""
    pending: bool = False
    over: bool = False

    def run(self, text: str, *, ends: bool) -> None:
        """Take a file of commands; ``ends``: at the first error, as ``cmsh -q``."""
        self.over = False
        for number, line in enumerate(text.splitlines(), 1):
            words = shlex.split(line, comments=True)
            if not words:
                continue
            assert not self.over, f"line {number}: behind quit"
            try:
                self.take(*words)
            except Refused as why:
                self.errors.append(f"{number}: {line}: {why}")
                if ends:
                    return
        assert self.over
        assert not self.pending, "what was changed last is not committed"

    def take(self, word: str, *rest: str) -> None:
        """Take one command."""
        if word in ("home", "quit"):
            assert not self.pending, f"{word} with uncommitted changes"
            self.mode = self.node = self.current = ""
            self.over = word == "quit"
        elif word in self.objects:
            self.enter(word, *rest)
        elif word == "commit" and rest in ((), ("--wait",)):
            self.pending, self.commits = False, self.commits + 1
        elif word in ("add", "clone", "use", "set") and self.mode:
            getattr(self, f"do_{word}")(*rest)
        else:
            raise Refused(f"no command {word} here")

    def enter(self, mode: str, *rest: str) -> None:
        """Enter a mode, and perhaps an object in it."""
        self.mode, self.current = mode, ""
        if rest[:1] == ("interfaces",):
            if rest[1] not in self.objects["device"]:
                raise Refused(f"no device {rest[1]}")
            self.mode, self.node = "interfaces", rest[1]
        elif rest:
            assert rest[0] == "use"
            self.do_use(rest[1])

    @property
    def here(self) -> dict[str, dict[str, Any]]:
        """The objects of this mode."""
        return self.objects["device"][self.node]["->"] if self.mode == "interfaces" else self.objects[self.mode]

    def do_use(self, name: str) -> None:
        if name not in self.here:
            raise Refused(f"no {name} in {self.mode}")
        self.current = name

    def do_clone(self, source: str, name: str) -> None:
        self.do_use(source)
        self.new(name, dict(self.here[source]))

    def do_add(self, *words: str) -> None:
        kind, name = words[:2] if self.mode in ("device", "interfaces") else ("", words[0])
        if self.mode == "interfaces":
            if kind not in KINDS:
                raise Refused(f"no type {kind}")
            self.new(name, {"kind": kind})
        elif self.mode == "device":
            assert kind == "physicalnode"
            assert len(words) in (2, 4)
            self.new(name, {"->": {}})
            if len(words) == 4:
                self.born(name, *words[2:])
        else:
            assert len(words) == 1
            self.new(name, {})

    def born(self, node: str, address: str, way: str) -> None:
        """Give a node the interface that it is added with: ``eth0``, or ``bond0=eth0+eth1``."""
        name, _, members = way.partition("=")
        ports = self.objects["device"][node]["->"]
        for member in members.split("+") if members else ():
            ports[member] = {"kind": "physical"}
        ports[name] = {"kind": "bond" if members else "physical", "ip": address}
        if members:
            ports[name]["interfaces"] = members.replace("+", " ")

    def new(self, name: str, value: dict[str, Any]) -> None:
        self.current = ""
        if name in self.here:
            raise Refused(f"{name} exists")
        self.here[name] = value
        self.current, self.pending = name, True

    def do_set(self, name: str, *values: str) -> None:
        assert self.current, f"set {name} outside an object"
        thing = self.here[self.current]
        if name not in PROPERTIES[self.mode] or not values:
            raise Refused(f"no property {name} of {self.mode}")
        if thing.get("kind", "bond") not in ONLY.get(name, KINDS):
            raise Refused(f"no property {name} of a {thing['kind']} interface")
        value = " ".join(values)
        for word, mode in (
            ("network", "network"),
            ("managementnetwork", "network"),
            ("category", "category"),
            ("softwareimage", "softwareimage"),
        ):
            if name == word and value not in self.objects[mode]:
                raise Refused(f"no {mode} {value}")
        ports = self.objects["device"][self.node or self.current]["->"] if self.mode in ("device", "interfaces") else {}
        if name in ("provisioninginterface", "powercontrol") and value not in ports:
            raise Refused(f"no interface {value}")
        if name == "interfaces" and not {*values} <= {*ports}:
            raise Refused(f"no interfaces {value}")
        thing[name], self.pending = value, True
