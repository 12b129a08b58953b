"""What each verb of the first half does: init, validate, plan, render."""

import json
import os

import msgspec
import pytest

from rackwright import intent
from rackwright.cli.verbs.init import copy_site
from rackwright.plan import lock_text
from rackwright.plan.model import Plan

NINE = "gpu:  {model: xe9680, gpu: h200-sxm, memory_gb: 2048, count: 4, max: 8}"


# --- init ------------------------------------------------------------------------------------------


def test_init_lists_the_reference_sites(rackwright, rackwright_json):
    """Without a folder the sites are named, one a line."""
    listed = rackwright("init").stdout.splitlines()
    assert [line.split()[0] for line in listed] == rackwright_json("init")[1]["sites"]
    assert "xe9680-spectrum-x" in rackwright("init").stdout


def test_init_copies_a_site_that_is_right(rackwright, rackwright_json, tmp_path):
    """The copy holds the site file and what stands beside it, and it can be planned at once."""
    code, value = rackwright_json("init", tmp_path / "mine", "--from", "xe9680-spectrum-x")
    assert code == 0
    assert {"site.yaml", "nodes.csv"} <= set(value["files"])
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == value["files"]
    assert rackwright("validate", tmp_path / "mine").exit_code == 0


def test_init_puts_the_schema_where_the_site_says_it_is(rackwright, tmp_path):
    """An editor completes keys by the first line of the copy; it named a file of the checkout."""
    rackwright("init", tmp_path / "mine", "--from", "xe9680-spectrum-x")
    first = (tmp_path / "mine" / "site.yaml").read_text().splitlines()[0]
    schema = tmp_path / "mine" / first.rpartition("=")[2]
    assert json.loads(schema.read_text()) == intent.json_schema()


def test_init_leaves_the_working_state_of_a_used_site_behind(tmp_path):
    """A reference site that was used in place has a journal and sockets in `.rackwright`: none of it is copied."""
    source = tmp_path / "used"
    (source / ".rackwright").mkdir(parents=True)
    (source / "site.yaml").write_text("site: {}", encoding="utf-8")
    os.mkfifo(source / ".rackwright" / "control")
    assert copy_site(source, tmp_path / "mine") == ["site.yaml"]
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["site.yaml"]


def test_init_never_writes_into_a_folder_in_use(rackwright, tmp_path):
    """A folder with anything in it is refused and stays as it was."""
    (tmp_path / "mine").write_text("precious")
    result = rackwright("init", tmp_path, "--from", "xe9680-spectrum-x")
    assert result.exit_code == 1
    assert "not empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


# --- validate --------------------------------------------------------------------------------------


def test_validate_tells_every_problem_at_once_with_its_place(rackwright, site, edit):
    """Two mistakes in one file are two lines, each with line, column and what to do."""
    file = edit(site / "site.yaml", "topology: pure-rail", "topolgy: pure-rail")
    edit(file, "vlan: 300", "vlan: 9300")
    result = rackwright("validate", site)
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert any(line.startswith(f"{file}:") and "topolgy" in line and "topology" in line for line in lines)
    assert any("9300" in line or "4094" in line for line in lines)
    assert "2 errors" in result.stderr or "3 errors" in result.stderr


def test_validate_tells_what_cannot_be_planned(rackwright, site, edit):
    """A wish that is written rightly and impossible is a problem with a place too."""
    edit(site / "site.yaml", "count: 4, max: 8}", "count: 300, max: 300}")
    result = rackwright("validate", site)
    assert result.exit_code == 1
    errors = [line for line in result.stdout.splitlines() if ": error: " in line]
    assert all(line.startswith(f"{site / 'site.yaml'}:") for line in errors)
    assert any("300" in line for line in errors)


def test_validate_counts_for_json(rackwright_json, site):
    """The value holds the file, the counts by severity and the problems."""
    code, value = rackwright_json("validate", site)
    assert code == 0
    assert set(value) == {"file", "counts", "problems"}
    assert value["counts"]["error"] == 0
    assert sum(value["counts"].values()) == len(value["problems"])


def test_validate_reads_a_broken_file_without_a_traceback(rackwright, site):
    """A file that is no YAML at all is one problem with a place."""
    (site / "site.yaml").write_text("site: {name: x\nracks: [", encoding="utf-8")
    result = rackwright("validate", site)
    assert result.exit_code == 1
    assert f"{site / 'site.yaml'}:" in result.stdout
    assert "Traceback" not in result.output


def test_validate_writes_nothing(rackwright, site):
    """The folder of the site is the same afterwards, without a lock of its own making."""
    (site / "site.lock").unlink()
    before = sorted(path.name for path in site.iterdir())
    rackwright("validate", site)
    assert sorted(path.name for path in site.iterdir()) == before


# --- plan ------------------------------------------------------------------------------------------


def test_plan_shows_fabrics_cables_addresses_and_power(rackwright, site):
    """The page names each fabric, the parts, the networks and the racks."""
    page = rackwright("plan", site).stdout
    for word in ("backend", "pure-rail", "dac-osfp-2xqsfp112", "10.20.0.0/22", "survives", "25 management"):
        assert word in page


