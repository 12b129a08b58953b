"""Evidence of hosts: asked in a session, read from folders, without secrets; benchmarks, bundles and both ends of cables."""

from __future__ import annotations

import base64
import gzip
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from rackwright import audit
from rackwright.audit import hosts
from rackwright.audit.cabling import Port, Sight
from rackwright.audit.evidence import Answer, Evidence
from rackwright.audit.hosts import bundle, running
from rackwright.audit.hosts import questions as asked
from rackwright.audit.hosts.secrets import scrubbed
from rackwright.drivers.hosts.model import Said
from rackwright.errors import DeviceTimeout, LostMidCommand
from tests.unit.audit_hosts import healthy_host as healthy
from tests.unit.audit_hosts.healthy_host import rack
from tests.unit.audit_hosts.test_host_parsers import NCCL, WRITE


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


class Shell:
    """A host that prints what it is told to; records who asked for root."""

    def __init__(self, said: dict[str, str | Exception | tuple[int, str, str]]) -> None:
        self.said = said
        self.calls: list[tuple[str, bool]] = []

    def run(self, command: Sequence[str], *, sudo: bool = False, limit_s: float = 0) -> Said:
        """Run one program."""
        import shlex

        text = shlex.join(command)
        self.calls.append((text, sudo))
        told = self.said.get(text, (127, "", f"sh: {command[0]}: command not found"))
        if isinstance(told, Exception):
            raise told
        status, out, err = (0, told, "") if isinstance(told, str) else told
        return Said(tuple(command), status, out, err)

    def close(self) -> None:
        """End the session."""


def collected(said: dict, name: str = "gpu01") -> tuple[Evidence, Shell]:
    """Ask a host that prints something."""
    made, shell = rack("xe9680-spectrum-x", name), Shell(said)
    return hosts.collect(
        shell, made.wanted[name], made.catalog, clock=Clock(), taken="2026-01-08T10:00:00+00:00"
    ), shell


def test_a_session_and_files_are_judged_alike(tmp_path: Path) -> None:
    """What is told over SSH, kept, or lies in files by command gives another verdict."""
    made = rack("xe9680-spectrum-x", "gpu01")
    told = made.said["gpu01"]
    evidence, _ = collected(dict(told))
    audit.write(tmp_path / hosts.FOLDER, [evidence])
    kept = audit.read(tmp_path / hosts.FOLDER, ["gpu01"])["gpu01"]
    for question, text in told.items():
        (tmp_path / f"{hosts.file_name(question)}.txt").write_text(text)
    files = hosts.read_folder(tmp_path, made.wanted["gpu01"], made.catalog)
    verdicts = [
        [
            (one.id, one.status, one.message)
            for one in hosts.judge(made.wanted, {"gpu01": some}, made.plan, made.catalog, names=["gpu01"])
        ]
        for some in (evidence, kept, files)
    ]
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert not [one for one in verdicts[0] if one[1] in {"fail", "error"}]


def test_what_users_type_instead_is_read_too(tmp_path: Path) -> None:
    """Outputs of the same commands in other forms, as sosreport and people take them, are not found."""
    made = rack("xe9680-spectrum-x", "gpu01")
    told = dict(made.said["gpu01"])
    names = {
        asked.LSPCI: "lspci_-nnvv", asked.LLDP: "lldpctl_-f_json0", asked.PACKAGES: "dpkg_-l", asked.DMESG: "dmesg_-T",
        "mlxlink -d 0000:1a:00.0 -m -c -e --json": "mlxlink_-d_mlx5_0_-m_-c_-e_--json", "flint -d 0000:2a:00.0 q": "flint_-d_2a_00.0_q",
    }  # fmt: skip
    (tmp_path / "sos_commands/x").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(told.pop("cat /etc/os-release"))
    for question, text in told.items():
        (tmp_path / "sos_commands/x" / names.get(question, hosts.file_name(question))).write_text(text)
    files = hosts.read_folder(tmp_path, made.wanted["gpu01"], made.catalog)
    found = hosts.judge(made.wanted, {"gpu01": files}, made.plan, made.catalog, names=["gpu01"])
    assert not [str(one) for one in found if one.status in {"fail", "error"}]


