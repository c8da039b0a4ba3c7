"""A port of our own on loopback."""

import socket


def reserve() -> socket.socket:
    """A socket bound to a free loopback port, which it holds until it is closed.

    It never listens: a server that sets SO_REUSEPORT, or on Linux SO_REUSEADDR as Go does, binds the same port and gets
    all connections. The kernel gives the port to nobody else meanwhile, so that two of us cannot pick the same one.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder
