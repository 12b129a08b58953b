"""A new image over SSH: staged, activated, booted; what ZTP would do is handed on."""

import asyncio

from rackwright.twin.engine.behaviours import seconds
from rackwright.twin.engine.trees import picked
from rackwright.twin.linux import Session

STARTUP = """
- set:
    system:
      hostname: fe09
    interface:
      eth0:
        type: eth
        ip:
          vrf: mgmt
          address:
            10.10.0.11/24: {}
"""
SCRIPT = "#!/bin/bash\n# CUMULUS-AUTOPROVISIONING\nexit 0\n"


def test_an_image_is_installed_with_its_files(bench):
    """`onie-install -fa -i IMAGE -t startup.yaml -z script` and a reboot bring the version with that configuration, an empty disk, and a first boot of that script."""

    async def work(box):
        booted = asyncio.get_running_loop().create_future()

        async def first_boot(which, script):
            booted.set_result((which.name, script))

        box.first_boot = first_boot
        box.files.put("/home/cumulus/startup.yaml", STARTUP.encode(), "cumulus")
        box.files.put("/home/cumulus/ztp.sh", SCRIPT.encode(), "cumulus")
        root = Session(box, "cumulus", root=True)
        said = await root.line(
            "onie-install -fa -i http://10.0.0.1/cumulus-linux-5.12.1-mlx-amd64.bin -t startup.yaml -z ztp.sh"
        )
        await root.line("reboot")
        was = box.switch.boot_id
        name, script = await booted
        listed = await Session(box, "cumulus").line("ls")
        return said, box.switch, was, name, script, listed

    said, switch, was, name, script, listed = bench(work, rate=5000)
    assert said.out.endswith("Activating staged installer...done.\nReboot required to take effect.\n")
    assert (name, script) == ("fe01", SCRIPT)
    assert switch.boot_id != was
    assert (switch.who.nos, picked(switch.applied, ("system", "hostname"))) == ("5.12.1", "fe09")
    assert not switch.accounts.has("cumulus")
    assert listed.out == ""
    assert switch.now >= seconds("shutdown") + seconds("install") + seconds("boot-nvued")


def test_what_cannot_be_installed_is_refused(bench):
    """No image, one whose name tells no version, a file that is not there and one that 5.12 refuses are no installation."""

    async def work(box):
        box.files.put("/home/cumulus/bad.yaml", b"- set:\n    evpn:\n      state: enabled\n", "cumulus")
        options = (
            "-a",
            "-fa -i image.bin",
            "-fa -i x-5.14.0.bin -t no.yaml",
            "-fa -i x-5.14.0.bin -t bad.yaml",
            "-a -i x-5.14.0.bin",
        )
        session = Session(box, "cumulus", root=True)
        codes = [(await session.line(f"onie-install {words}")).code for words in options]
        return codes, box.switch.image_staged

    assert bench(work) == ([1, 1, 1, 1, 1], None)


def test_old_uploads_are_swept(bench):
    """`find … -mmin +60 -delete` removes what is older than an hour, and only what is named so."""

    async def work(box):
        session = Session(box, "cumulus")
        for name in (".rackwright-a.yaml", "mine.yaml"):
            box.files.put(f"/home/cumulus/{name}", b"", "cumulus")
        sweep = "find . -maxdepth 1 -name '.rackwright-*.yaml' -mmin +60 -delete"
        first = await session.line(sweep)
        there = list(box.files.names("/home/cumulus"))
        await box.sleep(3700)
        await session.line(sweep)
        return first.code, there, list(box.files.names("/home/cumulus"))

    code, there, left = bench(work, rate=40_000)
    assert (code, there, left) == (0, [".rackwright-a.yaml", "mine.yaml"], ["mine.yaml"])
