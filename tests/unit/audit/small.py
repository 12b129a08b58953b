"""Small cablings to be tangled: rails behind two leaves, splitters behind one, leaves and spines."""

from __future__ import annotations

from rackwright.audit.cabling import Block, Matching, Port, Sight, Wiring
from rackwright.audit.cabling.model import placed


def _wiring(pairs, kinds, blocks, **more) -> Wiring:
    links: Matching = {}
    for one, two in pairs:
        links[one], links[two] = two, one
    return Wiring(links, kinds, placed(blocks), **more)


def blocks(wiring: Wiring) -> list[Block]:
    """Return what moves as one, each once."""
    return list(dict.fromkeys(block for there in wiring.places.values() for block, _ in there))


def rails() -> Wiring:
    """Return four servers, each with rail 1 at be1 and rail 2 at be2; fibres, two to a cage."""
    pairs = [
        (Port(f"be{rail}", f"swp{host // 2 + 1}s{host % 2}"), Port(f"gpu{host}", f"r{rail}"))
        for rail in (1, 2)
        for host in range(4)
    ]
    blocks = [
        Block("cage", f"swp{cage}", tuple(Port(f"be{rail}", f"swp{cage}s{sub}") for sub in (0, 1)))
        for rail in (1, 2)
        for cage in (1, 2)
    ]
    kinds = {"be1": "leaf sn5600", "be2": "leaf sn5600"} | {f"gpu{host}": "server xe9680" for host in range(4)}
    return _wiring(pairs, kinds, blocks)


def splitters() -> Wiring:
    """Return four servers, each with both rails behind one splitter of be1: its cage end moves as a whole."""
    pairs = [
        (Port("be1", f"swp{host + 1}s{sub}"), Port(f"gpu{host}", f"r{sub}")) for host in range(4) for sub in (0, 1)
    ]
    blocks = [
        Block("plug", f"swp{host + 1}", tuple(Port("be1", f"swp{host + 1}s{sub}") for sub in (0, 1)))
        for host in range(4)
    ]
    kinds = {"be1": "leaf sn5600"} | {f"gpu{host}": "server xe9680" for host in range(4)}
    parts = {port: f"be1-swp{(one.name)[3]}" for one, two in pairs for port in (one, two)}
    return _wiring(pairs, kinds, blocks, parts=parts, rigid=frozenset(port for block in blocks for port in block.ports))


def clos() -> Wiring:
    """Return two leaves and two spines, two links a pair, both in one cage."""
    pairs = [
        (Port(f"sp{spine}", f"swp{leaf}s{sub}"), Port(f"be{leaf}", f"swp{spine}s{sub}"))
        for leaf in (1, 2)
        for spine in (1, 2)
        for sub in (0, 1)
    ]
    blocks = [
        Block("cage", f"swp{far}", tuple(Port(f"{near}{number}", f"swp{far}s{sub}") for sub in (0, 1)))
        for near in ("be", "sp")
        for number in (1, 2)
        for far in (1, 2)
    ]
    kinds = {"be1": "leaf sn5600", "be2": "leaf sn5600", "sp1": "spine sn5600", "sp2": "spine sn5600"}
    return _wiring(pairs, kinds, blocks)


def sights(wiring: Wiring, matching: Matching, silent: tuple[str, ...] = ()) -> dict[Port, Sight]:
    """Return what every port sees of a matching; devices named ``silent`` are seen by nobody and see nobody."""
    found = {}
    for port in {*wiring.links, *matching}:
        far = matching.get(port)
        seen = (far,) if far is not None and far.device not in silent else ()
        if port.device not in silent and port.device in wiring.kinds:
            found[port] = Sight(far is not None, seen)
    return found
