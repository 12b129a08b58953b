"""Load a site, plan it, print the startup file of every switch, check each printed tree strictly.

Arguments: the folder of the site, and the folder that the files go to.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from rackwright.nvue import schema
from rackwright.nvue.emit import dump
from rackwright.plan import workspace
from rackwright.render import switch_tree


def main(site: Path, out: Path) -> int:
    """Return 1 when a tree does not hold against the schema."""
    # As the command does (rackwright.cli.GARBAGE), which is not imported: it would load click for nothing.
    gc.set_threshold(1_000_000, 20, 20)
    plan = workspace.planned(workspace.open_site(site)).plan
    table = schema.load(plan.nos)
    wrong = 0
    for switch in plan.switches:
        tree = switch_tree(switch)
        for violation in table.check(tree, secrets="stand-in"):
            wrong += 1
            print(f"{switch.name}: {violation}", file=sys.stderr)
        (out / f"{switch.name}.yaml").write_text(dump(tree, model=switch.model, nos=switch.nos))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
