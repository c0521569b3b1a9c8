"""A real OPC UA server in a thread, that a test can write to, stop and start again."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.common.structures104 import new_struct, new_struct_field
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from cryptography.x509.oid import ExtendedKeyUsageOID

URI = "urn:plant"
JOB_CONTROL = "http://opcfoundation.org/UA/ISA95-JOBCONTROL_V2/"
INITIAL = {"State": "IDLE", "Count": 0, "Speed": 0.0}
START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def make_certificate(folder: Path, name: str, uri: str) -> tuple[Path, Path]:
    """Make a certificate of itself, and its key."""
    certificate, key = folder / f"{name}.der", folder / f"{name}.pem"
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    made = setup_self_signed_certificate(key, certificate, uri, "127.0.0.1", uses, {})
    asyncio.run(made)
    return certificate, key


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Users:
    """Lets one account in."""

    def get_user(self, _session: Any, username: str = "", password: str = "", **_: Any) -> Any:
        is_known = (username, password) == ("traveler", "s3cret")
        return User(role=UserRole.User) if is_known else None


class OpcServer:
    """A saw below Objects/Plant: State, Count, Speed; with ``jobs``, job control as well."""

    def __init__(
        self,
        port: int,
        *,
        jobs: bool = False,
        users: Users | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.port = port
        self.url = f"opc.tcp://127.0.0.1:{port}/plant"
        self.nodes: dict[str, Any] = {}
        self._jobs = jobs
        self._users = users
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.do(self._start())

    def reset(self) -> None:
        """Let the values be what they were at the start."""
        for name, value in INITIAL.items():
            self.do(self._settle(name, value))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def stop(self) -> None:
        self.do(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def write(
        self, name: str, value: Any, kind: Any = None, status: int = 0, at: datetime = START
    ) -> None:
        variant = value if isinstance(value, ua.Variant) else ua.Variant(value, kind)
        data = ua.DataValue(variant, ua.StatusCode(ua.UInt32(status)), SourceTimestamp=at)
        self.do(self.nodes[name].write_value(data))

    def add(self, name: str, value: Any, kind: Any) -> str:
        """Add a variable below Objects, and give its node id."""
        node_id = f"ns=2;s={name}"
        objects = self._server.nodes.objects
        self.do(objects.add_variable(node_id, f"2:{name}", ua.Variant(value, kind)))
        return node_id

    async def _start(self) -> None:
        self._server = Server(user_manager=self._users)
        await self._server.init()
        self._server.set_endpoint(self.url)
        policy = ua.SecurityPolicyType.NoSecurity
        if self._certificate is not None:
            policy = ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt
            certificate, key = self._certificate
            await self._server.load_certificate(certificate)
            await self._server.load_private_key(key)
        self._server.set_security_policy([policy])
        index = await self._server.register_namespace(URI)
        plant = await self._server.nodes.objects.add_object(index, "Plant")
        saw = await plant.add_object(index, "Saw")
        for name, value in INITIAL.items():
            node_id = f"ns={index};s=Saw.{name}"
            self.nodes[name] = await saw.add_variable(node_id, f"{index}:{name}", value)
            await self._settle(name, value)
        if self._jobs:
            await self._add_jobs(saw)
        await self._server.start()

    async def _settle(self, name: str, value: Any) -> None:
        data = ua.DataValue(ua.Variant(value), SourceTimestamp=START)
        await self.nodes[name].write_value(data)

    async def _add_jobs(self, saw: Any) -> None:
        server = self._server
        index = await server.register_namespace(JOB_CONTROL)
        text, texts = ua.VariantType.LocalizedText, True
        order, _ = await new_struct(
            server,
            index,
            "ISA95JobOrderDataType",
            [
                new_struct_field("JobOrderID", ua.VariantType.String),
                new_struct_field("Description", text, texts),
                new_struct_field("StartTime", ua.VariantType.DateTime),
                new_struct_field("Priority", ua.VariantType.Int16),
            ],
        )
        state, _ = await new_struct(
            server,
            index,
            "ISA95StateDataType",
            [
                new_struct_field("StateText", text),
                new_struct_field("StateNumber", ua.VariantType.UInt32),
            ],
        )
        both, _ = await new_struct(
            server,
            index,
            "ISA95JobOrderAndStateDataType",
            [
                new_struct_field("JobOrder", order),
                new_struct_field("State", state, array=True),
            ],
        )
        await server.load_data_type_definitions()
        receiver = await server.nodes.base_object_type.add_object_type(
            index, "ISA95JobOrderReceiverObjectType"
        )
        control = await saw.add_object(index, "JobOrderControl", objecttype=receiver.nodeid)
        empty = ua.Variant([], ua.VariantType.ExtensionObject)
        node = await control.add_variable(index, "JobOrderList", empty, datatype=both.nodeid)
        self.nodes["jobs"] = node

    def job(self, key: str, *states: tuple[str, int]) -> Any:
        """Make an entry of the list."""
        order = _type("ISA95JobOrderDataType")(
            JobOrderID=key,
            Description=[ua.LocalizedText(f"Job {key}")],
            StartTime=START.replace(tzinfo=None),
            Priority=3,
        )
        kind = _type("ISA95StateDataType")
        listed = [kind(StateText=ua.LocalizedText(t), StateNumber=n) for t, n in states]
        return _type("ISA95JobOrderAndStateDataType")(JobOrder=order, State=listed)


def _type(name: str) -> Any:
    """Give a structure's class, which stands in one place for all servers of a process."""
    return getattr(ua, name)
