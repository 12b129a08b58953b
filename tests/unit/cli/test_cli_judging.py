"""What each verb of the second half does: check, diff, explain, inventory, demo."""

from xml.etree import ElementTree as ET

import pytest
import yaml

# --- check -----------------------------------------------------------------------------------------


def test_a_reference_site_is_clean_in_memory_and_as_a_build(rackwright_json, site, build):
    """Both ways look at the same switches with the same rules and find nothing wrong."""
    _, memory = rackwright_json("check", site)
    _, folder = rackwright_json("check", build)
    assert memory["devices"] == folder["devices"] == ["be01", "be02", "fe01", "fe02", "oob01"]
    assert memory["passes"] == folder["passes"]
    assert {item["status"] for item in memory["findings"]} <= {"skipped"}


def test_a_finding_has_the_place_in_the_file(rackwright, build, edit):
    """A mistake in a build is told with file, line and column, the rule and what to do."""
    file = edit(build / "devices/fe01/startup.yaml", "autonomous-system:", "autonomous-systm:")
    lines = rackwright("check", build).stdout
    assert f"{file}:" in lines
    assert "NVUE-PATH-UNKNOWN" in lines
    assert "autonomous-system" in lines


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("devices/gpu01/netplan.yaml", "- 10.200.0.1/31", "- 10.200.0.9/31", "10.200.0.9/31 at the other end"),
        ("devices/gpu01/netplan.yaml", "rail1\n      mtu: 9000", "rail1\n      mtu: 9500", "gpu01:b3140h-1 sends up to 9500"),
        ("devices/gpu01/netplan.yaml", "layer3+4\n      mtu: 9000", "layer3+4\n      mtu: 9500", "gpu01:b3220l-1.1 sends up to 9500"),
        ("devices/be01/startup.yaml", "10.200.0.0/31: {}", "10.99.0.4/31: {}", "10.200.0.1/31 at the other end"),
        ("devices/be01/startup.yaml", "10.200.0.0/31: {}", "10.200.0.4/31: {}", "10.200.0.4/31 of swp1s0 is also on swp5s0"),
    ],
)  # fmt: skip
def test_a_switch_and_its_host_are_judged_as_their_files_lie_there(rackwright, build, edit, file, old, new, said):
    """In a build the address and MTU of a switch port are held against the netplan of the host at its cable."""
    edit(build / file, old, new)
    result = rackwright("check", build)
    assert result.exit_code == 4
    assert said in result.stdout


def test_a_netplan_that_was_only_laid_out_anew_says_the_same(rackwright_json, build):
    """A netplan is read where it is not as it was written; a comment in it changes no finding."""
    for path in build.glob("devices/*/netplan.yaml"):
        path.write_text(f"# looked at\n{path.read_text()}")
    code, found = rackwright_json("check", build)
    assert (code, {item["status"] for item in found["findings"]}) == (0, {"skipped"})


@pytest.mark.parametrize(("text", "said"), [("a: [", "netplan.yaml:2:1"), ("- x\n", "netplan.yaml:1:1")])
def test_a_netplan_that_cannot_be_read_is_told(rackwright, build, text, said):
    """A damaged file of a build is an error at its place, never a silent pass."""
    (build / "devices/gpu01/netplan.yaml").write_text(text)
    result = rackwright("check", build)
    assert result.exit_code == 1
    assert said in result.stderr


def test_the_cabling_of_a_build_is_read_as_it_lies_there(rackwright, build, edit):
    """A table that is none is an error; a link that was taken out of it is missing; without the table the plan stands."""
    file = build / "cabling.csv"
    rows = file.read_text().splitlines(keepends=True)
    file.write_text("".join(rows[:1] + rows[2:]))
    result = rackwright("check", build)
    assert result.exit_code == 4
    assert "gpu01:b3140h-1 is planned and has no cable" in result.stdout
    file.write_text("garbage\n")
    result = rackwright("check", build)
    assert result.exit_code == 1
    assert "cabling.csv:1:1: no column a_device" in result.stderr
    file.unlink()
    assert rackwright("check", build).exit_code == 0


