"""The `nv` command as it is typed."""

import json

import pytest

from rackwright.twin.engine.factory import factory
from rackwright.twin.engine.ranges import expanded
from rackwright.twin.engine.trees import laid_over

FILE = """
- header:
    version: Cumulus Linux 5.12.1
- set:
    interface:
      swp1-3,5:
        link:
          mtu: 9000
          state:
            up: {}
        type: swp
    evpn:
      enable: on
"""


def texts(results):
    """Return stdout of each result."""
    return [one.out for one in results]


def test_the_first_session_of_the_guide(typed):
    """set, diff, apply and show say what the guide's sessions say, exit codes included."""
    made, diff, applied, again, shown = typed(
        "nv set interface swp1 link mtu 9000",
        "nv config diff",
        "nv config apply -y",
        "nv config diff",
        "nv config show -o json",
    )
    assert made.out == "created [rev_id: 1]\n"
    assert (diff.code, diff.out) == (
        1,
        "- set:\n    interface:\n      swp1:\n        link:\n          mtu: 9000\n        type: swp\n",
    )
    assert (applied.code, applied.out) == (0, "applied_and_saved [rev_id: 1]\n")
    assert (again.code, again.out) == (0, "")
    [_, body] = json.loads(shown.out)
    assert body["set"]["interface"]["swp1"] == {"link": {"mtu": 9000}, "type": "swp"}


def test_a_file_is_read_by_yaml_1_2_and_shown_grouped(typed):
    """`on` is a text, ranges are expanded, and the show groups what is alike."""
    _, _, shown, commands = typed(
        "nv config patch new.yaml",
        "nv config apply -y",
        "nv config show",
        "nv config show -o commands",
        files={"new.yaml": FILE},
    )
    assert "      swp1-3,5:\n        link:\n          mtu: 9000\n" in shown.out
    assert "    evpn:\n      enable: on\n" in shown.out
    assert "nv set interface swp1-3,5 link mtu 9000\n" in commands.out


def test_replace_leaves_nothing_else(typed):
    """After a replace only what the file says is there, the API and the user cumulus not (NVUE-CLI, Default Startup File)."""
    _, applied, shown = typed(
        "nv config replace new.yaml", "nv config apply -y", "nv config show -o json", files={"new.yaml": FILE}
    )
    assert applied.code == 0
    tree = expanded(json.loads(shown.out)[1]["set"])
    assert set(tree) == {"interface", "evpn"}
    assert set(tree["interface"]) == {"swp1", "swp2", "swp3", "swp5"}


def test_a_wrong_file_is_refused_in_the_words_that_clients_look_for(typed):
    """A file that the schema refuses is 'Invalid config' on stderr with rc 1, and changes nothing pending."""
    wrong, diff, absent, no_yaml = typed(
        "nv config patch wrong.yaml",
        "nv config diff",
        "nv config patch nothing.yaml",
        "nv config patch broken.yaml",
        files={"wrong.yaml": "- set:\n    qos:\n      roce:\n        state: enabled\n", "broken.yaml": "- set: ["},
    )
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err.startswith("Invalid config\n  Config invalid at qos.roce.state")
    assert diff.out == ""
    assert "No such file" in absent.err
    assert (no_yaml.code, "not valid YAML" in no_yaml.err) == (1, True)


def test_an_invalid_apply_names_the_revision(typed):
    """An apply that nvued refuses says so on stderr with the revision and the reason (knowledge base, breakout syntax)."""
    result = typed(
        "nv set vrf default router bgp enable on",
        "nv set vrf default router bgp autonomous-system 65101",
        "nv config apply -y",
    )[-1]
    assert result.code == 1
    assert result.err == (
        "Invalid config [rev_id: 1]\n"
        "  Config invalid at router.bgp.enable: BGP requires router-id to be set globally or in the VRF.\n"
    )


def test_a_bare_time_is_minutes(typed):
    """`--confirm 60` is an hour, `--confirm 60s` a minute, and without a time it is ten minutes (NVUE-CLI)."""
    for option, left in (("60", "0:59"), ("60s", "0:00:5"), ("", "0:09:5"), ("2h", "1:59")):
        _, applied, status = typed(
            "nv set interface swp1 link mtu 9000",
            f"nv config apply -y --confirm {option}",
            "nv config apply --confirm-status",
            rate=100,
        )
        assert applied.out == "applied [rev_id: 1]\n"
        assert f"rollback in: {left}" in status.out


