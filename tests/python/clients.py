"""The asyncio and the threaded client of python-socketio behind one interface."""

import asyncio

import socketio

# For whatever has to come, in seconds.
TIMEOUT = 30

# How fast a client comes back, in seconds.
RECONNECTION = {"reconnection_delay": 0.05, "reconnection_delay_max": 0.2}


class Client:
    """A socket in one namespace, and the events that came for it."""

    def __init__(self, client, namespace):
        self.client = client
        self.namespace = namespace
        self.loop = asyncio.get_running_loop()
        self.queues = {}
        for name in ("connect", "disconnect", "*"):
            client.on(name, self.listener(name), namespace=namespace)
        client.on("question", self.answerer(), namespace=namespace)

    def arrived(self, name, *args):
        # The threaded client calls from threads of its own.
        self.loop.call_soon_threadsafe(lambda: self.queue(name).put_nowait(args))

    def queue(self, name):
        return self.queues.setdefault(name, asyncio.Queue())

    async def next(self, name):
        """The arguments of the next such event."""
        return await asyncio.wait_for(self.queue(name).get(), TIMEOUT)

    def options(self, transports, auth):
        return {
            "transports": transports,
            "auth": auth,
            "namespaces": [self.namespace],
            "wait_timeout": TIMEOUT,
        }

    def transport(self):
        return self.client.transport()


class AsyncioClient(Client):
    keeps_order = True

    def __init__(self, namespace="/"):
        super().__init__(socketio.AsyncClient(**RECONNECTION), namespace)

    def listener(self, name):
        async def listen(*args):
            self.arrived(*(args if name == "*" else (name, *args)))

        return listen

    def answerer(self):
        async def answer(value):
            return {"answer": value}

        return answer

    async def connect(self, url, transports, auth=None):
        await self.client.connect(url, **self.options(transports, auth))

    async def emit(self, name, *args):
        await self.client.emit(name, args, namespace=self.namespace)

    async def call(self, name, *args):
        return await self.client.call(name, args, namespace=self.namespace, timeout=TIMEOUT)

    async def sent(self):
        await self.client.eio.queue.join()

    async def disconnect(self):
        await self.client.disconnect()


class ThreadedClient(Client):
    # Every handler is called from a thread of its own.
    keeps_order = False

    def __init__(self, namespace="/"):
        super().__init__(socketio.Client(**RECONNECTION), namespace)

    def listener(self, name):
        return lambda *args: self.arrived(*(args if name == "*" else (name, *args)))

    def answerer(self):
        return lambda value: {"answer": value}

    async def connect(self, url, transports, auth=None):
        await asyncio.to_thread(self.client.connect, url, **self.options(transports, auth))

    async def emit(self, name, *args):
        await asyncio.to_thread(self.client.emit, name, args, namespace=self.namespace)

    async def call(self, name, *args):
        call = self.client.call
        return await asyncio.to_thread(call, name, args, namespace=self.namespace, timeout=TIMEOUT)

    async def sent(self):
        await asyncio.to_thread(self.client.eio.queue.join)

    async def disconnect(self):
        await asyncio.to_thread(self.client.disconnect)