def test_a_folder_says_which_file_is_missing(tmp_path: Path) -> None:
    """A command without a file passes, or the error does not name the file that would tell it."""
    made = rack("xe9680-spectrum-x", "gpu01")
    (tmp_path / "uname_-r").write_text(healthy.KERNEL)
    assert hosts.is_collected(tmp_path)
    assert not hosts.is_collected(tmp_path / "absent")
    files = hosts.read_folder(tmp_path, made.wanted["gpu01"], made.catalog)
    found = hosts.judge(made.wanted, {"gpu01": files}, made.plan, made.catalog, names=["gpu01"])
    assert not [one for one in found if one.status == "fail"]
    assert any("there is no file lldpctl_-f_json" in one.message for one in found)


def test_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    """A folder that somebody sent makes us read a file of this machine."""
    (tmp_path / "secret").write_text("6.8.0-57-generic")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/uname_-r").symlink_to(tmp_path / "secret")
    made = rack("xe9680-spectrum-x", "gpu01")
    files = hosts.read_folder(tmp_path / "taken", made.wanted["gpu01"], made.catalog)
    assert files.by_question()[asked.UNAME].error


def test_root_is_asked_for_only_where_it_tells_more() -> None:
    """A command that needs root is run without it, or everything is run as root."""
    _, shell = collected(dict(rack("xe9680-spectrum-x", "gpu01").said["gpu01"]))
    root = {text.split()[0] for text, sudo in shell.calls if sudo}
    plain = {text.split()[0] for text, sudo in shell.calls if not sudo}
    assert {"flint", "mlxconfig", "mlxlink", "lspci", "dmesg", "lldpctl"} <= root
    assert {"uname", "ip", "nvidia-smi", "hostname"} <= plain
    assert len(shell.calls) == len(set(shell.calls))


def test_a_program_that_fails_is_no_answer() -> None:
    """What a program printed before it failed is believed; or the state of a unit, which is told by a status, is not."""
    said = {
        "uname -r": (1, "6.8.0-57-generic\n", "boom"),
        asked.FABRIC_UNIT: (3, "inactive\n", ""),
        asked.NVIDIA_SMI: (9, "NVIDIA-SMI has failed\n", ""),
    }
    answers = collected(said)[0].by_question()
    assert "boom" in answers[asked.UNAME].error
    assert answers[asked.FABRIC_UNIT].value == "inactive\n"
    assert "NVIDIA-SMI has failed" in answers[asked.NVIDIA_SMI].error


def test_a_lost_session_ends_the_questions() -> None:
    """After a session is lost commands are sent on, or what was told before is lost too."""
    said = {
        asked.HOSTNAME: "gpu01\n",
        asked.UNAME: LostMidCommand("the connection broke", device="gpu01"),
        asked.SERIAL: DeviceTimeout("no answer in 60 s", device="gpu01"),
    }
    evidence, shell = collected(said)
    answers = evidence.by_question()
    assert answers[asked.HOSTNAME].value == "gpu01\n"
    assert "60 s" in answers[asked.SERIAL].error
    assert answers[asked.LSMOD].error == "the connection broke"
    assert [text for text, _ in shell.calls] == [asked.HOSTNAME, asked.SERIAL, asked.UNAME]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARYabc\n-----END OPENSSH PRIVATE KEY-----", "root:$6$salt$CANARYhash:19000:0:", "password: CANARYword", 'API_TOKEN="CANARY-1"',
        "https://user:CANARY@mirror.example.net/repo", "Authorization: Bearer CANARY.x.y", "snmp community=CANARY",
        "-----BEGIN RSA PRIVATE KEY-----\nCANARY cut off",
        "PASSWORD=CANARY", "TO\u212aEN=CANARY", "\u017fecret: CANARY", "author\u0131zation: bearer CANARY",
    ],
)  # fmt: skip
def test_no_secret_is_kept(text: str) -> None:
    """A secret that a log or a file holds is in the evidence."""
    assert "CANARY" not in scrubbed(f"before\n{text}\n")
    evidence, _ = collected({asked.DMESG: f"[ 1.0] {text}\n"})
    assert "CANARY" not in str(evidence)


