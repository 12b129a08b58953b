"""What an emulated host does, each row with where it is known from; ``[assumed]``: no source at hand settles it."""

from __future__ import annotations

from typing import Final

from rackwright.twin.bmc.machine.behaviours import Behaviour

__all__ = ["BEHAVIOURS"]


BEHAVIOURS: Final = (
    Behaviour("host-power", "power, POST and boot are those of the BMC's server; SSH is refused while no system runs", "redfish.md 2.2"),
    Behaviour(
        "host-restart", "a restart stops services for 40 s, then resets the server; every boot has another boot id",
        "Linux, random(4): boot_id; time [assumed]",
    ),
    Behaviour("host-kernel", "the newest kernel that is installed runs after the next boot, with the boot loader's command line of then", "host-stack.md 3 (Kernel)"),
    Behaviour(
        "host-dkms", "DKMS builds OFED's and the driver's modules for kernels whose headers are installed, the running and the next one",
        "dkms, dkms.in (autoinstall)",
    ),
    Behaviour("host-driver", "a GPU driver is loaded at boot; another version that is installed makes nvidia-smi fail until then", "host-stack.md 3; NVML"),
    Behaviour("host-peermem", "nvidia-peermem finds its symbols only with the driver and OFED loaded", "host-stack.md 3 (RDMA)"),
    Behaviour("host-fabric", "Fabric Manager brings the NVLink fabric up when it is of the loaded driver's version", "host-stack.md 3 (FM)"),
    Behaviour(
        "host-card", "firmware and parameters of a BlueField are live after a cold boot, parameters also after mlxfwreset",
        "Mellanox/dpu-update pull request 97; host-stack.md 2",
    ),
    Behaviour("host-images", "every firmware image of an adapter lies in /var/lib/rackwright/firmware, whether or not the site names one", "[assumed]: a real host has what it was brought"),
    Behaviour("host-delivered", "a BlueField comes in DPU mode, without virtual functions and programmable congestion control", "NVIDIA BlueField modes of operation; values [assumed]"),
    Behaviour("host-runtime", "trust, PFC and type of service are lost at a boot and told anew by rackwright-bluefield", "playbooks, role bluefield_runtime"),
    Behaviour("host-one-chip", "the firmware of an adapter, and which GPUs there are, is one for host, iDRAC and the card's BMC", "[assumed]: it is one chip"),
    Behaviour("host-apt", "apt installs the version that is named, else the one that a preference pins, else its own", "apt_preferences(5); versions that no source gives [assumed]"),
    Behaviour("host-names", "an interface has the name that netplan gives its MAC address, else a predictable one", "netplan, match and set-name; systemd.net-naming-scheme(7)"),
    Behaviour("host-links", "link, speed and LLDP neighbours of a port are what the computed fabric gives its cable", "the twin's data plane"),
    Behaviour("host-seed", "an installer finds its seed by the kernel's command line, with the service tag in its place", "cloud-init, NoCloud (line configuration)"),
    Behaviour("host-progress", "an installer tells each step once, start and finish, and forgets what is not taken", "host-stack.md 1 (Reporting); captured dry runs of subiquity"),
    Behaviour("host-failed", "an installer that failed stays where it is until its server is reset", "host-stack.md 1 (Failure shapes)"),
    Behaviour("host-disk", "a disk that no drive's model matches ends the installation", "captured dry run of subiquity (Filesystem)"),
    Behaviour("host-slots", "PCI addresses are made up by rule, BlueFields and GPUs beside each other", "[assumed]"),
    Behaviour("host-key", "a host keeps its SSH host key over an installation", "[assumed]: a real one has a new key"),
    Behaviour("host-reach", "a host answers whatever the switches between do", "[assumed]: a real one is reached over them"),
)  # fmt: skip
"""All of them."""
