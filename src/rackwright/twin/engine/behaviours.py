"""What the twin does that is not plain from the schema, each with where it is known from.

``[assumed]`` marks what no source at hand settles; ``docs/reference/twin.md`` prints the table, so that nobody takes a guess for a fact.
Tags of sources are those of the 5.12 user guide's pages and of NVIDIA's release notes (RN).
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["ASSUMED", "BEHAVIOURS", "TIMES", "Behaviour", "Time", "seconds"]

ASSUMED: Final = "[assumed]"


class Behaviour(NamedTuple):
    """One thing that the twin does."""

    id: str
    what: str
    source: str


class Time(NamedTuple):
    """How long something takes on the twin's clock."""

    id: str
    seconds: float
    what: str
    source: str


TIMES: Final[tuple[Time, ...]] = (
    Time("shutdown", 10, "from 'reboot' until nothing answers any more is at once; power is off this long", ASSUMED),
    Time("boot-ssh", 60, "from power on until SSH answers", ASSUMED),
    Time("boot-nvued", 90, "from power on until nvued answers; it is late after a boot", "netlab #231; the figure [assumed]"),
    Time("nvued-restart", 15, "from a crash of nvued until systemd has it back", ASSUMED),
    Time("apply", 4, "an apply that restarts nothing", ASSUMED),
    Time("apply-switchd", 20, "added when switchd restarts", ASSUMED),
    Time("apply-frr", 5, "added when FRR restarts", ASSUMED),
    Time("apply-networking", 3, "added when eth0 or the mgmt VRF is set anew", ASSUMED),
    Time("install", 420, "ONIE writes the image, between two boots", ASSUMED),
    Time("confirm", 600, "to confirm an apply when no time is given", "Config-Commands, nv config apply --confirm: ten minutes"),
    Time("prompt", 60, "until an unanswered warning ends as ays_fail", "NVUE-API, client_timeout; the figure [assumed]"),
    Time("dhcp-lease", 86400, "after which a former DHCP lease takes a static eth0 address away", "RN-4377862; the figure [assumed]"),
)  # fmt: skip

_BY_ID: Final = {time.id: time.seconds for time in TIMES}


def seconds(name: str) -> float:
    """Return how long something takes, in s of the twin's clock."""
    return _BY_ID[name]


_REST = "NVUE-API"
_CLI = "NVUE-CLI"
_REF = "Config-Commands"