def test_a_command_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand hosts are asked alike; what is done with the words of one question does not reach the next."""
    split, texts = shlex.split, []
    monkeypatch.setattr(shlex, "split", lambda text: texts.append(text) or split(text))
    words = asked.Question("lspci 'of this' test").command
    words.append("more")
    again = asked.Question("lspci 'of this' test")
    assert (again.command, again.root, again.limit_s) == (["lspci", "of this", "test"], True, 120)
    assert texts == ["lspci 'of this' test"]


# --- both ends of cables -------------------------------------------------------------------------


def _crossed():
    made = rack("xe9680-spectrum-x", "gpu01", "gpu02")
    ports = {port.interface: (port.peer, port.peer_port) for port in made.wanted["gpu01"].ports}
    ports["rail1"], ports["rail3"] = ports["rail3"], ports["rail1"]
    made.said["gpu01"][asked.LLDP] = healthy.lldp(ports)
    return made


def test_the_switches_end_is_laid_beside_the_hosts() -> None:
    """What the switch sees of the same cable contradicts the host, and a verdict is made all the same."""
    made = rack("xe9680-spectrum-x", "gpu01")
    first = made.wanted["gpu01"].ports[0]
    other = made.wanted["gpu02"].ports[0]
    switches = {
        Port(first.peer, first.peer_port): Sight(True, (Port("gpu02", other.port),)),
        Port(other.peer, other.peer_port): Sight(True, (Port("gpu01", first.port),)),
    }
    found = [one for one in made.judged("HOST-CABLING", switches=switches) if one.check == "HOST-CABLING"]
    assert {one.status for one in found} >= {"error"}
    assert any("sees" in one.message and "is at" in one.message for one in found)


def test_a_wrong_cable_is_told_once() -> None:
    """With switches in the same look a cable is told by both audits; or by none."""
    made = _crossed()
    look = hosts.HostLook(made.wanted, made.evidence(), made.plan, made.catalog, names=frozenset(made.said))
    seen = hosts.host_sights(made.plan, look)
    assert seen[Port("gpu01", "b3140h-1")].neighbours == (
        Port(made.wanted["gpu01"].ports[2].peer, made.wanted["gpu01"].ports[2].peer_port),
    )
    switch = made.wanted["gpu01"].ports[0].peer
    reads = Evidence(switch, answers=(Answer("nv show interface", {"swp64": {"link": {"oper-status": "down"}}}),))
    told = audit.judge(
        made.plan, {switch: reads}, catalog=made.catalog, names=[switch], checks=["LINK-CABLING"], hosts=seen
    )
    assert [one.check for one in told if one.status == "fail"] == ["LINK-CABLING"]
    alone = [one for one in made.judged("HOST-CABLING") if one.status == "fail"]
    assert len(alone) == 1
    assert "swp1s0 and swp2s0 are exchanged" in alone[0].message
    saw = audit.switch_sights(made.plan, {switch: reads}, made.catalog)
    quiet = hosts.judge(
        made.wanted,
        made.evidence(),
        made.plan,
        made.catalog,
        names=made.said,
        checks=["HOST-CABLING"],
        switches=saw,
        told_by_switches=True,
    )
    assert not [one for one in quiet if one.status == "fail"]
    assert any("LINK-CABLING tells them" in one.message for one in quiet if one.status == "skipped")


# --- benchmarks ----------------------------------------------------------------------------------


def bench(question: str, text: str, check: str) -> list[tuple[str, str, str]]:
    """Judge the output of a benchmark."""
    made = rack("xe9680-spectrum-x", "gpu01")
    made.said["gpu01"][question] = text
    return [(one.status, one.severity, one.message) for one in made.judged(check) if one.check == check]


ONE_NODE = NCCL.replace("gpu02", "gpu01").replace("#  Rank  1", "".join(f"#  Rank  {at} Group  0 Pid  1 on      gpu01 device  {at} [0000:3b:00] NVIDIA H200\n" for at in range(2, 8)) + "#  Rank  1").replace("475.03      2", "475.03      0")  # fmt: skip


@pytest.mark.parametrize(
    ("question", "text", "check", "status", "words"),
    [
        ("ib_write_bw -d mlx5_2 10.0.0.1", WRITE, "BENCH-RDMA", "pass", "1 result"),
        ("ib_write_bw -d mlx5_2 10.0.0.1", WRITE.replace("391.73", "340.10"), "BENCH-RDMA", "fail", "340.1 Gb/s, and 360 is the least"),
        ("ib_write_bw", "Unable to init the socket connection\n", "BENCH-RDMA", "error", "tells no result"),
        ("all_reduce_perf -g 8", ONE_NODE, "BENCH-NCCL", "pass", "1 result"),
        ("all_reduce_perf -g 8", ONE_NODE.replace("475.03", "401.00").replace("474.63", "400.00"), "BENCH-NCCL", "fail", "401 GB/s, and 431 is the least"),
        ("all_reduce_perf -g 8", ONE_NODE.replace("475.03      0", "475.03      3"), "BENCH-NCCL", "fail", "3 values came out wrong"),
        ("all_reduce_perf -g 8", ONE_NODE.replace("17179869184 ", "134217728 "), "BENCH-NCCL", "skipped", "no threshold of the catalog fits"),
        ("dcgmi diag -r 2 -j", '{"DCGM Diagnostic": {"test_categories": [{"tests": [{"name": "memory", "results": [{"status": "Pass"}]}]}]}}', "BENCH-DCGM", "pass", "1 test"),
        ("dcgmi diag -r 2 -j", '{"DCGM Diagnostic": {"test_categories": [{"tests": [{"name": "memory", "results": [{"status": "Fail", "warnings": [{"warning": "bad"}]}]}]}]}}', "BENCH-DCGM", "fail", "memory: Fail: bad"),
        ("dcgmi diag -r 2 -j", '{"DCGM Diagnostic": {"test_categories": [{"tests": [{"name": "memory", "results": [{"status": "Skip"}]}]}]}}', "BENCH-DCGM", "error", "skipped every test"),
        ("dcgmi diag -r 2 -j", '{"DCGM Diagnostic": {"test_categories": []}}', "BENCH-DCGM", "error", "tells no result"),
        ("nvbandwidth -j", '{"nvbandwidth": {"testcases": [{"name": "host_to_device_memcpy_ce", "status": "Passed", "bandwidth_matrix": [["55.3", "55.0"]]}]}}', "BENCH-COPY", "pass", "1 result"),
        ("nvbandwidth -j", '{"nvbandwidth": {"testcases": [{"name": "device_to_host_memcpy_ce", "status": "Passed", "bandwidth_matrix": [["55.3", "24.0"]]}]}}', "BENCH-COPY", "fail", "24 GB/s, and 48 is the least"),
        ("nvbandwidth -j", '{"nvbandwidth": {"testcases": [{"name": "device_to_device_memcpy_read_ce", "status": "Error"}]}}', "BENCH-COPY", "error", "Error"),
    ],
)  # fmt: skip
def test_a_benchmark_is_judged_by_its_threshold(question: str, text: str, check: str, status: str, words: str) -> None:
    """A figure below its threshold passes, one above fails, or what tells nothing is not told."""
    found = bench(question, text, check)
    assert any(one[0] == status and words in one[2] for one in found), found
    if status != "pass":
        assert not [one for one in found if one[0] == "pass"]


def test_a_site_lays_its_own_figure_over_one(tmp_path: Path) -> None:
    """A threshold of the site's own catalog file does not count."""
    from rackwright import catalog as catalogs

    own = tmp_path / "own.yaml"
    own.write_text("thresholds:\n  rdma-write-h200: {like: rdma-write-h200, least: 395}\n")
    made = rack("xe9680-spectrum-x", "gpu01")
    made.said["gpu01"]["ib_write_bw -d mlx5_2"] = WRITE
    found = hosts.judge(
        made.wanted, made.evidence(), made.plan, catalogs.load([own]), names=["gpu01"], checks=["BENCH-RDMA"]
    )
    assert [one.expected for one in found if one.status == "fail"] == ["at least 395 Gb/s"]


