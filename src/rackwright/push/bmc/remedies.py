"""What is to be done about what a BMC says of an update (redfish.md 5, row 26; the table of Dell's messages)."""

from __future__ import annotations

from typing import Final

__all__ = ["remedy_of"]

_MEND: Final = (
    "read the BMC's own words; where the image is wrong, mend the images file; then push again: it reads first"
)
_MODEL: Final = "the image is for another model or component: mend its row in the images file"
_SIGNED: Final = "the image's signature is not accepted: fetch it anew from the vendor and mend its sha256"
_FIRST: Final = "another component must be brought up first: the image's row should name it in needs"
_SHARE: Final = "the BMC cannot fetch the image: see that it reaches the address, or list the image as a file"
_ALONE: Final = "it takes no other job beside its own: let the queue empty itself, then push again"
_REMEDIES: Final = {
    **dict.fromkeys(("RED097", "RED098", "SUP0527"), _MODEL),
    **dict.fromkeys(("RED007", "SUP0525", "SUP0519"), _SIGNED),
    **dict.fromkeys(("RED145", "RED147"), _FIRST),
    **dict.fromkeys(("RED006", "RED016", "RED132", "RAC0720"), _SHARE),
    **dict.fromkeys(("RED149", "RED152"), _ALONE),
    **dict.fromkeys(
        ("RED103", "SWU8559", "SWU8561"), "the BMC takes no older image: its downgrade policy stands in the way"
    ),
    **dict.fromkeys(
        ("JCP014", "JCP017"), "the job queue is full: delete jobs that have ended over the web page, then push again"
    ),
    "RED136": "the BMC does not trust the certificate of the image's server: list the image as a file, or install the authority",
    "RED108": "restart the BMC over its web page, then push again: it reads first",
    "SUP0540": "free space on the BMC (delete images that it keeps), then push again",
    **dict.fromkeys(("JCP048", "JCP030"), "another update of the BMC itself runs: let it end, then push again"),
    "PR30": "the job does not begin; restart the BMC, see that its queue is empty, then push again",
    "JCP052": "the job ran out of time: restart the BMC, see that its queue is empty, then push again",
}


def remedy_of(words: str) -> str:
    """Return what to do, from the first message id that is known among the BMC's words."""
    return next((remedy for token, remedy in _REMEDIES.items() if token in words), _MEND)
