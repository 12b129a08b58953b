"""Plays by the real Ansible on this machine, with harmless roles in a temporary folder."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts import places
from rackwright.drivers.hosts.model import Play, Settings, Target
from rackwright.drivers.hosts.playing import play
from rackwright.drivers.login import Login
from rackwright.secrets import Secret

SITE = """\
- name: Steps
  hosts: all
  gather_facts: false
  tasks:
    - name: Play the step
      ansible.builtin.include_role: {name: "{{ step }}", apply: {tags: [always]}}
      loop: "{{ steps | select('in', ansible_run_tags) }}"
      loop_control: {loop_var: step}
      tags: [always]
"""
ROLES = {
    "write": """\
- name: Write it
  ansible.builtin.copy: {content: "hello {{ inventory_hostname }}\\n", dest: "{{ out }}/{{ inventory_hostname }}", mode: "0644"}
  notify: Say so
""",
    "judge": """\
- name: Ask another role
  ansible.builtin.include_role: {name: helper}
- name: Judge
  ansible.builtin.assert: {that: inventory_hostname != 'bad', quiet: true, fail_msg: "bad is not meant"}
""",
    "helper": """\
- name: Rescue what fails
  block:
    - name: Fail
      ansible.builtin.command: /bin/false
      check_mode: false
  rescue:
    - name: Mend
      ansible.builtin.debug: {msg: mended}
""",
    "secret": """\
- name: Use a secret
  ansible.builtin.copy:
    content: "{{ lookup('ansible.builtin.file', rackwright_secrets ~ '/bootstrap') }}"
    dest: "{{ out }}/secret-{{ inventory_hostname }}"
    mode: "0600"
  no_log: true
- name: Look at the environment
  ansible.builtin.shell: "env > {{ out }}/env; cat /proc/$PPID/cmdline > {{ out }}/cmdline; umask; ls -ld {{ rackwright_secrets }}/.. {{ rackwright_secrets }}/*"
  register: seen
  changed_when: false
- name: Write down what was seen
  ansible.builtin.copy: {content: "{{ seen.stdout }}", dest: "{{ out }}/modes", mode: "0644"}
""",
    "slow": "- name: Wait\n  ansible.builtin.command: sleep 60\n  changed_when: false\n",
}


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A playbook with roles, as ours goes through steps by tags."""
    folder = tmp_path_factory.mktemp("books")
    (folder / "site.yml").write_text(SITE)
    for name, tasks in ROLES.items():
        place = folder / "roles" / name
        (place / "tasks").mkdir(parents=True)
        (place / "tasks" / "main.yml").write_text(tasks)
    handlers = folder / "roles" / "write" / "handlers"
    handlers.mkdir()
    (handlers / "main.yml").write_text(
        "- name: Say so\n  ansible.builtin.debug: {msg: written}\n  changed_when: true\n"
    )
    return folder / "site.yml"


def target(name, out, steps):
    variables = {
        "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "out": str(out), "steps": list(steps),
    }  # fmt: skip
    return Target(Endpoint(device=name, host="127.0.0.1"), tuple(steps), variables)


def left_over():
    """Name the folders that nobody holds: other tests play beside this one."""
    return {path.name for path in places.base().glob("rackwright-play-*") if path.exists() and places._abandoned(path)}


