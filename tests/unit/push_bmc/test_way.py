"""The way of a server: what shares a restart, what is skipped, refused and left to others, and what it costs."""

import msgspec
import pytest

from rackwright.diff.bmc import bios_state, firmware_states
from rackwright.push.bmc.way import _items, rack, rules_of, way
from rackwright.push.bmc.work import work
from rackwright.redfish.inventory import Job
from tests.machines import image, inventory, loaded, machine, row
from tests.way_judge import bound

SITE = "xe9680-spectrum-x"
CATALOG = loaded(SITE).catalog
RELEASE = "dell-nvidia-1.3"
NEW = {"idrac": "7.20.60.50", "bios": "2.7.4", "cpld": "1.6.0", "boss": "2.1.14.1", "gpu-baseboard": "1.6.0"}
RIGHT = {"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"}
IMAGES = tuple(image(key, version) for key, version in NEW.items())


def way_of(
    versions=None, *, pins=NEW, images=IMAGES, allow=False, catalog=CATALOG, bios=True, absent=frozenset(), **told
):
    """Return the way of gpu01 that has these versions and should have ``pins``."""
    what = machine(SITE, "gpu01", firmware={"versions": pins})
    found = inventory(what, {"b3140h": "32.44.1036", "b3220l": "32.44.1036", **(versions or {})}, **told)
    rules = rules_of(catalog, RELEASE, what.model, allow_downgrade=allow, absent=absent)
    states = firmware_states(what, found, catalog)
    return way(what, states, bios_state(what, found, None) if bios else None, images, rules)


def told(found):
    """Return the steps in a line: kind, group, component."""
    return [f"{step.kind} {step.group} {step.component or step.activation}" for step in found.steps]


def test_nothing_to_do_is_no_step():
    """A server that is right has no steps and costs nothing."""
    found = way_of(NEW, attributes=RIGHT)
    assert (found.steps, found.restarts, found.minutes, found.refused) == ((), 0, 0, ())
    assert set(NEW) < set(found.compliant)
    assert "lom-firmware" in found.unpinned


def test_everything_behind_takes_two_restarts():
    """The iDRAC first, then all that can share one restart, the CPLD alone behind the BIOS: two AC cycles, for one of them is needed anyway."""
    found = way_of()
    assert told(found) == [
        "install 0 idrac", "stage 1 bios", "stage 1 boss", "stage 1 gpu-baseboard", "settings 1 bios-settings",
        "restart 1 ac-cycle", "stage 2 cpld", "restart 2 ac-cycle",
    ]  # fmt: skip
    assert (found.restarts, found.ac_cycles, found.bmc_restarts) == (2, 2, 1)
    assert found.minutes == sum(step.minutes for step in found.steps) > 0


def test_image_and_settings_share_a_restart():
    """A BIOS image that does not change the attributes and the settings need one restart together."""
    found = way_of({**NEW, "bios": "2.1.5"})
    assert told(found) == ["stage 1 bios", "settings 1 bios-settings", "restart 1 host-reboot"]
    assert (found.restarts, found.ac_cycles) == (1, 0)


@pytest.mark.parametrize("changes", [("SriovGlobalEnable",), ("*",)])
def test_settings_that_the_image_changes_come_after_it(changes):
    """An image that changes a wanted attribute must be in force before it is set: two restarts, and no way has fewer."""
    images = (image("bios", "2.7.4", changes=changes),)
    found = way_of({**NEW, "bios": "2.1.5"}, images=images)
    assert told(found) == ["stage 1 bios", "restart 1 host-reboot", "settings 2 bios-settings", "restart 2 host-reboot"]
    other = way_of({**NEW, "bios": "2.1.5"}, images=(image("bios", "2.7.4", changes=("Other",)),))
    assert other.restarts == 1


