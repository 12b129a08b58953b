"""Every file of a build, in a stream: the layout of the build folder is this module.

The layout is a contract with other tools::

    manifest.json  plan.json  cabling.csv  assemblies.csv  bom.csv  wiremap.csv
    devices/NAME/{startup.yaml,commands.txt,ztp.sh}     a switch
    devices/NAME/{netplan.yaml,vars.yaml}               a server: its network, and what the playbooks are told
    devices/NAME/{user-data,meta-data}                  how it is installed, open where one installation differs
    devices/NAME/{bios,firmware}.json                   what its BMC is brought to
    bcm/{objects.cmsh,settings.cmsh,readme.md}          where Base Command Manager provisions the nodes
    dhcp/{dnsmasq.conf,kea-dhcp4.json}  dns/{hosts,*.zone}  ansible/inventory.yaml  air/topology.json
    labels/{labels.csv,RACK.html}  docs/...             see rackwright.render.documents
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial

from rackwright.catalog.models import Catalog
from rackwright.nvue.tree import Tree
from rackwright.plan.bcm import Cluster
from rackwright.plan.install import Install
from rackwright.plan.machines import Machine
from rackwright.plan.model import Plan, Switch
from rackwright.plan.stack_model import HostStack
from rackwright.render import ansible, bill, dhcp, dns, netplan
from rackwright.render.documents import documents
from rackwright.render.files import File
from rackwright.render.hosts import bmc, variables
from rackwright.render.inputs import Inputs
from rackwright.render.lines import Lines
from rackwright.render.overlays import Overlays
from rackwright.render.printing import Printer
from rackwright.render.runs import Runs
from rackwright.render.sheets import Sheets
from rackwright.render.slices import Slices
from rackwright.render.tables import CABLES, Tables

__all__ = ["everything", "plan_json", "switch_tree"]


def everything(
    plan: Plan,
    catalog: Catalog,
    overlays: Overlays | None = None,
    stacks: Sequence[HostStack] = (),
    installs: Sequence[Install] = (),
    cluster: Cluster | None = None,
    machines: Sequence[Machine] = (),
) -> Iterator[File]:
    """Yield every file of the build; nothing is rendered before a file's ``data`` is asked for.

    ``stacks`` is what :func:`rackwright.plan.stack.stack` gives, ``installs`` what
    :func:`rackwright.plan.install.installs` gives; without them no file says what runs on hosts, and how they are installed.
    ``cluster`` is what :func:`rackwright.plan.bcm.cluster` gives where Base Command Manager provisions them, ``machines`` what
    :func:`rackwright.plan.machines.machines` gives; without them no file says what BMCs are brought to.

    Equal arguments give equal paths, inputs and bytes, in any process. Asking for the data may raise
    :class:`~rackwright.errors.RenderError` (a template of the site) and :class:`~rackwright.errors.SchemaUnknown`
    (a NOS version that cannot be printed).
    """
    build = _Build(plan, catalog, overlays or Overlays(), stacks, installs, cluster, machines)
    yield from build.tables()
    yield from build.switches()
    yield from build.hosts()
    yield from build.services()
    yield from build.sheets.files()
    yield from documents(build.slices, catalog, lambda: build.items, build.inputs, build.printer)


def plan_json(plan: Plan) -> bytes:
    """Print ``plan.json``: the plan by its fields, one value of a list a line; ``msgspec`` reads it back."""
    return Lines(plan).document()


def switch_tree(switch: Switch, overlays: Overlays | None = None) -> Tree:
    """Return the NVUE tree that is printed for a switch, overlays laid over it; this is what is checked."""
    from rackwright.render.nvue import tree

    return tree(switch, (overlays or Overlays()).of(switch))


class _Build:
    """One build: what several files share is made once."""

    def __init__(
        self, plan: Plan, catalog: Catalog, overlays: Overlays, stacks: Sequence[HostStack], installs: Sequence[Install],
        cluster: Cluster | None, machines: Sequence[Machine],
    ) -> None:  # fmt: skip
        self.plan = plan
        self.stacks = stacks
        self.installs = installs
        self.cluster = cluster
        self.machines = machines
        self.catalog = catalog
        self.overlays = overlays
        self.slices = Slices(plan)
        self.printer = Printer(overlays.templates)
        self.lines = Lines(plan)
        self.runs = Runs(self.slices)
        self.inputs = Inputs(self.lines, catalog, self.printer)
        # Three files of a switch come one after the other from one tree; only the latest is kept.
        self._tree = lru_cache(maxsize=1)(self._built_tree)

    @cached_property
    def items(self) -> list[bill.Item]:
        return bill.bill(self.slices, self.catalog)

    @cached_property
    def sheets(self) -> Sheets:
        return Sheets(self.runs, self.slices, self.catalog, self.inputs, self.printer)

    def tables(self) -> Iterator[File]:
        """Yield the tables about the whole site."""
        of = self.inputs.of
        yield File("plan.json", of(*self.plan.__struct_fields__), self.lines.document)
        yield from Tables(self.slices, self.runs, self.inputs).files()
        billed = of(*CABLES, catalog=True)
        yield File("bom.csv", billed, lambda: bill.bill_csv(self.items))

    def switches(self) -> Iterator[File]:
        """Yield the three files of every switch."""
        for switch in self.plan.switches:
            below = f"devices/{switch.name}"
            inputs = self.inputs.of_switch(switch, self.overlays.digest(switch))
            yield File(f"{below}/startup.yaml", inputs, partial(self._startup, switch), switch.name)
            yield File(f"{below}/commands.txt", inputs, partial(self._commands, switch), switch.name)
            serial = self.slices.device[switch.name].serial if switch.name in self.slices.device else ""
            zero_touch = self.inputs.of_switch(switch, serial, templates="ztp")
            yield File(f"{below}/ztp.sh", zero_touch, partial(self._ztp, switch, serial), switch.name)

    def _built_tree(self, name: str) -> Tree:
        return switch_tree(self.slices.switch[name], self.overlays)

    def _startup(self, switch: Switch) -> bytes:
        from rackwright.nvue.emit import dump

        return dump(self._tree(switch.name), model=switch.model, nos=switch.nos).encode()

    def _commands(self, switch: Switch) -> bytes:
        from rackwright.nvue.applies import APPLY, in_turn
        from rackwright.nvue.commands import set_lines

        parts = in_turn(self._tree(switch.name))
        return "".join(f"{line}\n" for part in parts for line in (*set_lines(part), APPLY)).encode()

    def _ztp(self, switch: Switch, serial: str) -> bytes:
        from rackwright.render.nvue.ztp import script

        return script(switch, serial=serial, templates=self.overlays.templates).encode()

    def hosts(self) -> Iterator[File]:
        """Yield the netplan of every host, and the document of the playbooks of every server."""
        for host in self.plan.hosts:
            path = f"devices/{host.name}/netplan.yaml"
            yield File(path, self.inputs.of_host(host), partial(netplan.netplan, host), host.name)
        for stack in self.stacks:
            inputs = self.inputs.of_values([stack], templates="")
            path = f"devices/{stack.name}/vars.yaml"
            yield File(path, inputs, partial(variables.variables_yaml, stack), stack.name)
        for install in self.installs:
            yield from self._seed(install)
        for machine in self.machines:
            for name, (make, said) in bmc.FILES.items():
                inputs = self.inputs.of_values([said(machine)], templates="")
                yield File(f"devices/{machine.name}/{name}", inputs, partial(make, machine), machine.name)
        if self.cluster is not None:
            yield from self._managed(self.cluster)

    def _managed(self, cluster: Cluster) -> Iterator[File]:
        """Yield what the head node of Base Command Manager is told."""
        from rackwright.render.hosts.bcm import FILES, bcm_file

        inputs = self.inputs.of_values([cluster], templates="bcm")
        for name in FILES:
            yield File(f"bcm/{name}", inputs, partial(bcm_file, cluster, self.plan.name, name, self.printer))

    def _seed(self, install: Install) -> Iterator[File]:
        """Yield the seed of one host as it may be kept."""
        from rackwright.render.hosts.autoinstall import SEED, seed_file

        laid = self.overlays.hosts.of(install)
        inputs = self.inputs.of_values([install, laid], templates="autoinstall")
        for name in SEED[:2]:
            make = partial(seed_file, install, name, laid=laid, templates=self.overlays.templates)
            yield File(f"devices/{install.name}/{name}", inputs, make, install.name)

    def services(self) -> Iterator[File]:
        """Yield what the services of the site read: DHCP, DNS, Ansible."""
        of = self.inputs.of
        slices = self.slices
        leases = of("name", "nos", "scopes", "switches", templates="dhcp")
        yield File("dhcp/dnsmasq.conf", leases, lambda: dhcp.dnsmasq(slices, self.printer))
        yield File("dhcp/kea-dhcp4.json", leases, partial(dhcp.kea, slices))
        yield from self._dns(of("name", "dns", "scopes", "hosts"))
        hosts = of("name", "release", "devices", "switches", "hosts", "placements")
        grouped = [
            (stack.name, stack.user, stack.profile, [step.name for step in stack.steps]) for stack in self.stacks
        ]
        inputs = self.inputs.of_piece(hosts, self.inputs.of_values(grouped, templates=""))
        yield File("ansible/inventory.yaml", inputs, partial(ansible.inventory_yaml, slices, self.stacks))

    def _dns(self, inputs: str) -> Iterator[File]:
        zones: Callable[[], dict[str, bytes]] = lru_cache(maxsize=1)(partial(dns.zones, self.plan))
        for name in dns.file_names(self.plan):
            yield File(f"dns/{name}", inputs, partial(lambda key: zones()[key], name))