def test_each_host_has_its_own_result_and_nothing_that_was_asked_for_is_missing(books, tmp_path):
    """A host's result names the role and the words of what failed; others go on; a rescue is no failure; a step that is not there is one."""
    heard = []
    steps = ("write", "judge")
    targets = tuple(target(name, tmp_path, steps) for name in ("good", "bad"))
    lacking = target("lacking", tmp_path, ("write",))
    odd = Target(lacking.endpoint, ("write", "judge"), lacking.variables)
    done = play(Play(books, (*targets, odd)), login=Login(), known_hosts=tmp_path / "none", heard=heard.append)
    assert done.status == "failed"
    good, bad, missing = (done.hosts[name] for name in ("good", "bad", "lacking"))
    assert (good.state, good.done) == ("changed", ("write", "judge"))
    assert [(change.role, change.task) for change in good.changes] == [("write", "Write it"), ("write", "Say so")]
    assert "+ hello good" in good.changes[0].difference
    assert (bad.state, bad.role, bad.task, bad.message) == ("failed", "judge", "Judge", "bad is not meant")
    assert bad.done == ("write",)
    assert bad.action == "ansible.builtin.assert"
    assert (missing.state, missing.role) == ("failed", "judge")
    assert "no task of it was played" in missing.message
    assert next(event.task for event in heard if event.kind == "task") == "Play the step"
    again = play(Play(books, targets[:1], check=True), login=Login(), known_hosts=tmp_path / "none")
    assert again.hosts["good"].state == "ok"
    assert not left_over()


def test_a_secret_is_nowhere_but_in_a_file_of_its_owner_that_is_gone_afterwards(books, tmp_path, monkeypatch):
    """A role gets the secret; it is in no environment, command line or event; and nothing of the user's Ansible is taken."""
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "no-such-callback")
    monkeypatch.setenv("ANSIBLE_CONFIG", "/nowhere/of/the/user.cfg")
    monkeypatch.setenv("CANARY_OF_USER", "in-the-environment")
    heard = []
    done = play(
        Play(books, (target("one", tmp_path, ("secret",)),), secrets={"bootstrap": Secret("hunter2-canary")}),
        login=Login(), known_hosts=tmp_path / "none", heard=heard.append,
    )  # fmt: skip
    assert done.hosts["one"].state == "changed", done
    assert (tmp_path / "secret-one").read_text() == "hunter2-canary"
    environment = (tmp_path / "env").read_text()
    assert "hunter2" not in environment + (tmp_path / "cmdline").read_bytes().decode() + repr(heard) + repr(done)
    assert "CANARY_OF_USER" not in environment
    modes = [line.split()[0] for line in (tmp_path / "modes").read_text().splitlines()[1:]]
    assert sorted(modes) == ["-rw-------", "drwx------"]
    assert not left_over()


@pytest.mark.parametrize("way", ["cancelled", "timeout"])
def test_a_play_that_is_to_end_ends_with_every_process_of_it(books, tmp_path, way):
    """A cancelled play, and one that takes too long, end soon; the host is told as lost, with what ran; nothing runs on."""
    begun = threading.Event()
    settings = Settings(job_s=2) if way == "timeout" else Settings()
    at = time.monotonic()
    done = play(
        Play(books, (target("one", tmp_path, ("slow",)),), settings=settings),
        login=Login(), known_hosts=tmp_path / "none", heard=lambda event: begun.set() if event.role == "slow" else None,
        cancelled=begun.is_set if way == "cancelled" else None,
    )  # fmt: skip
    assert time.monotonic() - at < 50
    assert done.status == {"cancelled": "canceled", "timeout": "timeout"}[way]
    assert done.hosts["one"].state == "lost"
    assert not left_over()


def test_a_playbook_that_cannot_be_read_is_said_in_ansibles_own_words(tmp_path):
    """Every host is lost, and what Ansible printed says why."""
    book = tmp_path / "site.yml"
    book.write_text("- hosts: [\n")
    done = play(Play(book, (target("one", tmp_path, ("write",)),)), login=Login(), known_hosts=tmp_path / "none")
    assert (done.status, done.hosts["one"].state) == ("failed", "lost")
    assert "YAML" in done.said


def test_what_a_killed_play_left_is_ended_and_removed(tmp_path):
    """The next play ends the processes of a dead one and removes its folder; that of a living one stays."""
    with places.private_folder() as mine:
        dead = Path(f"{mine}-dead")
        left = subprocess.Popen(["sleep", "60"], env={**os.environ, "PLAY": str(dead)})
        # Only now: whoever sweeps beside this test, as that of another Python does, ends the process too.
        dead.mkdir(mode=0o700)
        (dead / "lock").touch()
        places.sweep()
        assert left.wait(5) < 0
        assert not dead.exists()
        assert mine.exists()