def test_an_attribute_that_only_the_new_image_knows_is_set_after_it():
    """What this BIOS does not show and the new one brings is no problem: it is staged once that one is in force."""
    what = machine(SITE, "gpu01", firmware={"versions": NEW}, bios={
        "overrides": [{"attribute": "PcieResizBar", "value": "Enabled", "reason": "x"}]})  # fmt: skip
    found = inventory(what, {**NEW, "bios": "2.1.5"}, attributes=RIGHT)
    images = (image("bios", "2.7.4", changes=("PcieResizBar",)),)
    made = way(what, firmware_states(what, found, CATALOG), bios_state(what, found, None), images,
               rules_of(CATALOG, RELEASE, what.model))  # fmt: skip
    settings = next(step for step in made.steps if step.kind == "settings")
    assert [change.attribute for change in settings.changes] == ["PcieResizBar"]
    assert settings.group == 2
    assert not [refusal for refusal in made.refused if refusal.reason == "bios"]


def test_a_downgrade_needs_the_flag():
    """A component ahead of its pin is refused by name without the flag, and brought down with it; others go on."""
    found = way_of({**NEW, "bios": "2.10.0", "boss": "2.1.13.2025"}, attributes=RIGHT)
    assert [(refusal.component, refusal.reason) for refusal in found.refused] == [("bios", "downgrade")]
    assert "2.10.0" in found.refused[0].message
    assert "--allow-downgrade" in found.refused[0].remedy
    assert [step.component for step in found.steps if step.kind == "stage"] == ["boss"]
    forced = way_of({**NEW, "bios": "2.10.0"}, attributes=RIGHT, allow=True)
    assert [step.component for step in forced.steps if step.kind == "stage"] == ["bios"]


def test_versions_without_an_order_need_the_flag_too():
    """What may be a downgrade is treated as one."""
    found = way_of({**NEW, "boss": "A07"}, attributes=RIGHT)
    assert [(refusal.component, refusal.reason) for refusal in found.refused] == [("boss", "order-unknown")]


def test_a_missing_image_is_named_and_bars_what_builds_on_it():
    """Without an image of the iDRAC nothing that goes after it is sent, and each says what it waits for."""
    found = way_of(images=[one for one in IMAGES if one.component != "idrac"], attributes=RIGHT)
    assert found.steps == ()
    by = {refusal.component: refusal for refusal in found.refused}
    assert by["idrac"].reason == "no-image"
    assert "7.20.60.50" in by["idrac"].message
    assert {by[key].reason for key in ("bios", "cpld", "boss", "gpu-baseboard")} == {"blocked"}


def test_an_image_for_another_model_is_none():
    """An image that is listed for other servers is not sent; one for this model comes before one for all."""
    wrong = image("bios", "2.7.4", models=("r660",))
    assert way_of({**NEW, "bios": "2.1.5"}, images=(wrong,)).refused[0].reason == "no-image"
    ours = image("bios", "2.7.4", models=("xe9680",), file="ours.bin")
    found = way_of({**NEW, "bios": "2.1.5"}, images=(image("bios", "2.7.4"), ours), attributes=RIGHT)
    assert found.steps[0].image.file == "ours.bin"


def test_a_file_without_a_hash_is_not_sent():
    """A file that nobody vouched for is refused; a URL that the BMC fetches itself is not."""
    bare = image("bios", "2.7.4", sha256="")
    assert way_of({**NEW, "bios": "2.1.5"}, images=(bare,), attributes=RIGHT).refused[0].reason == "no-hash"
    url = image("bios", "2.7.4", sha256="", file="", url="https://images.example/bios.exe")
    assert way_of({**NEW, "bios": "2.1.5"}, images=(url,), attributes=RIGHT).refused == ()


def test_a_file_that_is_not_there_is_said_before_anything_is_sent():
    """An image whose file is absent bars its component by the file's name; one with a URL is fetched by the BMC instead."""
    found = way_of({**NEW, "bios": "2.1.5"}, absent=frozenset({"bios.bin"}), attributes=RIGHT)
    assert [(refusal.component, refusal.reason) for refusal in found.refused] == [("bios", "no-file")]
    assert "bios.bin" in found.refused[0].message
    both = image("bios", "2.7.4", url="https://images.example/bios.exe")
    found = way_of({**NEW, "bios": "2.1.5"}, images=(both,), absent=frozenset({"bios.bin"}), attributes=RIGHT)
    assert (found.steps[0].image.file, found.steps[0].image.url) == ("", "https://images.example/bios.exe")


