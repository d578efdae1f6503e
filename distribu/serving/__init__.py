"""The front: what stands between the network and the application.

A request holds a thread only while the application works on it. The front reads the body into a
spool first, and sends the answer afterwards, both in one event loop; in between the application
runs in a thread of the lane that the request belongs to. A slow client waits for itself alone.

- Front: the ASGI application that `flask serve` gives to the server.
- Spool: a body that has arrived whole.
- Lane: the threads for one kind of request, so that uploads never take those of pages.
- Answer: what the application said, held in memory, in a file, or read on while it is sent.
"""