def test_files_of_a_user_are_judged_together(rackwright_json, build):
    """--config takes several files as a shell writes them out, and folders; rules over all of them run."""
    files = sorted(build.glob("devices/*/startup.yaml"))
    code, several = rackwright_json("check", "--config", *files, "--cabling", build / "cabling.csv")
    assert code == 0
    assert len(several["devices"]) == len(files)
    code, folder = rackwright_json("check", "--config", build / "devices/be01", "--nos", "5.12.1", "--model", "sn5600")
    assert (code, folder["devices"]) == (0, ["be01"])


def test_a_model_can_be_said_for_one_file(rackwright, build):
    """--model NAME=MODEL holds for that device: an SN2201 has no cages that split eight ways."""
    files = [build / "devices/fe01/startup.yaml", build / "devices/be01/startup.yaml"]
    result = rackwright("check", "--config", *files, "--model", "sn5600", "--model", "fe01=sn2201")
    assert result.exit_code == 4
    assert "fe01 interface" in result.stdout
    assert "be01 interface" not in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("device,port\n", ":1:1: no column a_device"),
        ("a_device;a_port;b_device;b_port\nx;swp1;y;swp1\n", ":1:1: the cells stand apart by semicolons"),
        ("a_device\ta_port\tb_device\tb_port\n", ":1:1: the cells stand apart by tabs"),
        ("a_device,a_port,b_device,b_port\nx,swp1,y,\n", ":2:1: no b_port"),
        ("a_device,a_port,b_device,b_port,length_m\nx,swp1,y,swp1,long\n", ":2:1: could not convert"),
    ],
)
def test_a_wrong_cabling_table_is_told_with_its_line(rackwright, build, tmp_path, text, said):
    """A table without the columns, or with a row that is none, is an error at that line."""
    (tmp_path / "cabling.csv").write_text(text)
    result = rackwright("check", "--config", build / "devices/be01/startup.yaml", "--cabling", tmp_path / "cabling.csv")
    assert result.exit_code == 1
    assert f"cabling.csv{said}" in result.stderr


def test_junit_counts_what_it_holds(rackwright, build, edit):
    """The XML is well formed; failures, errors and skipped are as many as there are such cases."""
    edit(build / "devices/fe01/startup.yaml", "autonomous-system:", "autonomous-systm:")
    result = rackwright("check", build, "--format", "junit")
    suite = ET.fromstring(result.stdout)
    assert int(suite.get("tests")) == len(suite.findall("testcase"))
    for word, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(word)) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.get("failures")) > 0


def test_markdown_is_a_table(rackwright, build, edit):
    """Every line of the table has the same columns."""
    edit(build / "devices/fe01/startup.yaml", "autonomous-system:", "autonomous-systm:")
    rows = [
        line for line in rackwright("check", build, "--format", "markdown").stdout.splitlines() if line.startswith("|")
    ]
    assert len(rows) > 2
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}


def test_a_build_without_its_plan_is_told(rackwright, build):
    """A folder whose plan.json is gone or torn is an error, not a finding."""
    (build / "plan.json").write_text("{")
    assert "is no plan" in rackwright("check", build).stderr
    (build / "plan.json").unlink()
    assert rackwright("check", build).exit_code == 1


# --- diff ------------------------------------------------------------------------------------------


@pytest.fixture
def changed(rackwright, site, build, edit):
    """Return a build of the site with one more word in it."""
    edit(site / "site.yaml", "nodes: nodes.csv}", "nodes: nodes.csv, timezone: Europe/Rome}")
    assert rackwright("render", site, "--out", build).exit_code == 0
    return build


def test_two_builds_are_compared_leaf_by_leaf(rackwright, rackwright_json, built, changed):
    """A changed key of the site is one changed leaf on each switch, as tree, as commands and as JSON."""
    tree = rackwright("diff", built, changed)
    assert tree.exit_code == 3
    assert tree.stdout.count("~ system timezone: Etc/UTC -> Europe/Rome") == 5
    assert "5 switches (5 ~)" in tree.stderr
    commands = rackwright("diff", built, changed, "--commands").stdout
    assert commands.count("nv set system timezone Europe/Rome\nnv config apply -y\n") == 5
    _, value = rackwright_json("diff", built, changed)
    assert [switch["device"] for switch in value["switches"]] == ["be01", "be02", "fe01", "fe02", "oob01"]
    [change] = value["switches"][0]["changes"]
    assert (change["op"], change["path"], change["new"]) == ("~", ["system", "timezone"], "Europe/Rome")


