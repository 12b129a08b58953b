"""What the message ids of an iDRAC mean, in our own words; the ids, severities and counts of arguments are Dell's (redfish.md 5)."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["MESSAGES", "Message", "worded"]


class Message(NamedTuple):
    """One row: ``{0}``, ``{1}`` stand for the arguments."""

    severity: str
    text: str
    remedy: str = "Nothing needs to be done."


_W, _C, _I = "Warning", "Critical", "Informational"
_AGAIN: Final = "Try again later."
_QUEUE: Final = "Wait until the job has ended, or delete it, and try again."
_UNLOCK: Final = "Set the attribute Lockdown.1.SystemLockdown to Disabled and try again."
_IMAGE: Final = "Get the image that belongs to this component and system, and try again."

MESSAGES: Final[dict[str, Message]] = {
    "BIOS006": Message(_I, "A configuration job exists, so attributes of this target cannot be set.", _QUEUE),
    "BIOS008": Message(_I, "Nothing is pending that a configuration job could do.", "Change an attribute first."),
    "BIOS011": Message(_I, "A configuration job exists, so what is pending cannot be deleted.", _QUEUE),
    "BIOS015": Message(_I, "The read-only attribute {0} cannot be changed."),
    "BIOS016": Message(_I, "The disabled attribute {0} cannot be changed."),
    "BIOS031": Message(_I, "Configuration is refused while System Lockdown is enabled.", _UNLOCK),
    "JCP000": Message(_I, "Job {0} was created."),
    "JCP001": Message(_I, "The task is scheduled."),
    "JCP007": Message(_I, "The job ended successfully."),
    "JCP014": Message(_W, "The queue holds as many jobs as it may.", "Delete jobs that have ended."),
    "JCP015": Message(_W, "A job that is running cannot be deleted.", _QUEUE),
    "JCP017": Message(_W, "No job was created: there are as many as there may be.", "Delete jobs that have ended."),
    "JCP024": Message(_I, "The Lifecycle Controller is in use; the job starts when it is free."),
    "JCP027": Message(_I, "Job {0} was created on the iDRAC."),
    "JCP030": Message(_I, "No job can be scheduled while an iDRAC update or a configuration job runs.", _QUEUE),
    "JCP037": Message(_I, "Job {0} ended successfully."),
    "JCP041": Message(_W, "The job cannot run while System Lockdown is enabled.", _UNLOCK),
    "JCP042": Message(_W, "Job {0} failed: {1}.", "Read the Lifecycle log and try again."),
    "JCP048": Message(_I, "No job can be created while the iDRAC is being updated.", _QUEUE),
    "JCP052": Message(_W, "The job was running or downloading and ran out of time.", _AGAIN),
    "LC011": Message(_C, "The certificate could not be imported.", "Give a certificate that fits the key."),
    "LC018": Message(_I, "The server certificate was changed; it is in force after a restart of the iDRAC."),
    "LC060": Message(
        _W, "The Lifecycle Controller does not take requests yet.", "Wait until it is ready and the host is past POST."
    ),
    "LC061": Message(_I, "The Lifecycle Controller takes requests."),
    "LC068": Message(
        _W,
        "No import or export while attributes are pending or a configuration job runs.",
        "Apply or clear what is pending.",
    ),
    "LC087": Message(_I, "Configuration is refused while System Lockdown is enabled.", _UNLOCK),
    "PR19": Message(_I, "The job ended successfully."),
    "PR20": Message(_I, "The job is in progress."),
    "PR21": Message(_W, "The job failed.", "Read the Lifecycle log and try again."),
    "PR23": Message(_I, "The job is ready to run."),
    "PR30": Message(
        _W, "The job could not be prepared.", "Enable Collect System Inventory on Restart and restart the host."
    ),
    "PR31": Message(_W, "The job ended with errors.", "Read the Lifecycle log."),
    "PR35": Message(_I, "The update of {0} is done at the next reboot."),
    "RAC0218": Message(_I, "There are as many sessions as there may be.", "End a session and try again."),
    "RAC0679": Message(_W, "A job is running already.", _QUEUE),
    "RAC0701": Message(_I, "A power-up was requested."),
    "RAC0702": Message(_I, "A power cycle was requested."),
    "RAC0703": Message(_I, "A hard reset was requested."),
    "RAC0704": Message(_I, "A power-down was requested."),
    "RAC0705": Message(_I, "A graceful shutdown was requested."),
    "RAC0720": Message(_I, "The image on the share was not found.", "Give the right path and login."),
    "RAC0768": Message(_I, "The iDRAC is starting after a firmware update.", "Log in again in a few minutes."),
    "RAC0773": Message(_I, "The BIOS settings cannot be changed while a BIOS configuration job runs.", _QUEUE),
    "RAC0904": Message(_W, "The remote file cannot be reached.", "Check address, path and login of the file."),
    "RAC095": Message(_I, "Configuration is refused while System Lockdown is enabled.", _UNLOCK),
    "RAC1016": Message(_W, "An account of this name exists.", "Take another name."),
    "RAC1035": Message(_W, "Nothing is pending that could be cleared."),
    "RAC1201": Message(_W, "The operation is refused while the server is locked down.", _UNLOCK),
    "RED001": Message(_I, "The job ended successfully."),
    "RED002": Message(_I, "The package was downloaded."),
    "RED006": Message(_W, "The package could not be downloaded.", "Check the way from the iDRAC to the package."),
    "RED007": Message(
        _W, "The signature of the package could not be verified.", "Get the package again from its publisher."
    ),
    "RED014": Message(_W, "There is a job for this device already.", "Delete that job first."),
    "RED016": Message(_W, "The remote share could not be mounted.", "Check path and login of the share."),
    "RED029": Message(_I, "A reboot is pending."),
    "RED030": Message(_I, "The reboot is done."),
    "RED097": Message(_W, "The image is for a component that this system does not have or does not update.", _IMAGE),
    "RED098": Message(_W, "The image is not for this model of system.", _IMAGE),
    "RED101": Message(_W, "The licence of the installed firmware does not allow the update.", "Install the licence."),
    "RED103": Message(_W, "The image is out of date.", "Take a version that may be installed."),
    "RED108": Message(_W, "The iDRAC did not restart in its update.", _AGAIN),
    "RED113": Message(_W, "{0} cannot be done: the iDRAC is overloaded.", _AGAIN),
    "RED132": Message(_W, "The file is not there at the remote host.", "Give the name of a file that is there."),
    "RED136": Message(_W, "The certificate of the remote host is not good.", "Give the host a valid certificate."),
    "RED144": Message(_C, "The licence that an update of {0} needs is not installed.", "Install the licence."),
    "RED145": Message(_C, "An update of {0} needs a newer CPLD.", "Update the CPLD first."),
    "RED147": Message(_C, "An update of {0} needs a newer BIOS.", "Update the BIOS first."),
    "RED149": Message(_C, "A CPLD job and other firmware jobs cannot be scheduled together.", "Do the CPLD alone."),
    "RED152": Message(
        _C, "A DPU BMC job and other firmware jobs cannot be scheduled together.", "Do the DPU BMC alone."
    ),
    "SUP020": Message(_I, "The job was deleted."),
    "SUP029": Message(
        _W, "The catalogue has nothing to install: the packages are unsupported or of the installed versions."
    ),
    "SUP031": Message(_I, "The update is scheduled or running already."),
    "SUP0200": Message(_I, "Firmware {0} of {1} is in force after the next restart of the server."),
    "SUP0519": Message(_C, "The image of {0} could not be validated.", _IMAGE),
    "SUP0525": Message(_C, "The signature of the package could not be verified.", _IMAGE),
    "SUP0527": Message(_C, "The package is not for this system.", _IMAGE),
    "SUP0540": Message(_C, "The iDRAC has no room for the package.", "Delete data of the Lifecycle Controller."),
    "SUP0544": Message(
        _I, "{0} runs the new firmware after a power cycle of the server by hand.", "Power cycle the server."
    ),
    "SUP0545": Message(_I, "{0} runs the new firmware after an AC power cycle by hand.", "AC power cycle the server."),
    "SWC0700": Message(_C, "The iDRAC is not ready.", _AGAIN),
    "SWU8559": Message(_W, "The downgrade to this version is not supported."),
    "SWU8561": Message(_W, "The hardware of this system does not allow the downgrade."),
    "SYS043": Message(_I, "The server configuration profile was exported."),
    "SYS053": Message(_I, "The server configuration profile was imported and applied."),
    "SYS054": Message(_I, "The profile holds no change that needs a restart."),
    "SYS011": Message(_W, "What is pending was committed already, so nothing more can be set.", _QUEUE),
    "SYS081": Message(_I, "The preview of the profile is done."),
    "SYS403": Message(_C, "The resource {0} was not found."),
    "SYS404": Message(_W, "The header If-Match is missing.", "Send If-Match."),
    "SYS405": Message(_C, "The JSON is not valid."),
    "SYS406": Message(_I, "Configuration is refused while System Lockdown is enabled.", _UNLOCK),
    "SYS407": Message(_W, "{0} is no value for the query parameter {1}."),
    "SYS409": Message(_W, "A property cannot have this value."),
    "SYS410": Message(_W, "The attribute is read-only because of other attributes.", "Look at what it depends on."),
    "SYS412": Message(_W, "The file could not be uploaded.", _AGAIN),
    "SYS413": Message(_I, "Done."),
    "SYS414": Message(_I, "A resource was created."),
    "SYS416": Message(_W, "User name or password was not given.", "Give both."),
    "SYS424": Message(_W, "The value {0} is of another type than property {1} takes."),
    "SYS425": Message(_W, "The value {0} of property {1} is not valid."),
    "SYS426": Message(_W, "The value {0} of property {1} is none of those that it takes."),
    "SYS427": Message(_W, "Property {0} is read-only.", "Leave the property out."),
    "SYS428": Message(_W, "Property {0} is needed.", "Give the property."),
    "SYS429": Message(_W, "There is no property {0} here.", "Leave the property out."),
    "SYS430": Message(_I, "Done; in force at once after a restart of the host."),
    "SYS434": Message(_W, "Files with this extension are not taken.", "Upload a Windows package or a raw image."),
    "SYS442": Message(_W, "More than one component was given.", "Give one component a request."),
    "SYS443": Message(_W, "The object depends on others that are not there."),
    "SYS444": Message(_W, "The value cannot be set because of other attributes.", "Change those first."),
    "SYS446": Message(_C, "The operation failed inside.", _AGAIN),
    "SYS448": Message(_W, "The length of the maintenance window is not valid."),
    "SYS468": Message(_I, "The header Authorization must not be sent together with a token.", "Send one of the two."),
    "SYS518": Message(_I, "The iDRAC cannot show anything: its data sources are not there.", _AGAIN),
    "TransferFailed": Message(_C, "The image could not be fetched.", _AGAIN),
    "UpdateSuccessful": Message(_I, "{0} was updated."),
    "VerificationFailed": Message(_C, "The image of {0} was not accepted.", _IMAGE),
}
"""Every id that the twin says."""


def worded(message_id: str, args: tuple[str, ...] = ()) -> tuple[str, str, str]:
    """Return severity, text and remedy of a message; an id that no source gives is said plainly to be a fault's."""
    row = MESSAGES.get(message_id.rpartition(".")[2]) or MESSAGES.get(message_id)
    if row is None:
        return _W, f"The twin has no words for {message_id}.", _AGAIN
    text = row.text
    for place, value in enumerate(args):
        text = text.replace(f"{{{place}}}", value)
    return row.severity, text, row.remedy
