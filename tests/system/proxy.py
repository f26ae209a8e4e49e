"""A proxy in front of Redis that can lose a connection between two requests of one client."""

import socket
import threading


class Proxy:
    """Passes on what the clients of a Unix socket and Redis say.

    After lose_after(n) each connection is closed instead of passing on a request after the n-th
    script that it was sent; until lose_after(None).
    """

    def __init__(self, path, redis_socket):
        self.path, self.redis_socket, self.limit = path, str(redis_socket), None
        self.lost = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        path.chmod(0o777)
        self.listener.listen(64)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def lose_after(self, n):
        self.limit = n

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            redis = socket.socket(socket.AF_UNIX)
            redis.connect(self.redis_socket)
            threading.Thread(target=self._requests, args=(client, redis), daemon=True).start()
            threading.Thread(target=self._replies, args=(client, redis), daemon=True).start()

    def _requests(self, client, redis):
        scripts = 0
        while data := self._receive(client):
            if b"EVALSHA" in data:
                scripts = scripts + 1 if self.limit is not None else 0
                if self.limit is not None and scripts > self.limit:
                    self.lost += 1
                    break
            redis.sendall(data)
        for sock in (client, redis):
            self._close(sock)

    def _replies(self, client, redis):
        while data := self._receive(redis):
            try:
                client.sendall(data)
            except OSError:
                break
        for sock in (client, redis):
            self._close(sock)

    @staticmethod
    def _receive(sock):
        try:
            return sock.recv(65536)
        except OSError:
            return b""

    @staticmethod
    def _close(sock):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()