def test_an_image_may_need_another_component_first():
    """A boot controller's image that needs the new BIOS waits for it; where nothing brings it, that is said."""
    boss = image("boss", "2.1.14.1", needs=(("bios", "2.7.0"),))
    found = way_of({**NEW, "bios": "2.1.5", "boss": "2.1.13"}, images=(*IMAGES[:3], boss), attributes=RIGHT)
    assert told(found) == ["stage 1 bios", "restart 1 host-reboot", "stage 2 boss", "restart 2 host-reboot"]
    far = image("boss", "2.1.14.1", needs=(("bios", "3.0"),))
    found = way_of({**NEW, "boss": "2.1.13"}, images=(far,), attributes=RIGHT)
    assert [(refusal.component, refusal.reason) for refusal in found.refused] == [("boss", "needs")]
    assert "bios 3.0" in found.refused[0].message


def test_an_image_that_cannot_follow_the_old_one_takes_a_hop():
    """An iDRAC too old for the wanted image goes by way of one between; without one that is said."""
    last = image("idrac", "7.20.60.50", needs=(("idrac", "7.00.00.00"),))
    hop = image("idrac", "7.10.30.00", file="hop.bin")
    found = way_of({**NEW, "idrac": "6.10.80.00"}, images=(last, hop), attributes=RIGHT)
    assert [step.image.version for step in found.steps] == ["7.10.30.00", "7.20.60.50"]
    assert found.bmc_restarts == 2
    alone = way_of({**NEW, "idrac": "6.10.80.00"}, images=(last,), attributes=RIGHT)
    assert alone.refused[0].reason == "needs"


def test_bluefields_are_left_to_the_host():
    """A BlueField behind is reported as left to HOSTS with the power cycle that it will need, and is no step."""
    found = way_of({**NEW, "b3140h-3": "32.43.1014"}, attributes=RIGHT)
    (left,) = found.left
    assert (left.component, left.subjects, left.backend, left.activation) == (
        "bluefield-firmware", ("b3140h-3",), "host", "host-power-cycle",
    )  # fmt: skip
    assert "HOSTS" in left.message
    assert found.steps == ()


def test_what_waits_already_is_not_sent_again():
    """A staged image costs its restart alone: the step says that nothing is sent."""
    found = way_of({**NEW, "bios": "2.1.5"}, rows=(row("bios", "2.7.4", status="available"),), attributes=RIGHT)
    (stage, restart) = found.steps
    assert (stage.staged, stage.minutes, restart.activation) == (True, 0, "host-reboot")


def test_an_install_of_the_bmc_waits_until_nothing_waits():
    """With a BIOS image waiting, the restart comes before the iDRAC restarts itself."""
    found = way_of({**NEW, "idrac": "7.10.30.00", "bios": "2.1.5"}, rows=(row("bios", "2.7.4", status="available"),),
                   attributes=RIGHT)  # fmt: skip
    assert told(found) == ["stage 1 bios", "restart 1 host-reboot", "install 0 idrac"]


def test_a_settings_job_that_lacks_something_is_replaced():
    """A waiting job that holds a part of the changes is named, and the step holds all of them."""
    job = Job(id="JID_9", kind="BIOSConfiguration", state="scheduled")
    found = way_of(NEW, pending={"SysProfile": "PerfOptimized"}, jobs=(job,))
    settings = next(step for step in found.steps if step.kind == "settings")
    assert (settings.staged, settings.job, len(settings.changes)) == (False, "JID_9", 2)


def test_missing_and_untold_components_are_refused_by_name():
    """What the BMC does not show, or shows without a version, is not flashed, and that is said."""
    found = way_of({**NEW, "boss": None, "cpld": "NotAvailable"}, attributes=RIGHT)
    assert {(refusal.component, refusal.reason) for refusal in found.refused} == {
        ("boss", "missing"),
        ("cpld", "unknown"),
    }
    assert found.steps == ()


