"""What a WSGI server and the flask command load."""

from distribu import create_app

app = create_app()
