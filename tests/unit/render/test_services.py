"""What hosts and services read: netplan, DHCP, DNS, Ansible, Air."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_interface, ip_network

import msgspec
import pytest
import yaml

from rackwright import catalog
from rackwright.plan.model import DhcpScope, DnsRecord, HostInterface, HostNetwork
from rackwright.render import everything
from rackwright.render.ansible import group_name, inventory
from rackwright.render.dhcp import dnsmasq, kea
from rackwright.render.dns import file_names, zones
from rackwright.render.netplan import netplan
from rackwright.render.printing import Printer
from rackwright.render.slices import Slices
from tests.plans import rails

PLAN = rails(spines=2)
FILES = {file.path: file for file in everything(PLAN, catalog=catalog.load())}


def load(path: str):
    """Read a YAML or JSON file of the build."""
    return yaml.safe_load(FILES[path].data)


def test_netplan_has_every_address_of_the_plan():
    """Each interface, bond and VLAN of a host is in its netplan with its address and MTU."""
    for host in PLAN.hosts:
        network = load(f"devices/{host.name}/netplan.yaml")["network"]
        stanzas = network["ethernets"] | network["bonds"] | network["vlans"]
        for port in (*host.interfaces, *host.bonds):
            assert stanzas[port.name].get("addresses", [""])[0] == port.address
            assert stanzas[port.name]["mtu"] == port.mtu_bytes


def test_a_rail_is_routed_by_its_own_source_address():
    """What leaves with a rail's address uses that rail's table, and its routes stand in that table."""
    rail = load("devices/gpu01/netplan.yaml")["network"]["ethernets"]["ens3np0"]
    [rule] = rail["routing-policy"]
    assert ip_interface(rail["addresses"][0]).ip == ip_address(rule["from"].partition("/")[0])
    assert {route["table"] for route in rail["routes"]} == {rule["table"]}


def test_an_interface_with_a_known_mac_is_matched_by_it():
    """A MAC in capitals from nodes.csv is matched in small letters, as the kernel prints it."""
    host = HostNetwork("h", (HostInterface("eth0", "lom1", "02:AA:BB:00:00:01"),))
    port = yaml.safe_load(netplan(host))["network"]["ethernets"]["eth0"]
    assert port["match"] == {"macaddress": "02:aa:bb:00:00:01"}
    assert port["set-name"] == "eth0"
    assert port["optional"] is True


def test_a_vlan_parent_without_an_address_is_waited_for():
    """An interface that carries a VLAN is not optional, though it has no address itself."""
    host = HostNetwork(
        "h",
        (
            HostInterface("eth0", "p1"),
            HostInterface("eth0.5", "p1", "", "10.0.0.2/24", "10.0.0.1", vlan=5, parent="eth0"),
        ),
    )
    network = yaml.safe_load(netplan(host))["network"]
    assert "optional" not in network["ethernets"]["eth0"]
    assert network["vlans"]["eth0.5"]["routes"] == [{"to": "default", "via": "10.0.0.1"}]


def test_dnsmasq_reserves_what_has_a_mac_and_names_what_has_none():
    """A reservation with a MAC is a dhcp-host line; one without is a comment that says what to do."""
    text = FILES["dhcp/dnsmasq.conf"].data.decode()
    assert "dhcp-host=02:00:00:00:00:01,10.10.4.11,gpu01" in text
    assert "# be01 10.10.0.11: its MAC is not known; add it to nodes.csv." in text


def scoped(**changes):
    """Return the plan with one reservation for be01 and the scope changed."""
    scope = DhcpScope("oob", "10.10.0.0/20", "10.10.0.1", "", "", (("be01", "02:AA:00:00:00:09", "10.10.0.11"),))
    return Slices(msgspec.structs.replace(PLAN, scopes=(msgspec.structs.replace(scope, **changes),)))


def test_a_switch_is_sent_its_own_ztp_script():
    """Option 239 goes to a switch by its reservation, with the path of its own script; ONIE gets option 114."""
    slices = scoped(ztp=True, next_server="10.10.0.5")
    text = dnsmasq(slices, Printer()).decode()
    assert "dhcp-host=02:aa:00:00:00:09,set:sw-be01,10.10.0.11,be01" in text
    assert "dhcp-option=tag:sw-be01,tag:cumulus,239,http://10.10.0.5/devices/be01/ztp.sh" in text
    assert "tag:onie,114,http://10.10.0.5/images/cumulus-linux-5.12.1-mlx-amd64.bin" in text
    server = json.loads(kea(slices))["Dhcp4"]
    [row] = server["subnet4"][0]["reservations"]
    assert row["option-data"][0]["data"] == "http://10.10.0.5/devices/be01/ztp.sh"
    assert server["option-def"][0]["code"] == 239


def test_a_scope_without_a_server_promises_no_ztp():
    """Where nobody is named to serve files, no address is made up."""
    slices = scoped(ztp=True, pxe=True)
    assert "http://" not in dnsmasq(slices, Printer()).decode()
    assert b"http://" not in kea(slices)


def test_a_scope_without_a_range_serves_its_reservations_only():
    """Without a dynamic range dnsmasq is told static, and Kea gets no pool."""
    slices = scoped()
    assert "dhcp-range=set:net1,10.10.0.0,static,255.255.240.0," in dnsmasq(slices, Printer()).decode()
    assert "pools" not in json.loads(kea(slices))["Dhcp4"]["subnet4"][0]


def test_both_dhcp_servers_serve_the_same_addresses():
    """dnsmasq and Kea have the same reservations, all inside their subnet."""
    text = FILES["dhcp/dnsmasq.conf"].data.decode()
    for subnet in load("dhcp/kea-dhcp4.json")["Dhcp4"]["subnet4"]:
        for row in subnet["reservations"]:
            assert ip_address(row["ip-address"]) in ip_network(subnet["subnet"])
            assert f"{row['hw-address']},{row['ip-address']},{row['hostname']}" in text


def test_every_name_resolves_forward_and_back():
    """Each record is in the forward zone, in the reverse zone of its /24, and in the hosts file."""
    files = zones(PLAN)
    assert sorted(files) == sorted(file_names(PLAN))
    for record in PLAN.dns:
        first, second, third, last = record.address.split(".")
        assert f"\n{record.name} IN A {record.address}\n" in files["lab.example.zone"].decode()
        reverse = files[f"{third}.{second}.{first}.in-addr.arpa.zone"].decode()
        assert f"\n{last} IN PTR {record.name}.lab.example.\n" in reverse
        assert f"{record.address}\t{record.name}.lab.example {record.name}\n" in files["hosts"].decode()


def test_an_address_with_two_names_has_one_pointer():
    """Two names of one address give two A records and one PTR."""
    plan = msgspec.structs.replace(PLAN, dns=(DnsRecord("b", "10.0.0.1"), DnsRecord("a", "10.0.0.1")))
    files = zones(plan)
    assert files["lab.example.zone"].count(b" IN A 10.0.0.1") == 2
    assert files["0.0.10.in-addr.arpa.zone"].count(b"PTR") == 1


def test_the_serial_follows_the_records():
    """Other records give another serial; the same records the same."""
    changed = msgspec.structs.replace(PLAN, dns=PLAN.dns[1:])
    serial = {zones(plan)["lab.example.zone"].split(b"(")[1].split()[0] for plan in (PLAN, PLAN, changed)}
    assert len(serial) == 2


def test_ansible_finds_every_device_in_its_groups():
    """Each device is a host of all, and in the group of its role, fabric and rack."""
    found = load("ansible/inventory.yaml")["all"]
    children = {name: set(group["hosts"]) for name, group in found["children"].items()}
    assert set(found["hosts"]) == {device.name for device in PLAN.devices}
    assert children["role_leaf"] == {"be01", "be02"}
    assert children["fabric_backend"] == {"be01", "be02", "sp01", "sp02"}
    assert "gpu01" in children["servers"] & children["gpu"] & children["rack_r001"] & children["role_k8s_worker"]
    assert found["hosts"]["be01"]["ansible_host"] == "10.10.0.11"


def test_a_pdu_answers_at_its_management_address():
    """A PDU has no BMC: Ansible reaches it where the plan puts it."""
    rows = [
        msgspec.structs.replace(device, management="10.10.9.9/22") if device.role == "pdu" else device
        for device in PLAN.devices
    ]
    facts, _ = inventory(Slices(msgspec.structs.replace(PLAN, devices=tuple(rows))))
    pdus = [facts[device.name] for device in rows if device.role == "pdu"]
    assert pdus
    assert all(pdu["ansible_host"] == "10.10.9.9" and "bmc_host" not in pdu for pdu in pdus)


def test_ansible_facts_have_no_name_that_a_play_reserves():
    """ansible-core warns of variables called like keywords of a play; what we write has none of them."""
    keywords = {
        "serial",
        "hosts",
        "name",
        "roles",
        "tags",
        "vars",
        "port",
        "strategy",
        "environment",
        "timeout",
        "order",
    }
    facts = load("ansible/inventory.yaml")["all"]["hosts"]
    assert not keywords & {key for values in facts.values() for key in values}


@pytest.mark.parametrize(("text", "name"), [("xe-1", "xe_1"), ("2nd", "_2nd"), ("a.b", "a_b")])
def test_group_names_are_such_as_ansible_takes(text, name):
    """Ansible warns of groups that are no identifiers."""
    assert group_name(text) == name


def test_air_joins_the_ports_of_the_plan():
    """Every link whose ends Air can have is in the topology, between nodes that are there; hosts by their system's names."""
    content = load("air/topology.json")["content"]
    assert {device.name for device in PLAN.devices if device.role != "pdu"} == set(content["nodes"])
    joined = {frozenset((end["node"], end["interface"]) for end in link) for link in content["links"]}
    for link in PLAN.links:
        ends = frozenset((end.device, end.interface or end.port) for end in (link.a, link.b))
        assert (ends in joined) == (link.kind != "pdu")