def test_pairs_go_through_one_leaf_and_no_host_is_in_two_at_once() -> None:
    """ib_write_bw measures a spine, a host sends and receives in two pairs at once, or one is left out."""
    made = rack("xe9680-spectrum-x", "gpu01", "gpu02", "gpu03")
    rounds = running.pairs(made.wanted, made.evidence(), list(made.said))
    met = [{name for pair in some for name in (pair.one, pair.two)} for some in rounds]
    assert {name for some in met for name in some} == set(made.said)
    for some in rounds:
        names = [name for pair in some for name in (pair.one, pair.two)]
        assert len(names) == len(set(names))
        for lane in (lane for pair in some for lane in pair.lanes):
            peers = {
                next(port.peer for port in made.wanted[name].ports if port.rail == lane.rail)
                for name in (lane.sender, lane.receiver)
            }
            assert len(peers) == 1
            assert lane.sender_device != ""
    assert len(rounds[0][0].lanes) == 16
    assert running.minutes(made.wanted, list(made.said), rounds, 2) > 5


def test_benchmarks_run_and_are_judged() -> None:
    """A run of a pair is not heard, or a receiver that does not listen is taken for a result."""
    made = rack("xe9680-spectrum-x", "gpu01", "gpu02")
    (pair,) = running.pairs(made.wanted, made.evidence(), list(made.said))[0]
    sessions = {name: Shell({}) for name in (pair.one, pair.two)}
    import shlex

    for lane in pair.lanes:
        sessions[lane.receiver].said[shlex.join(lane.listening)] = ""
        sessions[lane.sender].said[shlex.join(lane.sending)] = WRITE.replace("mlx5_2", lane.sender_device)
    lost = pair.lanes[3]
    sessions[lost.receiver].said[shlex.join(lost.listening)] = DeviceTimeout("no answer", device=lost.receiver)
    answers = running.run_pair(sessions, pair, Clock())
    assert sum(len(some) for some in answers.values()) == 16
    failed = [one for some in answers.values() for one in some if one.error]
    assert len(failed) == 1
    made.said[lost.sender] |= {one.question: one.value for one in answers[lost.sender] if not one.error}
    found = [one for one in made.judged("BENCH-RDMA") if one.subject == lost.sender and one.check == "BENCH-RDMA"]
    assert [one.message for one in found if one.status == "pass"] == ["7 results as planned"]
    said = {"dcgmi diag -r 2 -j": (226, '{"DCGM Diagnostic": {}}', ""), "nvbandwidth -j": (1, "", "no CUDA")}
    dcgmi, nccl, copies = running.run_alone(Shell(said), made.wanted["gpu01"], 2, Clock())
    assert (dcgmi.value, bool(nccl.error), "no CUDA" in copies.error) == ('{"DCGM Diagnostic": {}}', True, True)


