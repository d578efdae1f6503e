"""The front: the layer between the network and the application.

A request holds a thread only while the application works on it. The front first reads the body
into a spool, and sends the response afterwards, both in one event loop; in between the
application runs in a thread of the request's lane. So a slow client delays only itself.

- Front: the ASGI application that `flask serve` gives to the server.
- Spool: a body that has arrived completely.
- Lane: the threads for one kind of request, so that uploads never occupy those of pages.
- Answer: the application's response, held in memory or in a file, or read while it is sent.
"""
