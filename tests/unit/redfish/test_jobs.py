"""Jobs: many words of three collections, eight states; an unknown word is never an end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.redfish.inventory import Job
from rackwright.redfish.jobs import job, jobs, state

ROOT = "/redfish/v1"
MANAGER = f"{ROOT}/Managers/M"
DELL = f"{MANAGER}/Oem/Dell/Jobs"
ID = "JID_100000000001"


def collections(**members: dict[str, Any]) -> dict[str, Any]:
    """Return the resources of the three collections of jobs; a keyword names the collection and holds its one member."""
    places = {"dell": DELL, "service": f"{ROOT}/JobService/Jobs", "tasks": f"{ROOT}/TaskService/Tasks"}
    resources: dict[str, Any] = {
        ROOT: {
            "Managers": {"@odata.id": f"{ROOT}/Managers"},
            "JobService": {"@odata.id": f"{ROOT}/JobService"},
            "Tasks": {"@odata.id": f"{ROOT}/TaskService"},
        },
        f"{ROOT}/Managers": {"Members": [{"@odata.id": MANAGER}]},
        MANAGER: {"@odata.id": MANAGER, "Links": {"Oem": {"Dell": {"Jobs": {"@odata.id": DELL}}}}},
    }
    for name, member in members.items():
        uri = f"{places[name]}/{member['Id']}"
        resources[places[name]] = {"Members": [{"@odata.id": uri}]}
        resources[uri] = {"@odata.id": uri, **member}
    return resources


DELL_JOB = {
    "Id": ID, "Name": "Configure: BIOS.Setup.1-1", "JobState": "CompletedWithErrors", "JobType": "BIOSConfiguration",
    "Message": "Ended with errors.", "MessageId": "PR31", "PercentComplete": 100, "TargetSettingsURI": None,
}  # fmt: skip
JOB = {
    "Id": ID, "Name": "ConfigBIOS:BIOS.Setup.1-1", "JobState": "Exception", "JobStatus": "Critical",
    "Messages": [{"MessageId": "IDRAC.2.9.PR31", "Message": "Ended with errors."}], "PercentComplete": 100,
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "status", "ours"),
    [
        ("New", "", "waiting"),
        ("Scheduled", "OK", "scheduled"),
        ("Downloading", "", "running"),
        ("RebootPending", "", "waiting"),
        ("Running", "", "running"),
        ("Completed", "OK", "done"),
        ("Completed", "Critical", "failed"),
        ("CompletedWithErrors", "", "done-with-errors"),
        ("Completed with Errors", "", "done-with-errors"),
        ("Failed", "", "failed"),
        ("UserIntervention", "", "needs-user"),
        ("Exception", "Critical", "failed"),
        ("Cancelled", "", "failed"),
        ("Frobnicating", "", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_a_word_is_brought_to_a_state(word: str, status: str, ours: str) -> None:
    """A job is waited for though it ended, or is taken as ended though it runs."""
    assert state(word, status) == ours


def test_one_job_of_three_collections_is_one() -> None:
    """The same job was counted for each collection, or told in the words that say less."""
    found = jobs(
        collections(dell=DELL_JOB, service=JOB, tasks={"Id": ID, "TaskState": "Completed", "TaskStatus": "Critical"})
    )
    assert found == (
        Job(
            id=ID,
            name="Configure: BIOS.Setup.1-1",
            kind="BIOSConfiguration",
            state="done-with-errors",
            word="CompletedWithErrors",
            message="Ended with errors.",
            message_id="PR31",
            percent=100,
            target="BIOS.Setup.1-1",
        ),
    )


def test_a_job_that_dells_collection_lost_is_found_in_the_others() -> None:
    """A job that is only in the JobService, or among the tasks, was overlooked."""
    assert [one.state for one in jobs(collections(service=JOB))] == ["failed"]
    assert [one.word for one in jobs(collections(tasks={"Id": "1", "TaskState": "Running"}))] == ["Running"]
    assert [one.id for one in jobs({f"{DELL}/{ID}": {"@odata.type": "#DellJob.v1_5_0.DellJob", **DELL_JOB}})] == [ID]


def test_dells_part_of_a_task_says_more() -> None:
    """A scheduled job was taken as running, since its task reads Starting."""
    task = {
        "Id": ID,
        "TaskState": "Starting",
        "Oem": {"Dell": {"JobState": "Scheduled", "JobType": "RAIDConfiguration"}},
    }
    assert job(task).state == "scheduled"
    assert job(task).kind == "RAIDConfiguration"


@pytest.mark.parametrize("percent", [None, 250, -1, "50", True, 40])
def test_odd_percentages_are_tolerated(percent: Any) -> None:
    """A percentage that is none, or over 100, made the reading fail."""
    assert job({"Id": ID, "PercentComplete": percent}).percent in {None, 0, 40, 100}


def test_a_job_stuck_at_its_start_is_open_and_told_by_its_message() -> None:
    """A job that stays scheduled for ever was taken as ended, or its reason was lost (redfish.md 2.3)."""
    one = job({"Id": ID, "JobState": "Scheduled", "MessageId": "IDRAC.2.8.PR30", "PercentComplete": 1})
    assert one.open
    assert one.message_id == "PR30"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda x: st.lists(x, max_size=2) | st.dictionaries(
    st.sampled_from(["Id", "JobState", "TaskState", "Messages", "MessageId", "Oem", "Dell", "PercentComplete", "Name"]), x), max_leaves=10))  # fmt: skip
def test_any_resource_is_read_as_a_job(raw: Any) -> None:
    """A broken job made the reading fail, or was taken as done."""
    assert job(raw).state != "done" or "ompleted" in str(raw)
