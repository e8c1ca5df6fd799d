"""The edge front: requests to services over HTTP, from socket to socket without a task for each.

`EdgeProtocol` is the guarded protocol with a lane beside it. What the lane takes (small requests to
services) passes the same chain of filters, and goes to an `EdgeUpstream` and back as bytes. Everything
else (pages, large bodies, upgrades, pipelined requests) goes the way of the ASGI front, in the same process.
"""

from gateway.edge.lane import Lane
from gateway.edge.protocol import EdgeProtocol
from gateway.edge.upstream import EdgeUpstream

__all__ = ["EdgeProtocol", "EdgeUpstream", "Lane"]
