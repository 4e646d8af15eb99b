"""Gives an empty OpenTAXII an API root, two collections and an administrator; prints their ids and a token as JSON."""

import json

from opentaxii.config import ServerConfig
from opentaxii.middleware import create_app
from opentaxii.server import TAXIIServer

PASSWORD = "secret"

server = TAXIIServer(ServerConfig())
with create_app(server).app_context():
    store = server.servers.taxii2.persistence.api
    root = store.add_api_root(title="Root", default=True)
    made = [store.add_collection(api_root_id=root.id, title=title, alias=title.lower()) for title in ("One", "Two")]
    store.db.session.commit()
    accounts = server.auth.api
    accounts.create_account("admin", PASSWORD, is_admin=True)
    told = {"root": str(root.id), "collections": [str(each.id) for each in made]}
    print(json.dumps(told | {"token": accounts.authenticate("admin", PASSWORD)}))  # noqa: T201 - its answer