def test_plan_writes_the_lock_once(rackwright, site):
    """A second plan leaves the lock untouched, byte for byte and in time."""
    (site / "site.lock").unlink()
    assert "new, " in rackwright("plan", site).stderr
    before = (site / "site.lock").stat()
    assert "stands as it was" in rackwright("plan", site).stderr
    assert (site / "site.lock").stat().st_mtime_ns == before.st_mtime_ns


def test_plan_names_what_is_new_and_moves_nothing(rackwright, rackwright_json, site, edit):
    """One more server: its name is told, and every line of the former lock is still in the new one."""
    before = lock_text.read(site / "site.lock")
    edit(site / "site.yaml", NINE, NINE.replace("count: 4", "count: 5"))
    _, value = rackwright_json("plan", site)
    assert value["lock"]["new_devices"] == ["gpu05"] or "gpu05" in json.dumps(value["lock"]["added"])
    after = lock_text.read(site / "site.lock")
    for pool, entries in before.pools.items():
        assert entries.items() <= after.pools[pool].items()


def test_locked_refuses_what_would_change_the_lock(rackwright, site, edit):
    """With --locked a needed change is an error that names it, and the lock stays."""
    before = (site / "site.lock").read_bytes()
    edit(site / "site.yaml", "pools: {loopback: 10.255.0.0/20", "pools: {loopback: 10.255.0.0/20")
    edit(
        site / "site.yaml",
        "  storage: {vlan: 500, vrf: INBAND,",
        "  extra: {vlan: 700, vrf: NEW, subnet: 10.30.0.0/24, gateway: frontend}\n  storage: {vlan: 500, vrf: INBAND,",
    )
    result = rackwright("plan", site, "--locked")
    assert result.exit_code == 1
    assert "would change" in result.stderr
    assert (site / "site.lock").read_bytes() == before


def test_a_pool_that_begins_elsewhere_is_told_and_refused_by_locked(rackwright, site, edit):
    """Values that stand change: how many, the first from what to what; never said to stand as they were."""
    edit(site / "site.yaml", "subnet: 10.20.0.0/22", "subnet: 10.21.0.0/22")
    refused = rackwright("plan", site, "--locked")
    told = "gpu01 in inband 10.20.0.10/22 -> 10.21.0.10/22"
    assert refused.exit_code == 1
    assert told in refused.stderr
    done = rackwright("plan", site)
    assert done.exit_code == 0
    assert "11 of 136 values that stand change" in done.stderr
    assert told in done.stderr
    assert "everything else" not in done.stderr
    assert "everything stands as it was" in rackwright("plan", site).stderr


def test_a_lock_of_an_earlier_version_is_taken_and_completed(rackwright, site, edit):
    """What such a lock does not hold is no change to --locked; the next plan writes it, and what it does hold is held."""
    lock = lock_text.read(site / "site.lock")
    pools = {name: entries for name, entries in lock.pools.items() if name != "racks.row"}
    wishes = {name: wish for name, wish in lock.wishes.items() if name.startswith(("fabrics", "groups"))}
    lock_text.write(site / "site.lock", msgspec.structs.replace(lock, pools=pools, wishes=wishes))
    assert rackwright("plan", site, "--locked").exit_code == 0
    assert "7 new, 0 freed; everything else" in rackwright("plan", site).stderr
    assert lock_text.read(site / "site.lock") == lock
    lock_text.write(site / "site.lock", msgspec.structs.replace(lock, pools=pools, wishes=wishes))
    edit(site / "site.yaml", "count: 4, max: 8}", "count: 5, max: 8}")
    assert "7 new and 0 freed" in rackwright("plan", site, "--locked").stderr


def test_a_new_rack_is_told_its_place_in_the_row(rackwright, rackwright_json, site, edit):
    """It sorts between those that stand and is put behind them: told with what would place it otherwise."""
    row = "  r1b: {model: ar3307}\n  r2: {model: ar3307,"
    edit(site / "site.yaml", "  r2: {model: ar3307,", row)
    said = rackwright("plan", site).stderr
    assert "r1b at place 3" in said
    assert "take racks.row out of site.lock and plan again" in said
    _, value = rackwright_json("plan", site)
    assert [rack["name"] for rack in value["racks"]] == ["r1", "r2", "r1b"]


def test_free_gives_back_what_nothing_asks_for(rackwright, site, edit):
    """A removed entry is kept until --free, which names it."""
    lock = lock_text.read(site / "site.lock")
    kept = {**lock.pools, "pools.loopback": {**lock.pools["pools.loopback"], "gone99": (900, 1)}}
    lock_text.write(site / "site.lock", msgspec.structs.replace(lock, pools=kept))
    assert "pools.loopback/gone99" in rackwright("plan", site).stderr
    freed = rackwright("plan", site, "--free")
    assert "- pools.loopback/gone99" in freed.stderr
    assert "gone99" not in (site / "site.lock").read_text()


