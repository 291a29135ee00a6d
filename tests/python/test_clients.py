"""python-socketio against the test server: both of its clients, over every transport.

SERVER_BIN names the server's binary.
"""

import faulthandler
import unittest

import socketio
from clients import TIMEOUT, AsyncioClient, ThreadedClient
from server import Server

# Whatever hangs: says where, and ends.
faulthandler.dump_traceback_later(300, exit=True)

POLLING = ["polling"]
WEBSOCKET = ["websocket"]
UPGRADE = ["polling", "websocket"]


class Cases:
    """What both clients are asked to do over one transport."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()

    async def open(self, namespace="/", auth=None, url=None):
        client = self.client(namespace)
        await client.connect(url or self.server.url, self.transports, auth)
        self.addAsyncCleanup(client.disconnect)
        await client.next("connect")
        return client

    async def test_transport(self):
        client = await self.open()
        self.assertEqual(client.transport(), self.transports[-1])

    async def test_auth(self):
        client = await self.open(auth={"token": "abc"})
        self.assertEqual(await client.next("auth"), ({"token": "abc"},))

    async def test_refusal(self):
        client = self.client("/private")
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.connect(self.server.url, self.transports, {"user": "eve", "token": 1})
        await client.disconnect()

    async def test_namespace_with_auth(self):
        client = await self.open("/private", {"user": "bob", "token": 1234})
        self.assertEqual(await client.next("welcome"), ("bob",))

    async def test_events(self):
        client = await self.open()
        await client.emit("message", 1, "2", {"3": [True, None]}, "été€🚀")
        self.assertEqual(
            await client.next("message-back"), (1, "2", {"3": [True, None]}, "été€🚀")
        )

    async def test_binary(self):
        client = await self.open()
        await client.emit("message", b"\x01\x02", {"nested": [b"", bytes(range(256))]})
        self.assertEqual(
            await client.next("message-back"), (b"\x01\x02", {"nested": [b"", bytes(range(256))]})
        )

    async def test_order(self):
        client = await self.open()
        await client.emit("count", 200)
        numbers = [await client.next("number") for _ in range(200)]
        if not client.keeps_order:
            numbers.sort()
        self.assertEqual(numbers, [(n,) for n in range(200)])

    async def test_acks_of_the_server(self):
        client = await self.open()
        self.assertEqual(await client.call("message-with-ack", 1, b"\x05"), (1, b"\x05"))

    async def test_acks_of_the_client(self):
        client = await self.open()
        for question in ("why", b"\x01\x02"):
            asked = {"question": question, "timeout": TIMEOUT * 1000}
            answers = await client.call("ask_me", asked)
            self.assertEqual(answers, {"answers": [{"answer": question}], "error": None})

    async def test_rooms(self):
        inside, outside, sender = [await self.open() for _ in range(3)]
        await inside.call("join", "room")
        content = {"event": "news", "args": ["text", b"\x00\xff"]}
        await sender.call("cast", {**content, "to": ["room"]})
        self.assertEqual(await inside.next("news"), ("text", b"\x00\xff"))
        await sender.call("cast", {"event": "to all"})
        self.assertEqual(await outside.next("to all"), ())
        self.assertTrue(outside.queue("news").empty())

    async def test_broadcast_acks(self):
        members = [await self.open() for _ in range(2)]
        for member in members:
            await member.call("join", "quiz")
        asked = {"room": "quiz", "question": "why", "timeout": TIMEOUT * 1000}
        answers = await members[0].call("ask_room", asked)
        self.assertEqual(answers, {"answers": [{"answer": "why"}] * 2, "error": None})

    async def test_disconnect_by_the_server(self):
        client = await self.open()
        await client.emit("disconnect_me", False)
        self.assertEqual((await client.next("disconnect"))[:1], ("server disconnect",))

    async def test_disconnect_by_the_client(self):
        observer, client = await self.open(), await self.open()
        expected = client.client.get_sid()
        # While a POST is under way it would leave without a word.
        await client.sent()
        await client.disconnect()
        gone, reason, _ = await observer.next("gone")
        while gone != expected:
            # The server may only now hear of those of the test before.
            self.assertNotEqual(gone, observer.client.get_sid())
            gone, reason, _ = await observer.next("gone")
        self.assertIn(reason, self.reasons_for_leaving)

    async def test_reconnection(self):
        server = Server()
        client = await self.open(url=server.url)
        server.kill()
        await client.next("disconnect")
        again = Server(server.port)
        try:
            await client.next("connect")
            await client.emit("message", "again")
            self.assertEqual(await client.next("message-back"), ("again",))
            await client.disconnect()
        finally:
            again.kill()


def case(client, transports):
    name = f"{client.__name__}_{'_'.join(transports)}"
    reasons = ["client namespace disconnect"]
    if "websocket" in transports:
        # It may close its WebSocket before it has sent the packet.
        reasons.append("transport close")
    members = {
        "client": staticmethod(client),
        "transports": transports,
        "reasons_for_leaving": reasons,
    }
    return type(name, (Cases, unittest.IsolatedAsyncioTestCase), members)


asyncio_polling = case(AsyncioClient, POLLING)
asyncio_websocket = case(AsyncioClient, WEBSOCKET)
asyncio_upgrade = case(AsyncioClient, UPGRADE)
threaded_polling = case(ThreadedClient, POLLING)
threaded_websocket = case(ThreadedClient, WEBSOCKET)
threaded_upgrade = case(ThreadedClient, UPGRADE)

if __name__ == "__main__":
    unittest.main()