def test_a_build_is_compared_with_an_export(rackwright, built, changed):
    """What is running leads to what is intended; the switch is found by its hostname."""
    result = rackwright("diff", built, "--running", changed / "devices/be01/startup.yaml")
    assert result.exit_code == 3
    assert "Europe/Rome -> Etc/UTC" in result.stdout
    same = rackwright("diff", built, "--running", *built.glob("devices/be0*/startup.yaml"))
    assert (same.exit_code, same.stdout) == (0, "")


@pytest.mark.parametrize("words", ["FILE FILE", "OUT FILE", "FILE --running FILE"])
def test_a_file_where_a_build_belongs_is_told_what_it_is_compared_with(rackwright, built, words):
    """Two exports are not compared, and the way to compare one with a build is named."""
    file = built / "devices/be01/startup.yaml"
    result = rackwright("diff", *(words.replace("FILE", str(file)).replace("OUT", str(built)).split()))
    assert result.exit_code == 2
    assert f"{file} is a file" in result.stderr
    assert f"rackwright diff OUT --running {file}" in result.stderr


def test_other_files_count_as_a_difference(rackwright, built, build):
    """A build whose switches are equal and whose tables are not differs; what lies there counts, not the manifest."""
    with (build / "cabling.csv").open("a", encoding="utf-8") as file:
        file.write("edited\n")
    (build / "bom.csv").unlink()
    result = rackwright("diff", built, build)
    assert result.exit_code == 3
    assert result.stdout.splitlines() == ["- bom.csv", "~ cabling.csv"]


# --- explain ---------------------------------------------------------------------------------------


def test_a_value_leads_to_the_line_that_decided_it(rackwright, rackwright_json, site):
    """The MTU-like chain: value, port, link, attach entry, pool, each site key with its line and column."""
    _, [found] = rackwright_json("explain", site, "be01", "interface", "swp1s0", "ip")
    assert found["path"][-1] == "10.200.0.0/31"
    places = {step["path"]: step["location"] for step in found["steps"] if step["kind"] == "site"}
    text = (site / "site.yaml").read_text().splitlines()
    pool = places["networks.rails.pool"]
    assert text[pool["line"] - 1][pool["column"] - 1 :].startswith("10.200.0.0/16")
    assert "fabrics.backend.attach.0.network" in places
    printed = rackwright("explain", site, "be01", "interface.swp1s0.ip.address.10.200.0.0/31").stdout
    assert f"{site / 'site.yaml'}:{pool['line']}:{pool['column']}" in printed


def test_a_default_is_told_as_such(rackwright, site):
    """A key that is not written is named with its default."""
    assert "site.timezone: Etc/UTC (not written)" in rackwright("explain", site, "be01", "system timezone").stdout


def test_an_overlay_is_told_first(rackwright, site):
    """A value that a patch laid over the switch is explained by the patch and its line."""
    (site / "overlays").mkdir()
    file = site / "overlays/role-leaf.yaml"
    file.write_text("set:\n  system:\n    timezone: Asia/Tokyo\n")
    lines = rackwright("explain", site, "be01", "system", "timezone").stdout.splitlines()
    assert lines[0] == "be01: system timezone: Asia/Tokyo"
    assert f"{file}:3:" in lines[1]


