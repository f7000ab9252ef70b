"""What another client makes of it: python-socketio, by polling, by WebSocket and with an upgrade."""

import asyncio
import unittest

import socketio
from server import Server
from visitor import MODES, Visitor


def by_each_transport(test):
    """Runs a test once for each way to reach a server; each failure is told with its way."""

    async def run(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                await test(self, mode)

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


class WithTestServer(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.url = await self.enterAsyncContext(Server("TEST_SERVER_BIN"))

    async def with_session(self):
        visitor = await self.enterAsyncContext(Visitor(self.url))
        self.assertEqual(await visitor.post("/visit"), 204)
        self.assertIsNotNone(visitor.sid)
        return visitor

    @by_each_transport
    async def test_a_session_made_over_http_is_the_sockets(self, mode):
        visitor = await self.with_session()
        socket = await visitor.connect(mode)
        self.assertEqual(await socket.call("incr"), 1)
        self.assertEqual(await visitor.post("/incr"), 200)
        self.assertEqual(await socket.call("incr"), 3)
        self.assertEqual((await visitor.get("/read"))["count"], 3)

    @by_each_transport
    async def test_replies_keep_their_shape(self, mode):
        visitor = await self.with_session()
        socket = await visitor.connect(mode)
        self.assertEqual(await socket.call("echo", {"a": [1, None, "ü"]}), {"a": [1, None, "ü"]})
        self.assertEqual(await socket.call("bytes"), b"\x00\x01\xfe\xff")
        self.assertEqual(await socket.call("pair"), [1, "two"])
        self.assertEqual(
            await socket.call("fail coded"),
            {"error": {"code": "full", "message": "the count is full", "data": {"limit": 7}}},
        )
        refused = await socket.call("number", "seven")
        self.assertEqual(refused["error"]["code"], "invalid_payload")
        # `bytes` has counted, what failed has not.
        self.assertEqual((await visitor.get("/read"))["count"], 1)

    @by_each_transport
    async def test_without_a_session_events_that_need_one_say_so(self, mode):
        visitor = await self.enterAsyncContext(Visitor(self.url))
        socket = await visitor.connect(mode)
        self.assertEqual((await socket.call("incr"))["error"]["code"], "no_session")
        self.assertIsNone(visitor.sid)

    @by_each_transport
    async def test_a_guard_refuses_with_its_message(self, mode):
        visitor = await self.with_session()
        socket = visitor.socket(namespaces=["/members"])
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await socket.connect(mode)
        self.assertEqual(await socket.next(), ("connect_error", "/members", {"message": "unauthorized"}))
        # Who has logged in is let in.
        self.assertEqual(await visitor.post("/login"), 204)
        await visitor.connect(mode, namespaces=["/members"])

    @by_each_transport
    async def test_a_logout_disconnects_every_namespace(self, mode):
        visitor = await self.with_session()
        self.assertEqual(await visitor.post("/login"), 204)
        socket = await visitor.connect(mode, namespaces=["/", "/members"])
        self.assertEqual(await socket.call("incr", namespace="/members"), 1)
        if mode == "polling":
            # Both namespaces hear of it by the poll that is open: the next one has no cookie any more.
            await asyncio.sleep(0.5)
        self.assertEqual(await visitor.post("/logout"), 204)
        ended = [await socket.next() for _ in range(2)]
        self.assertEqual(sorted(what[:2] for what in ended), [("disconnect", "/"), ("disconnect", "/members")])
        self.assertEqual({what[2] for what in ended}, {socket.client.reason.SERVER_DISCONNECT})
        self.assertIsNone(visitor.sid, "the cookie is removed")
        again = visitor.socket(namespaces=["/members"])
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await again.connect(mode)

    @by_each_transport
    async def test_after_a_login_the_socket_comes_back_with_the_new_cookie(self, mode):
        visitor = await self.with_session()
        socket = await visitor.connect(mode, reconnection=True)
        self.assertEqual(await socket.call("incr"), 1)
        old = visitor.sid
        self.assertEqual(await visitor.post("/login"), 204)
        self.assertNotEqual(visitor.sid, old)
        self.assertEqual((await socket.next())[0], "disconnect")
        while (await socket.next())[0] != "connect":
            pass  # Its first attempt may come before the old session's end is over.
        self.assertEqual(await socket.call("incr"), 2)
        self.assertIs((await socket.call("read"))["authenticated"], True)

    @by_each_transport
    async def test_a_hundred_increments_at_once_are_a_hundred(self, mode):
        visitor = await self.with_session()
        sockets = [await visitor.connect(mode) for _ in range(2)]
        counts = await asyncio.gather(*(sockets[number % 2].call("incr") for number in range(100)))
        self.assertEqual(sorted(counts), list(range(1, 101)))
        # Events of one socket are done in the order in which they were sent.
        for start in range(2):
            own = list(counts[start::2])
            self.assertEqual(own, sorted(own))
        self.assertEqual((await visitor.get("/read"))["count"], 100)


class WithTheGuide(unittest.IsolatedAsyncioTestCase):
    @by_each_transport
    async def test_a_socket_that_only_listens_ends_with_its_session_and_is_refused(self, mode):
        async with Server("GUIDE_BIN", "--ttl", "2") as url, Visitor(url) as visitor:
            self.assertEqual(await visitor.post("/login"), 204)
            socket = await visitor.connect(mode, reconnection=True)
            self.assertEqual(await socket.call("my event"), 1)
            what, _, reason = await socket.next()
            self.assertEqual(what, "disconnect")
            self.assertNotEqual(reason, socket.client.reason.SERVER_DISCONNECT, "it is to come back")
            self.assertEqual(await socket.next(), ("connect_error", "/", {"message": "unauthorized"}))
            self.assertEqual(await visitor.get("/session"), {"authenticated": False, "count": 0})


if __name__ == "__main__":
    unittest.main()