BEHAVIOURS: Final[tuple[Behaviour, ...]] = (
    Behaviour("autosave", "an apply is saved at once unless system.config.auto-save.state is disabled", f"{_CLI}, Auto Save"),
    Behaviour("detach", "nv config detach leaves the edits under a number and starts over", f"{_CLI}, Detach a Pending Configuration"),
    Behaviour("snapshot", "a revision is the applied tree when it was begun plus its edits; applying it applies the whole", ASSUMED),
    Behaviour("writers", "each CLI user has one pending revision, each REST revision is one of its own", f"{_REST}: POST /revision; per user [assumed]"),
    Behaviour("strict", "an unknown path or value is refused when it is patched: HTTP 400, 'Invalid config'", f"{_REST}, Supported HTTP Methods; nvue.md 4.1"),
    Behaviour("error-body", "a refused patch names error and instanceLocation below validation.selected_errors", "nv-config-manager, format_nvue_error"),
    Behaviour("dangling", "configuration of ports that the switch has not is accepted in silence", "RN-4309876"),
    Behaviour("busy", "one apply at a time: another is refused while one runs or waits to be confirmed", ASSUMED),
    Behaviour("confirm-state", "a confirmed apply begun with auto-prompt confirm_yes waits as 'ays', any other as 'confirm'",
              "nv-config-manager waits for 'ays'; a NAPALM fork and gpncfg look for 'confirm'"),
    Behaviour("confirm-answer", "it is confirmed by a second PATCH of state apply or confirm_yes, refused by confirm_no or confirm_fail",
              "nv-config-manager _confirm_apply; gpncfg"),
    Behaviour("confirm-clock", "the time to confirm runs from when the change is in force", ASSUMED),
    Behaviour("confirm-save", "what waits to be confirmed is not saved; a reboot before that comes up as before", ASSUMED),
    Behaviour("confirm-nvued", "a rollback that fell due while nvued was dead is done when it is back", ASSUMED),
    Behaviour("rollback", "an unconfirmed apply goes back by itself and ends as confirm_fail", f"{_REF}, --confirm; the state's name: nvue.md 4.1"),
    Behaviour("ays", "a change of hostname asks 'Are you sure?'; unanswered it ends as ays_fail", f"{_REST}, Configuration Apply Fails with Warnings; the warning: public NVUE 5.16 session notes"),
    Behaviour("ids", "revision ids count up from 1 over all writers", f"{_REST}; {_REF}, nv config revision"),
    Behaviour("reboot-revisions", "revisions and their edits are lost with a reboot, ids go on counting", ASSUMED),
    Behaviour("boot-config", "a boot applies /etc/nvue.d/startup.yaml", f"{_CLI}, NVUE Configuration File"),
    Behaviour("regroup", "nv config show factors out what keys have alike; nv config diff does too", f"{_REF}, example of nv config show; NVIDIA ERA exports"),
    Behaviour("bare-on", "on and off and MAC addresses are written without quotes", "NVIDIA ERA exports; nvue.md 6, pitfall 1"),
    Behaviour("masked", "hashed-password shows as '*', other secrets as $nvsec$ and a text of this switch", f"nvue.md 4.2; {_CLI}, Encrypted Passwords"),
    Behaviour("star-hash", "a '*' applied as hashed-password is taken literally: that password opens nothing", ASSUMED),
    Behaviour("rest-hash", "a hashed-password patched over REST is stored broken: that user cannot log in by password", "RN-3341214"),
    Behaviour("default-password", "REST answers 403 while the password is the factory's", f"{_REST}, Use the API"),
    Behaviour("first-login", "SSH with the factory password asks for a new one and disconnects; without a terminal it refuses",
              "Quick-Start-Guide, Login Credentials; the words of Linux-PAM"),
    Behaviour("no-cumulus", "a configuration without the user cumulus deletes the account", f"{_CLI}, Default Startup File; RN-3875373"),
    Behaviour("management", "management is lost when eth0 leaves the mgmt VRF or has neither its planned address nor DHCP", "nvue.md 8.39; the rule [assumed]"),
    Behaviour("lease", "eth0 made static keeps its DHCP lease until 'dhclient -r', and loses its address when the lease ends", "RN-4377862"),
    Behaviour("unset-down", "nv unset interface X leaves the port down", "RN-4030380"),
    Behaviour("filled", "filled=true is refused: the twin does not know NVUE's defaults", "refused"),
    Behaviour("diff-rest", "GET rev=A&diff=B shows what A has otherwise than B, and null where only B has something",
              "nv-config-manager _get_diff and _flatten"),
    Behaviour("diff-rc", "nv config diff ends with 1 when there is a difference", "githedgehog/fabric, nvue.md 4.2"),
    Behaviour("invalid-stream", "'Invalid config' goes to stderr, with rc 1", "netlab, nvue.md 4.2"),
    Behaviour("cli-words", "updated [rev_id: N] for further edits, detached [rev_id: N], the lines of --confirm-status", ASSUMED),
    Behaviour("revision-json", "nv config revision -o json maps ids to their state", "a NAPALM fork for NVUE"),
    Behaviour("half-applied", "a crash of nvued or a reboot in an apply leaves what was before, or what was asked, never a mixture", ASSUMED),
    Behaviour("full-disk", "with a full disk nothing is staged, uploaded or saved; an apply in hand ends as applied, unsaved", ASSUMED),
    Behaviour("nvued-down", "without nvued, nv says 'Could not connect to nvued' and the API's proxy answers 502", f"networkop/cx #9; {_REST}: an HTTP reverse proxy stands before nvued; the code [assumed]"),
    Behaviour("lost-is-refused", "where management is lost connections are refused, not silent, so that tests are quick; 'stall' at connect is silent", "the twin's choice"),
    Behaviour("console-key", "the twin operator's key opens user cumulus always: it stands for the console", "the twin's choice"),
    Behaviour("onie", "onie-install -fa -i IMAGE [-t startup.yaml] [-z script] and a reboot install anew: factory or staged configuration, empty disk", "Installing-a-New-Cumulus-Linux-Image-with-ONIE"),
)  # fmt: skip
