"""The table of restarts in docs/firmware.md is what the planner, a naive tool and the judge of all orders give."""

import re
from pathlib import Path

import pytest

from rackwright.diff.bmc import bios_state, firmware_states
from rackwright.push.bmc.way import _items, rules_of, way
from rackwright.push.bmc.work import work
from tests.machines import OLD, image, inventory, loaded, machine
from tests.way_judge import bound

PAGE = Path(__file__).resolve().parents[3] / "docs" / "firmware.md"
RIGHT = {"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"}
NEW = {"idrac": "7.20.60.50", "bios": "2.7.4", "cpld": "1.6.0", "boss": "2.1.14.1", "gpu-baseboard": "1.6.0",
       "cx6dx-firmware": "22.44.1036", "lom-firmware": "22.91.5", "backplane": "3.70", "diagnostics": "4301A80"}  # fmt: skip
SITE = {
    "xe9680": ("xe9680-spectrum-x", "gpu01"),
    "r760xa": ("r760xa-converged", "gpu01"),
    "r660": ("xe9680-spectrum-x", "mgmt01"),
}
CASES = [
    ("XE9680: iDRAC and diagnostics", "xe9680", ["idrac", "diagnostics"], False, ()),
    ("XE9680: BIOS settings alone", "xe9680", [], True, ()),
    ("XE9680: iDRAC, BIOS, its settings", "xe9680", ["idrac", "bios"], True, ()),
    ("XE9680: the same, the image changes a wanted attribute", "xe9680", ["idrac", "bios"], True, ("SriovGlobalEnable",)),
    ("XE9680: iDRAC, BIOS, BOSS, backplane, LOM, settings", "xe9680", ["idrac", "bios", "boss", "backplane", "lom-firmware"], True, ()),
    ("XE9680: the same and the GPU baseboard", "xe9680", ["idrac", "bios", "boss", "backplane", "lom-firmware", "gpu-baseboard"], True, ()),
    ("XE9680: the same and the CPLD", "xe9680", ["idrac", "bios", "boss", "backplane", "lom-firmware", "gpu-baseboard", "cpld"], True, ()),
    ("R760xa: iDRAC, BIOS, CPLD, BOSS, settings", "r760xa", ["idrac", "bios", "cpld", "boss"], True, ()),
    ("R660: iDRAC, BIOS, CPLD, BOSS, ConnectX-6 Dx, LOM, settings", "r660", ["idrac", "bios", "cpld", "boss", "cx6dx-firmware", "lom-firmware"], True, ()),
]  # fmt: skip


def figures(model, keys, settings, changes):
    """Return (naive restarts, ours, our AC cycles, the bound) of one case."""
    site, name = SITE[model]
    read = loaded(site)
    what = machine(site, name, firmware={"versions": {key: NEW[key] for key in keys}})
    told = inventory(what, OLD, attributes={} if settings else RIGHT)
    rules = rules_of(read.catalog, "dell-nvidia-1.3", what.model)
    images = [image(key, NEW[key], changes=changes if key == "bios" else None) for key in keys]
    given = what, firmware_states(what, told, read.catalog), bios_state(what, told, None), images, rules
    made = way(*given)
    assert made.refused == ()
    naive = sum(step.kind in ("stage", "settings") for step in made.steps)
    least = bound(_items(work(*given), rules))
    assert made.ac_cycles == least[1]
    return naive, made.restarts, made.ac_cycles, least[0]


def table():
    """Return the table as the page should hold it."""
    lines = [
        "| what is behind | naive tool | Rackwright | of them AC cycles | least possible |",
        "|---|---|---|---|---|",
    ]
    for name, *case in CASES:
        naive, ours, cycles, least = figures(*case)
        lines.append(f"| {name} | {naive} | {ours} | {cycles} | {least} |")
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_ours_is_the_bound_in_every_case_of_the_table(case):
    """No legal order restarts the host less often than ours."""
    _, ours, _, least = figures(*case[1:])
    assert ours == least


def test_the_table_of_the_page_is_current():
    """docs/firmware.md shows the figures that the code gives; the failure prints the table as it should be."""
    found = re.search(r"\| what is behind .*?(?=\n\n)", PAGE.read_text(), flags=re.DOTALL)
    assert found is not None
    assert found.group() == table(), "\n" + table()