def test_confirm_yes_and_no(typed):
    """--confirm-yes keeps and saves, --confirm-no goes back at once; without a waiting apply both are errors."""
    *_, kept, startup, nothing = typed(
        "nv set interface swp1 link mtu 9000",
        "nv config apply -y --confirm 600s",
        "nv config apply --confirm-yes",
        "nv config diff startup applied",
        "nv config apply --confirm-yes",
    )
    assert kept.out == "applied_and_saved [rev_id: 1]\n"
    assert startup.code == 0
    assert (nothing.code, nothing.err) == (1, "Error: no apply waits to be confirmed\n")
    *_, refused, applied, states = typed(
        "nv set interface swp1 link mtu 9000",
        "nv config apply -y --confirm 600s",
        "nv config apply --confirm-no",
        "nv config show --applied -o json",
        "nv config revision -o json",
    )
    assert refused.out == "confirm_fail [rev_id: 1]\n"
    assert "swp1" not in applied.out
    assert json.loads(states.out)["1"]["state"] == "confirm_fail"


def test_secrets_are_never_shown(typed):
    """A hash shows as '*', another secret as $nvsec$; neither is in show, diff, startup file or translation."""
    tree = laid_over(
        factory(), {"vrf": {"default": {"router": {"bgp": {"peer-group": {"u": {"password": "hidden1"}}}}}}}
    )
    shown, commands, diff, file = typed(
        "nv config show",
        "nv config translate revision applied",
        "nv config diff empty applied",
        "cat /etc/nvue.d/startup.yaml",
        startup=tree,
    )
    for text in (shown.out, commands.out, diff.out):
        assert "hidden1" not in text
        assert "$6$" not in text
    assert "hashed-password: '*'" in shown.out
    assert "$nvsec$" in shown.out
    assert file.err == "cat: /etc/nvue.d/startup.yaml: Permission denied\n"


def test_a_masked_export_locks_out(typed):
    """What `nv config show` prints is no backup: applied as it is, its '*' opens nothing."""

    result = typed(
        "nv config show > export.yaml",
        "nv config replace export.yaml",
        "nv config diff -o commands",
        "nv config apply -y",
    )
    assert result[2].out == "nv set system aaa user cumulus hashed-password '*'\n"
    assert result[3].code == 0


def test_the_warning_is_asked(typed):
    """Without -y and without anybody to ask, a change of the hostname aborts."""
    _, declined = typed("nv set system hostname fe01", "nv config apply")
    assert declined.code == 1
    assert (
        declined.out
        == "Warning: current hostname `cumulus` will be replaced with `fe01`\nAborted apply after warnings\n"
    )


def test_show_tells_state_and_refuses_what_it_does_not_know(typed):
    """State comes from the data plane, the version from the engine; what is not there, and what no source tells, is an error."""
    system, absent, unknown, table, configured = typed(
        "nv show system -o json",
        "nv show interface swp99 -o json",
        "nv show mlag -o json",
        "nv show interface",
        "nv show system aaa user cumulus --applied -o json",
    )
    assert json.loads(system.out)["product-release"] == "5.12.1"
    assert (absent.code, absent.err) == (1, "Error: The requested item does not exist.\n")
    assert (unknown.code, "not emulated" in unknown.err) == (1, True)
    assert "not emulated" in table.err
    assert json.loads(configured.out)["hashed-password"] == "*"


def test_history_and_revisions_are_told(typed):
    """Every apply is in the history with its message; `revision` lists states."""
    *_, history, revision = typed(
        "nv set interface swp1", "nv config apply -y -m 'for the rack'", "nv config history", "nv config revision"
    )
    assert "rev_1_apply_1" in history.out
    assert "for the rack" in history.out
    assert revision.out.splitlines()[2].startswith("1                     applied_and_saved")


@pytest.mark.parametrize(
    "line",
    [
        "nv",
        "nv config",
        "nv config frobnicate",
        "nv frob",
        "nv config apply --frob",
        "nv set nothing at all",
        "nv config apply -y",
        "nv config apply 77",
    ],
)
def test_a_wrong_command_is_an_error(typed, line):
    """What `nv` does not know ends with rc 1 and a sentence."""
    [result] = typed(line)
    assert result.code == 1
    assert result.err.startswith("Error: ")


def test_detach_starts_over(typed):
    """After a detach there is nothing pending, and the number still applies."""
    *_, detached, diff, applied, shown = typed(
        "nv set interface swp1 link mtu 9000",
        "nv config detach",
        "nv config diff",
        "nv config apply 1 -y",
        "nv config show -o commands",
    )
    assert detached.out == "detached [rev_id: 1]\n"
    assert diff.out == ""
    assert applied.code == 0
    assert "mtu 9000" in shown.out


def test_apply_empty_deletes_everything(typed):
    """`nv config apply empty` leaves nothing, the user cumulus neither (RN-3875373)."""
    applied, shown = typed("nv config apply empty -y", "nv config show -o json")
    assert applied.code == 0
    assert json.loads(shown.out)[1] == {"set": {}}