def test_the_same_image_for_several_components_is_one_step():
    """Two ports of an adapter are brought in by one image, once."""
    what = machine(SITE, "mgmt01", firmware={"versions": {"cx6dx-firmware": "22.44.1036"}})
    found = inventory(what)
    images = (image("cx6dx-firmware", "22.44.1036"),)
    rules = rules_of(CATALOG, RELEASE, what.model)
    made = way(what, firmware_states(what, found, CATALOG), None, images, rules)
    assert [len(step.fqdds) for step in made.steps] == [2, 0]


def test_a_circle_is_refused_and_the_rest_goes_on():
    """Rows that wait for each other are named; what is no part of it is done."""
    boss = image("boss", "2.1.14.1", needs=(("gpu-baseboard", "1.6.0"),))
    tray = image("gpu-baseboard", "1.6.0", needs=(("boss", "2.1.14.1"),))
    found = way_of(images=(*IMAGES[:3], boss, tray), attributes=RIGHT)
    assert {refusal.component for refusal in found.refused if refusal.reason == "circle"} == {"boss", "gpu-baseboard"}
    assert [step.component for step in found.steps if step.image] == ["idrac", "bios", "cpld"]


def test_order_is_data_of_the_model():
    """A barrier for one model holds there alone; a site's row that puts the iDRAC last is followed."""
    kind = CATALOG.firmware["idrac"]
    barrier = CATALOG.firmware["bios"].after[0].model_copy(update={"component": "boss", "models": ("xe9680",)})
    last = kind.model_copy(update={"after": (barrier,)})
    free = {key: row.model_copy(update={"after": ()}) for key, row in CATALOG.firmware.items()}
    catalog = CATALOG.model_copy(update={"firmware": {**free, "idrac": last}})
    release = catalog.releases[RELEASE].model_copy(update={"components": tuple(
        row.model_copy(update={"after": ()}) for row in catalog.releases[RELEASE].components)})  # fmt: skip
    catalog = catalog.model_copy(update={"releases": {RELEASE: release}})
    found = way_of({**NEW, "idrac": "7.10.30.00", "boss": "2.1.13"}, catalog=catalog, attributes=RIGHT)
    assert told(found)[-1] == "install 0 idrac"
    assert rules_of(catalog, RELEASE, "r660").barriers["idrac"] == ()


def test_without_the_settings_only_firmware_is_a_matter():
    """A push of firmware alone has no settings step."""
    assert not [step for step in way_of(bios=False).steps if step.kind == "settings"]


@pytest.mark.parametrize("site", ["xe9680-spectrum-x", "xe9680-two-racks", "r760xa-converged"])
def test_the_reference_sites_take_the_fewest_restarts(site):
    """Every server of a reference site, one version behind everywhere: its restarts are the bound that all legal orders have."""
    read = loaded(site)
    for name in ("gpu01", "mgmt01"):
        what = machine(site, name)
        found = inventory(what)
        rules = rules_of(read.catalog, RELEASE, what.model)
        made = way(what, firmware_states(what, found, read.catalog), bios_state(what, found, None), read.images, rules)
        assert not made.refused
        assert made.restarts > 0
        states, settings = firmware_states(what, found, read.catalog), bios_state(what, found, None)
        items = _items(work(what, states, settings, read.images, rules), rules)
        assert bound(items)[:2] == (made.restarts, made.ac_cycles)


def test_a_rack_adds_up():
    """Restarts add up; minutes are those of the turns, in each of which one goes ahead of so many at a time."""
    one = way_of()
    other, third = (msgspec.structs.replace(one, machine=name) for name in ("gpu02", "gpu03"))
    still = msgspec.structs.replace(way_of(NEW, attributes=RIGHT), machine="gpu04")
    total = rack([[still, one, other]])
    assert (total.servers, total.restarts, total.ac_cycles, total.bmc_restarts, total.most_restarts) == (2, 4, 4, 2, 2)
    assert (total.turns, total.minutes) == (1, 2 * one.minutes)
    assert rack([[one, other, third]], at_once=20).minutes == 2 * one.minutes
    assert rack([[one], [still], [other], [third]], at_once=20).minutes == 3 * one.minutes
    assert (rack([]).turns, rack([]).minutes) == (0, 0)
