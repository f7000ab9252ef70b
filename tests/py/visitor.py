"""A visitor with python-socketio: one cookie jar, for HTTP and for sockets, as a browser has it."""

import asyncio

import aiohttp
import engineio
import socketio

# A poll may be answered with all that has come up since the last one. This client takes no more than 16 packets at a time
# unless told to, and gives the connection up over more; the JavaScript client has no such limit.
engineio.payload.Payload.max_decode_packets = 1000

# How long a test waits for what should come. Generous: the machine may be busy.
PATIENCE = 15

MODES = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}


class Visitor:
    """Closed with `async with`, and its sockets with it."""

    def __init__(self, url):
        self.url = url
        self.sockets = []

    async def __aenter__(self):
        # The servers under test have an address for a name, of which jars keep no cookies unless told to.
        self.http = aiohttp.ClientSession(self.url, cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self

    async def __aexit__(self, *_):
        for socket in self.sockets:
            await socket.client.shutdown()
        await self.http.close()

    @property
    def sid(self):
        return next((cookie.value for cookie in self.http.cookie_jar if cookie.key == "sid"), None)

    async def post(self, path):
        async with self.http.post(path) as response:
            return response.status

    async def get(self, path):
        async with self.http.get(path) as response:
            return await response.json()

    def socket(self, namespaces=("/",), reconnection=False):
        socket = Socket(self, list(namespaces), reconnection)
        self.sockets.append(socket)
        return socket

    async def connect(self, mode, **options):
        socket = self.socket(**options)
        await socket.connect(mode)
        return socket


class Socket:
    """A client whose comings and goings can be awaited, in their order."""

    def __init__(self, visitor, namespaces, reconnection):
        self.visitor = visitor
        self.namespaces = namespaces
        self.client = socketio.AsyncClient(
            http_session=visitor.http,
            reconnection=reconnection,
            reconnection_delay=0.05,
            reconnection_delay_max=0.2,
        )
        self.happened = asyncio.Queue()
        for namespace in namespaces:
            for event in ("connect", "disconnect", "connect_error"):
                self.client.on(event, self._note(event, namespace), namespace=namespace)

    def _note(self, event, namespace):
        async def note(*arguments):
            await self.happened.put((event, namespace, *arguments))

        return note

    async def connect(self, mode):
        await self.client.connect(
            self.visitor.url, transports=MODES[mode], namespaces=self.namespaces, wait_timeout=PATIENCE
        )
        wanted = "polling" if mode == "polling" else "websocket"
        assert self.client.transport() == wanted, f"the transport is {self.client.transport()}"
        for _ in self.namespaces:
            assert (await self.next())[0] == "connect"

    async def next(self):
        """What happens next, of connect, disconnect and connect_error."""
        return await asyncio.wait_for(self.happened.get(), PATIENCE)

    async def call(self, event, *arguments, namespace="/"):
        """Emits, and returns the acknowledgement."""
        data = arguments[0] if arguments else None
        return await self.client.call(event, data, namespace=namespace, timeout=PATIENCE)
