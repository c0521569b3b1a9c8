"""Nodes of OPC UA servers: by their ids, by paths of browse names, or as lists of job orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from asyncua import ua

if TYPE_CHECKING:
    from asyncua import Client, Node

    from kg.settings import SourceSettings, TableSettings

JOB_ORDERS = "job-orders"
_JOB_CONTROL = "http://opcfoundation.org/UA/ISA95-JOBCONTROL_V2/"
_JOB_LIST = "JobOrderList"
_MOST_NODES = 20_000
_HIERARCHY = ua.ObjectIds.HierarchicalReferences
_SERVER = ua.NodeId(ua.ObjectIds.Server)


@dataclass(frozen=True, slots=True)
class Place:
    """What a node is followed for: a table, and the node's id and path as rows have them."""

    table: str
    node: str
    path: str
    is_job_list: bool = False


@dataclass(slots=True)
class Found:
    """The nodes that settings name; ``missing`` says in words which ones the server has not."""

    places: dict[ua.NodeId, list[Place]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, node: ua.NodeId, place: Place) -> None:
        """Follow a node for a table."""
        self.places.setdefault(node, []).append(place)


async def find_nodes(client: Client, source: SourceSettings) -> Found:
    """Find the nodes of all tables."""
    found = Found()
    for table in source.tables:
        for written in table.nodes:
            where = f"source {source.name}, table {table.name}"
            if written == JOB_ORDERS:
                await _find_job_lists(client, table, found, where)
            elif "=" in written and not written.startswith("/"):
                await _find_by_id(client, table, written, found, where)
            else:
                await _find_by_path(client, table, written, found, where)
    return found


async def _find_by_id(
    client: Client, table: TableSettings, written: str, found: Found, where: str
) -> None:
    text = written
    if written.startswith("nsu="):
        uri, _, rest = written.removeprefix("nsu=").partition(";")
        spaces = await client.get_namespace_array()
        if uri not in spaces:
            there = ", ".join(spaces[1:]) or "no other"
            found.missing.append(f"{where}: the server has no namespace {uri}: it has {there}")
            return
        text = f"ns={spaces.index(uri)};{rest}"
    try:
        node_id = ua.NodeId.from_string(text)
    except (ValueError, ua.UaError):
        found.missing.append(f"{where}: {written!r} is no node id: write ns=2;s=Saw.State")
        return
    found.add(node_id, Place(table.name, written, written))


async def _find_by_path(
    client: Client, table: TableSettings, written: str, found: Found, where: str
) -> None:
    """Go down from Objects by browse names: ``2:Saw`` in a namespace, ``Saw`` in any."""
    node = client.get_objects_node()
    names = [name for name in written.strip("/").split("/") if name]
    for name in names[1:] if names[:1] in (["Objects"], ["0:Objects"]) else names:
        children = await _children(node)
        child = next((one for one in children if _is_named(one, name)), None)
        if child is None:
            there = [f"{one.BrowseName.NamespaceIndex}:{one.BrowseName.Name}" for one in children]
            near = get_close_matches(name, there, 4, cutoff=0.5) or there[:8]
            found.missing.append(
                f"{where}: {written} ends before {name!r}; there is {', '.join(near) or 'nothing'}"
            )
            return
        node = client.get_node(child.NodeId)
    found.add(node.nodeid, Place(table.name, node.nodeid.to_string(), written))


def _is_named(reference: ua.ReferenceDescription, name: str) -> bool:
    index, colon, local = name.partition(":")
    browse_name = reference.BrowseName
    if colon and index.isdecimal():
        return bool(browse_name.NamespaceIndex == int(index) and browse_name.Name == local)
    return bool(browse_name.Name == name)


async def _find_job_lists(client: Client, table: TableSettings, found: Found, where: str) -> None:
    """Find the lists of job orders below Objects (OPC 10031-4, 6.2.1; OPC 40001-3 builds on it)."""
    spaces = await client.get_namespace_array()
    if _JOB_CONTROL not in spaces:
        found.missing.append(f"{where}: the server has no job control of ISA-95 ({_JOB_CONTROL})")
        return
    # Job orders are structures, which can be read once their types are known.
    await client.load_data_type_definitions()
    wanted = ua.QualifiedName(_JOB_LIST, spaces.index(_JOB_CONTROL))
    lists = await _walk(client, wanted)
    for node_id, path in lists:
        place = Place(table.name, node_id.to_string(), path, is_job_list=True)
        found.add(node_id, place)
    if not lists:
        found.missing.append(f"{where}: there is no {_JOB_LIST} below Objects")


async def _walk(client: Client, wanted: ua.QualifiedName) -> list[tuple[ua.NodeId, str]]:
    lists: list[tuple[ua.NodeId, str]] = []
    waiting = [(client.get_objects_node(), "")]
    seen: set[ua.NodeId] = {_SERVER}
    while waiting and len(seen) < _MOST_NODES:
        node, path = waiting.pop(0)
        for one in await _children(node):
            name = f"{path}/{one.BrowseName.NamespaceIndex}:{one.BrowseName.Name}"
            if one.NodeId in seen:
                continue
            seen.add(one.NodeId)
            if one.BrowseName == wanted:
                lists.append((one.NodeId, name))
            elif one.NodeClass == ua.NodeClass.Object:
                waiting.append((client.get_node(one.NodeId), name))
    return lists


async def _children(node: Node) -> list[ua.ReferenceDescription]:
    mask = ua.NodeClass.Object | ua.NodeClass.Variable
    found = await node.get_children_descriptions(refs=_HIERARCHY, nodeclassmask=mask)
    return list(found)