@pytest.mark.parametrize(
    "spelt",
    [
        "set: {interface: {swp60-61: {link: {state: {up: {}}}}}}",
        "unset: [interface swp60-61 link state down]\nset: {interface: {swp60-61: {link: {state: {up: {}}}}}}",
    ],
)
def test_an_overlay_that_names_a_range_is_told_for_each_port_of_it(rackwright_json, site, spelt):
    """A patch at ``swp60-61`` speaks of both ports, at the place where the range is written, and of no other."""
    (site / "overlays").mkdir()
    (site / "overlays/role-leaf.yaml").write_text(f"{spelt}\n")
    for port in ("swp60", "swp61"):
        _, [found] = rackwright_json("explain", site, "be01", "interface", port, "link", "state", "up")
        step = found["steps"][0]
        assert (step["kind"], step["path"]) == ("overlay", "interface.swp60-61.link.state.up")
        assert step["location"]["line"] == len(spelt.splitlines())
    _, [beside] = rackwright_json("explain", site, "be01", "interface", "swp62", "link", "state")
    assert "overlay" not in {step["kind"] for step in beside["steps"]}


def test_the_facts_of_a_device_are_one_table(rackwright_json, site):
    """Without a path: where it stands, its addresses, each port with peer and cable."""
    _, found = rackwright_json("explain", site, "gpu01")
    assert (found["head"]["rack"], found["head"]["model"]) == ("r1", "xe9680")
    ports = {port["port"]: port for port in found["ports"]}
    assert (ports["b3140h-3"]["peer"], ports["b3140h-3"]["rail"]) == ("be01", 3)
    _, one = rackwright_json("explain", site, "gpu01", "b3140h-3")
    assert one["ports"] == [ports["b3140h-3"]]


def test_every_key_can_be_listed(rackwright_json, site):
    """--defaults gives each key of the site file with type, default and meaning."""
    _, rows = rackwright_json("explain", site, "--defaults")
    by = {row["path"]: row for row in rows}
    assert by["site.timezone"]["default"] == "Etc/UTC"
    assert all(set(row) == {"path", "type", "default", "help"} for row in rows)


def test_what_is_not_there_is_answered_with_what_is(rackwright, site):
    """A wrong word of a path, or too wide a path, is answered with the keys at that place."""
    wrong = rackwright("explain", site, "fe01", "vrf", "NONE")
    assert "no 'NONE' at vrf; there is" in wrong.stderr
    assert "INBAND" in wrong.stderr
    assert "values are below interface; name one of bond1s0" in rackwright("explain", site, "fe01", "interface").stderr


# --- inventory -------------------------------------------------------------------------------------


def test_both_inventories_have_the_same_hosts_and_groups(rackwright, rackwright_json, site):
    """Nornir's and Ansible's are two prints of one derivation; both read back."""
    nornir = yaml.safe_load(rackwright("inventory", site, "--nornir").stdout)
    ansible = yaml.safe_load(rackwright("inventory", site, "--ansible").stdout)
    assert set(nornir["hosts"]) == set(ansible["all"]["hosts"])
    assert set(nornir["groups"]) == set(ansible["all"]["children"])
    assert {"role_leaf", "fabric_backend", "rack_r1"} <= set(nornir["hosts"]["be01"]["groups"])
    assert nornir["hosts"]["be01"]["data"]["model"] == "sn5600"
    code, listed = rackwright_json("inventory", site, "--ansible")
    assert code == 0
    assert set(listed["_meta"]["hostvars"]) == set(nornir["hosts"])


# --- demo ------------------------------------------------------------------------------------------


def test_the_demo_does_the_main_job_and_can_be_run_again(rackwright, rackwright_json, tmp_path):
    """It plans, renders and checks a copy, says where the files lie, and a second run writes over its own."""
    result = rackwright("demo", "--render-only", "--out", tmp_path / "demo")
    assert result.exit_code == 0
    assert "nothing wrong" in result.stdout
    named = [line.split()[0] for line in result.stdout.splitlines() if str(tmp_path) in line]
    assert len(named) >= 4
    code, value = rackwright_json("demo", "--render-only", "--out", tmp_path / "demo")
    assert code == 0
    assert value["check"]["devices"]


def test_the_demo_refuses_a_folder_of_others(rackwright, tmp_path):
    """A folder that holds anything else is left alone."""
    (tmp_path / "mine").write_text("precious")
    result = rackwright("demo", "--render-only", "--out", tmp_path)
    assert result.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
