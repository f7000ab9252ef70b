"""Starts a server under test on a free port of the loopback interface, and ends it by its own process id."""

import asyncio
import os
import re

READY = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")
START = 60


class Server:
    """One of the programs that `cargo xtask test` has built and named."""

    def __init__(self, variable, *arguments):
        if variable not in os.environ:
            raise RuntimeError(f"{variable} is not set: run `cargo xtask test --only py`")
        self.command = [os.environ[variable], "--listen", "127.0.0.1:0", *arguments]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(*self.command, stdout=asyncio.subprocess.PIPE)
        try:
            return await asyncio.wait_for(self._url(), START)
        except BaseException:
            await self.__aexit__()
            raise

    async def _url(self):
        while line := await self.process.stdout.readline():
            if ready := READY.search(line.decode()):
                return ready[1]
        raise RuntimeError(f"{self.command[0]} ended before it listened")

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
