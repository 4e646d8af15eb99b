"""medallion as a WSGI application; run by its own environment's Python, with the settings that PEER_CONFIG names."""

import os

from medallion import load_app

app = load_app(os.environ["PEER_CONFIG"])