def test_the_whole_plan_can_be_read_back(rackwright, site, tmp_path):
    """`plan -o FILE` writes the plan as JSON, `-o -` prints it."""
    rackwright("plan", site, "-o", tmp_path / "plan.json")
    plan = msgspec.json.decode((tmp_path / "plan.json").read_bytes(), type=Plan)
    printed = msgspec.json.decode(rackwright("plan", site, "-o", "-").stdout, type=Plan)
    assert plan == printed
    assert plan.name == "xe9680-spectrum-x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD\n", "is no lock"),
        ("", "is no lock"),
        ('{"version": 7, "pools": {}}', "of version 7"),
        ('{"version": 1, "pools": {"pools.asn": {"be01": [-4, 1]}}}', "pools.asn/be01"),
    ],
)
def test_a_damaged_lock_is_never_taken_for_an_empty_one(rackwright, site, text, said):
    """A lock that cannot be read stops the plan and is left as it is."""
    (site / "site.lock").write_text(text)
    result = rackwright("plan", site)
    assert result.exit_code == 1
    assert said in result.stderr
    assert (site / "site.lock").read_text() == text


# --- render ----------------------------------------------------------------------------------------


def test_render_writes_once(rackwright_json, site, tmp_path):
    """The second build of the same site writes and removes nothing."""
    code, first = rackwright_json("render", site, "--out", tmp_path / "out")
    assert code == 0
    assert "devices/be01/startup.yaml" in first["changed"]
    code, second = rackwright_json("render", site, "--out", tmp_path / "out")
    assert (code, second["changed"], second["removed"]) == (0, [], [])
    assert second["unchanged"] == len(first["changed"])


def test_render_in_processes_gives_the_same_bytes(rackwright, site, built, tmp_path):
    """`--jobs` changes who prints, not what."""
    assert rackwright("render", site, "--out", tmp_path / "out", "--jobs", "2").exit_code == 0
    one = {path.relative_to(built): path.read_bytes() for path in built.rglob("*") if path.is_file()}
    two = {
        path.relative_to(tmp_path / "out"): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert one == two


def test_a_limit_leaves_everything_else_as_it_lies(rackwright_json, site, build, edit):
    """`--limit` makes the named devices anew; tables and other devices stay, even where they are behind."""
    edit(site / "site.yaml", "mtu_bytes: 9000}\nfabrics", "mtu_bytes: 4000}\nfabrics")
    edit(
        site / "site.yaml",
        "timezone" if "timezone" in (site / "site.yaml").read_text() else "nodes: nodes.csv}",
        "nodes: nodes.csv, timezone: Europe/Rome}",
    )
    _, value = rackwright_json("render", site, "--out", build, "--limit", "be*")
    assert value["changed"]
    assert all(path.startswith("devices/be0") for path in value["changed"])
    assert value["removed"] == []
    _, rest = rackwright_json("render", site, "--out", build)
    assert any(path.startswith("devices/fe01") for path in rest["changed"])


def test_an_edit_by_hand_outlives_a_limit_and_not_a_build(rackwright_json, site, build, edit):
    """What lies outside the limit is not touched, and the next full build puts it right."""
    edit(build / "devices/fe01/startup.yaml", "hostname: fe01", "hostname: mine")
    _, limited = rackwright_json("render", site, "--out", build, "--limit", "be01")
    assert limited["changed"] == []
    _, full = rackwright_json("render", site, "--out", build)
    assert full["changed"] == ["devices/fe01/startup.yaml"]


def test_files_of_others_are_never_overwritten(rackwright, site, tmp_path):
    """A folder that holds a file of that name, not of ours, is refused."""
    (tmp_path / "cabling.csv").write_text("mine")
    result = rackwright("render", site, "--out", tmp_path)
    assert result.exit_code == 1
    assert "cabling.csv" in result.stderr
    assert (tmp_path / "cabling.csv").read_text() == "mine"


def test_a_template_that_fails_on_one_device_is_a_sentence(rackwright, site, tmp_path):
    """A mistake in a template of the site is told as such, through Nornir, without Nornir's traceback."""
    (site / "templates/ztp").mkdir(parents=True)
    (site / "templates/ztp/ztp.sh.j2").write_text("{{ nothing.of.that.name }}")
    result = rackwright("render", site, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "ztp.sh.j2" in result.stderr
    assert "Traceback" not in result.output
    assert "bug" not in result.stderr


def test_an_overlay_reaches_the_file(rackwright, site, tmp_path):
    """A patch of the site is in what is rendered, a secret of it as a reference."""
    (site / "overlays").mkdir()
    (site / "overlays/device-be01.yaml").write_text("set: {system: {message: {pre-login: hello there}}}\n")
    assert rackwright("render", site, "--out", tmp_path / "out").exit_code == 0
    assert "hello there" in (tmp_path / "out/devices/be01/startup.yaml").read_text()
    assert "hello there" not in (tmp_path / "out/devices/be02/startup.yaml").read_text()