# --- support bundle ------------------------------------------------------------------------------


def test_a_bundle_is_fetched_for_its_owner_alone_and_without_secrets(tmp_path: Path) -> None:
    """A bundle holds a secret, is readable by others, leaves its folder on the host, or misses NVIDIA's report."""
    place = "/tmp/rackwright-report.Ab12"
    report = base64.b64encode(gzip.compress(b"nvidia report\npassword=CANARY\n")).decode()
    shell = Shell(
        {
            "dmesg -T": "[Thu] NVRM: Xid\n", "lsmod": "Module Size\ntoken: CANARY\n", "mktemp -d /tmp/rackwright-report.XXXXXX": f"{place}\n",
            f"base64 -w0 {place}/report.log.gz": report, f"rm -rf -- {place}": "",
        }
    )  # fmt: skip
    names = bundle.fetch(shell, tmp_path / "gpu01.bundle", gpus=True)
    assert {"dmesg_-T", "lsmod", "nvidia-bug-report.log", "missing"} == set(names)
    for path in (tmp_path / "gpu01.bundle").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "CANARY" not in path.read_text()
    assert "nvidia report" in (tmp_path / "gpu01.bundle/nvidia-bug-report.log").read_text()
    assert shell.calls[-1] == (f"rm -rf -- {place}", True)
    assert "dpkg -l: sh: dpkg: command not found" in (tmp_path / "gpu01.bundle/missing").read_text()


def test_a_report_that_unpacks_to_more_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed bomb fills memory and disk."""
    monkeypatch.setattr(bundle, "MOST", 1000)
    place = "/tmp/rackwright-report.x"
    bomb = base64.b64encode(gzip.compress(b"x" * 5_000_000)).decode()
    shell = Shell({"mktemp -d /tmp/rackwright-report.XXXXXX": place, f"base64 -w0 {place}/report.log.gz": bomb})
    bundle.fetch(shell, tmp_path, gpus=True)
    assert (tmp_path / "nvidia-bug-report.log").stat().st_size == 1000


def test_a_host_cannot_have_another_folder_removed(tmp_path: Path) -> None:
    """What a host says its folder is is removed as root, whatever it is."""
    shell = Shell({"mktemp -d /tmp/rackwright-report.XXXXXX": "/etc\n"})
    bundle.fetch(shell, tmp_path, gpus=True)
    assert not [text for text, _ in shell.calls if text.startswith("rm ")]


def test_a_session_that_is_lost_ends_the_bundle(tmp_path: Path) -> None:
    """A broken connection raises in the middle of an audit."""
    names = bundle.fetch(Shell({"dmesg -T": LostMidCommand("broke", device="gpu01")}), tmp_path, gpus=True)
    assert names == ("missing",)
    assert "it ended here: broke" in (tmp_path / "missing").read_text()
