"""Steady load on the real server."""

import http.client
import threading

from tests.webapp.serving.server import told


class Load:
    """Steady requests from some threads, each on a connection that it keeps; all that was seen and all that failed."""

    def __init__(self, server, threads=4, again=False):
        self.seen, self.failures, self.count = set(), [], 0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(server, again)) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, server, again):
        while not self._ended.is_set():
            try:
                with server.connected() as connection:
                    while not self._ended.is_set():
                        self.seen.add(told(connection))
                        self.count += 1
                        if again:  # a connection for each request, as the workers come and go
                            break
            except (AssertionError, OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
