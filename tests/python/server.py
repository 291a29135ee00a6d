"""The test server as a process of its own."""

import os
import subprocess


class Server:
    def __init__(self, port=0):
        self.process = subprocess.Popen(
            [os.environ["SERVER_BIN"]],
            # A client that leaves while it waits for a poll to be answered waits for the next ping.
            env={**os.environ, "PORT": str(port), "PING_INTERVAL": "1000"},
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"the server said {line!r}")
        self.port = int(line.split()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
