"""What can the server do at most? A Flask application that answers a word, for the same server and settings."""

from flask import Flask, Response


def worker() -> Flask:
    """The application, made in each server process."""
    app = Flask("hello", static_folder=None)

    @app.get("/<path:_>")
    def _hello(_: str) -> Response:
        return Response(b'{"hello":"world"}', content_type="application/json")

    return app
