"""Read what topics need in as few requests as the BMC allows: a collection with its members at once where it can (``$expand``)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from rackwright.drivers.redfish.model import Topic
from rackwright.drivers.redfish.session import ROOT, Session
from rackwright.drivers.redfish.topics import Row, rows_of
from rackwright.errors import DeviceRefused, DeviceTimeout, DriverError, LostMidCommand

__all__ = ["ERRORS", "Reader"]

ERRORS: Final = "#errors"
"""The key under which resources hold what could not be read: URI -> sentence."""
_PAGES: Final = 200
_DEAD: Final = 2
"""After so many answers that never came the BMC is given up."""


class Reader:
    """Reads over one session; what was learnt of the BMC's abilities is kept with it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._expand = _expansion(session.root)
        self._dead = 0
        self._resources: dict[str, Any] = {}
        self._errors: dict[str, str] = {}
        self._had: set[str] = set()
        self._told: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
        """Collection that the root links to -> itself and its members, as they were last told."""
        self._topics: frozenset[Topic] = frozenset()

    def read(self, topics: Collection[Topic]) -> dict[str, Any]:
        """Return URI -> resource, members of collections under their own; what failed stands under :data:`ERRORS`.

        Raises when the BMC is gone, or lets us in no more.
        """
        settings = self._bios() if set(topics) == {"registry"} else []
        self._topics = frozenset(topics)
        self._resources, self._errors, self._dead, self._had = {ROOT: self._session.root}, {}, 0, set()
        if settings:
            # Its BIOS was just read, and says where the registry is.
            for bios in settings:
                self._registry(bios)
            return self._resources | ({ERRORS: self._errors} if self._errors else {})
        found: dict[str, list[dict[str, Any]]] = {"root": [self._session.root]}
        for row in rows_of(topics):
            if row.instead_of in self._had:
                continue
            parents = (one for one in found.get(row.of, ()) if not _linked_up(one, found.get(row.untold_by, ())))
            found[row.name] = [one for parent in parents for one in self._follow(row, parent)]
        if "registry" in topics:
            for bios in found["bios"]:
                self._registry(bios)
        return self._resources | ({ERRORS: self._errors} if self._errors else {})

    def _bios(self) -> list[dict[str, Any]]:
        """Return the BIOS settings of the last reading."""
        return [one for uri, one in self._resources.items() if uri.endswith("/Bios")]

    def known(self, uri: str) -> list[dict[str, Any]]:
        """Return the systems, managers or chassis as they were last told in this session; asked for where they never were."""
        _, told = self._told.get(uri) or ({}, [])
        return told or self.members(uri)

    def members(self, uri: str) -> list[dict[str, Any]]:
        """Return the members of one collection; raises what :meth:`Session.get` does."""
        self._resources, self._errors, self._dead = {}, {}, _DEAD
        found = self._members(uri)
        if not found and self._errors:
            raise DeviceRefused(next(iter(self._errors.values())), device=self._session.device)
        return found

    # --- one row --------------------------------------------------------------------------------------------------

    def _follow(self, row: Row, parent: Mapping[str, Any]) -> list[dict[str, Any]]:
        lacks = any(not any(parent.get(key) for key in keys) for keys in row.needs)
        if lacks or (row.unless and _dig(parent, row.unless)):
            return []
        if row.inner:
            return [one for key in row.inner for one in self._inside(parent, key)]
        links = (_dig(parent, (*way, "@odata.id")) for way in row.at)
        uri = next((link for link in links if isinstance(link, str)), None)
        if uri is None:
            return []
        uri = uri.rstrip("/") + row.below if row.below else uri
        if not row.members:
            one = self._try(uri)
            found = [one] if one is not None else []
        elif uri in self._told and (
            self._topics <= row.told_for or (row.lasting and self._topics.isdisjoint(row.topics))
        ):
            found = self._as_told(uri)
        else:
            found = self._systems(uri) if row.name == "systems" else self._members(uri)
            if row.of == "root" and not row.below and found:
                self._told[uri] = self._resources.get(uri.rstrip("/"), {}), found
        if uri.rstrip("/") in self._resources:
            self._had.add(row.name)
        return found

    def _as_told(self, uri: str) -> list[dict[str, Any]]:
        """Return the members of a collection as they were last told in this session."""
        collection, members = self._told[uri]
        self._keep(uri, collection)
        return [self._keep(one["@odata.id"], one) for one in members]

    def _systems(self, uri: str) -> list[dict[str, Any]]:
        """Return the systems; for two minutes after its job queue was cleared by force an iDRAC tells of none (redfish.md 5, row 24)."""
        session = self._session
        until = session.clock.now() + session.limits.busy_s
        while not (found := self._members(uri)) and uri not in self._errors:
            if session.clock.now() > until:
                self._errors[uri] = f"{session.device} tells of no system"
                break
            session.clock.sleep(session.limits.pause_s)
        return found

    def _inside(self, parent: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        """Return what the links of one list lead to, in one request for all of them where that is fewer."""
        links = list(_links(parent.get(key)))
        uri = str(parent.get("@odata.id") or "")
        if self._expand and len(links) > 1 and uri:
            expanded = self._expanded(uri, single=True)
            if expanded is not None:
                links = list(_links(expanded.get(key)))
        return self._each(links)

    def _registry(self, bios: Mapping[str, Any]) -> None:
        """Read the registry of the BIOS attributes: an iDRAC keeps it with the BIOS, others list it among their registries."""
        session, uri = self._session, str(bios.get("@odata.id") or "").rstrip("/")
        if _dig(session.root, ("Oem", "Dell")) is not None and self._try(uri + "/BiosRegistry", quiet=True) is not None:
            return
        name = str(bios.get("AttributeRegistry") or "BiosAttributeRegistry").partition(".")[0]
        place = _dig(session.root, ("Registries", "@odata.id")) or ROOT + "/Registries"
        registries = self._try(str(place)) or {}
        for link in _links(registries.get("Members")):
            file = link["@odata.id"]
            if file.rstrip("/").rpartition("/")[2].partition(".")[0] == name:
                for location in (self._try(file) or {}).get("Location") or ():
                    if isinstance(location, dict) and isinstance(location.get("Uri"), str):
                        self._try(location["Uri"])
                        return

    # --- collections ----------------------------------------------------------------------------------------------

    def _members(self, uri: str) -> list[dict[str, Any]]:
        collection = self._expanded(uri) if self._expand else None
        if collection is None:
            collection = self._try(uri)
        if collection is None:
            return []
        home = uri.partition("?")[0].rstrip("/") + "/"
        members = [_at_home(home, member) for member in self._pages(uri, collection)]
        self._keep(uri, {**collection, "Members": [{"@odata.id": member["@odata.id"]} for member in members]})
        return self._each(members, again=uri)

    def _pages(self, uri: str, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        for _ in range(_PAGES):
            yield from _links(page.get("Members"))
            following = page.get("Members@odata.nextLink")
            if not isinstance(following, str) or following in seen:
                return
            seen.add(following)
            more = self._try(following, keep=False)
            if more is None:
                self._errors[uri] = f"{self._session.device} does not tell the rest of {uri}"
                return
            page = more

    def _each(self, links: Collection[dict[str, Any]], *, again: str = "") -> list[dict[str, Any]]:
        """Return resources that came expanded as they are, and read the others; one that vanished meanwhile is none (row 29)."""
        found: list[dict[str, Any]] = []
        gone: list[str] = []
        for link in links:
            uri = link["@odata.id"]
            if len(link) > 1:
                found.append(self._keep(uri, link))
            elif (one := self._try(uri, quiet=bool(again))) is not None:
                found.append(one)
            elif uri not in self._errors:
                gone.append(uri)
        if gone:
            there = {one["@odata.id"] for one in _links((self._try(again, keep=False) or {}).get("Members"))}
            self._errors |= {uri: f"{self._session.device} lists {uri} and has it not" for uri in gone if uri in there}
        return found

    # --- one request ----------------------------------------------------------------------------------------------

    def _expanded(self, uri: str, *, single: bool = False) -> dict[str, Any] | None:
        """Read a resource with what it links to in place; None where the BMC will not, whatever it promised (row 31)."""
        path = self._session.path(uri)
        try:
            return self._asked(path + ("&" if "?" in path else "?") + self._expand)
        except DeviceRefused as error:
            if error.status == 501 and not single:
                self._expand = ""
            return None

    def _try(self, uri: str, *, quiet: bool = False, keep: bool = True) -> dict[str, Any] | None:
        """Read one resource; None where there is none to be had, which is noted, unless ``quiet`` and simply not there."""
        try:
            found = self._asked(uri)
        except DeviceRefused as error:
            if not (quiet and error.status == 404):
                self._errors[uri.rstrip("/")] = str(error)
            return None
        if found is not None and keep:
            self._keep(uri, found)
        return found

    def _asked(self, uri: str) -> dict[str, Any] | None:
        try:
            return self._session.object(uri)
        except (DeviceTimeout, LostMidCommand) as error:
            self._given_up(error)
            self._errors[uri.partition("?")[0].rstrip("/")] = str(error)
            return None

    def _given_up(self, error: DriverError) -> None:
        self._dead += 1
        if self._dead >= _DEAD:
            raise error

    def _keep(self, uri: str, resource: dict[str, Any]) -> dict[str, Any]:
        self._resources[uri.partition("?")[0].rstrip("/")] = resource
        return resource


def _expansion(root: Mapping[str, Any]) -> str:
    """Return the query that expands one level here; empty where the service offers none.

    ``*`` where it is offered, as Dell's own scripts ask; ``.`` at services that know that alone.
    """
    offered = _dig(root, ("ProtocolFeaturesSupported", "ExpandQuery"))
    if not isinstance(offered, Mapping):
        return ""
    kind = "*" if offered.get("ExpandAll") else "." if offered.get("NoLinks") else ""
    levels = "($levels=1)" if offered.get("Levels") else ""
    return f"$expand={kind}{levels}" if kind else ""


def _at_home(home: str, member: dict[str, Any]) -> dict[str, Any]:
    """Return an expanded member below the collection that it came in: a BlueField BMC names its host's ports as if they were its own."""
    if member["@odata.id"].startswith(home) or len(member) == 1 or not isinstance(member.get("Id"), str):
        return member
    return {**member, "@odata.id": f"{home}{member['Id']}"}


def _linked_up(adapter: Mapping[str, Any], ports: Collection[Mapping[str, Any]]) -> bool:
    """Tell whether the ports of an adapter (``NIC.Slot.2-1-1`` of ``NIC.Slot.2``) are all there with their link."""
    ours = [port for port in ports if str(port.get("Id")).startswith(f"{adapter.get('Id')}-")]
    return bool(ours) and all(port.get("LinkStatus") for port in ours)


def _links(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the entries of a list that are, or link to, a resource."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and isinstance(one.get("@odata.id"), str):
            yield one


def _dig(value: Any, way: Collection[str]) -> Any:
    """Return what lies at a way of keys and list indexes; None where the way ends."""
    for key in way:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
