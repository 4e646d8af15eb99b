"""One application: which hub stands behind which doors? Made by hand in tests, by `worker` in each server process."""

import gc
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.util import Finalize
from threading import BoundedSemaphore
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Request, request
from werkzeug.routing import MapAdapter, Rule

from .config import load_settings
from .exposition import Written
from .heap import share_one_heap
from .running import Hub, open_hub
from .web import errors, limiting, log, watch
from .web.answers import Answer
from .web.forwarding import Proxies
from .web.routes import HEALTH, ROUTES, Route

#: Reads one process does at once. Threads wait cheaply for a turn and dearly for the interpreter: with SQLite, whose
#: driver lets go of it at every row, eight pollers without turns halve the rate and double the 99th percentile. On
#: PostgreSQL a reader waits for the network meanwhile. Slow bodies and slow readers wait outside, in their own threads.
READING_AT_ONCE: Final = {"sqlite": 1, "postgresql": 8}


#: What the matcher is given for a method that no door can have.
UNKNOWN_METHOD: Final = "-"

#: A publication makes up to a million objects, none of them garbage in circles. A look through the young ones stops all
#: other requests for some milliseconds, one through all of them for half a second: hence often, and hardly ever.
GARBAGE: Final = (10_000, 1_000, 10)
#: Seconds after which a publication that computes lets a poll go on, which needs several such turns; else five times as
#: long (`make bench`, crowds: p99 of a poll beside fifty large envelopes 55 to 69 ms in place of 107).
SWITCH: Final = 0.001


class Application(Flask):
    """Flask, made deaf to what a request says about its own address: links come from the settings only."""

    def __init__(self, hub: Hub) -> None:
        super().__init__("hub", static_folder=None)
        public = urlsplit(hub.settings.public_url)
        self._place = {"HTTP_HOST": public.netloc, "wsgi.url_scheme": public.scheme}
        self._proxies = Proxies(hub.settings.proxies)
        self._watched = watch.Watch(super().wsgi_app, hub.settings.log_requests)
        self.url_map.merge_slashes = False  # never a redirect: clients lose their credentials on one

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        environ.update(self._place)
        self._proxies.admit(environ)
        return self._watched(environ, start_response)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """The matcher of one request's path: what Flask makes, without reading an address out of the request."""
        if request is None:
            return super().create_url_adapter(None)
        place, scheme = self._place["HTTP_HOST"], self._place["wsgi.url_scheme"]
        sent = request.environ["REQUEST_METHOD"]  # its case counts (RFC 9110 §9.1); the matcher would not see it
        method = sent if sent.isupper() else UNKNOWN_METHOD
        return MapAdapter(self.url_map, place, "/", "", scheme, request.path, method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The door itself: none of them is a coroutine."""
        return func


def create_app(hub: Hub) -> Flask:
    """The WSGI application over an open hub, which the caller closes."""
    app = Application(hub)
    turns = BoundedSemaphore(READING_AT_ONCE[hub.database.name])
    for route in ROUTES:
        endpoint = f"{route.method} {route.rule}"
        app.url_map.add(Rule(route.rule, endpoint=endpoint, methods=[route.method], strict_slashes=False))
        app.view_functions[endpoint] = _opened(hub, route, turns if is_read(route) else nullcontext())
    app.register_error_handler(
        Exception, lambda error: errors.answer(limiting.of_failure(hub, error, request.environ), request.environ)
    )
    return app


def is_read(route: Route) -> bool:
    """Whether the route takes a turn: reads that work with the database, but not the signs of life."""
    return route.method == "GET" and route not in HEALTH


def _opened(hub: Hub, route: Route, turn: AbstractContextManager[object]) -> Callable[..., Answer]:
    """The door as Flask calls it: with the parts of the path only, and in its turn."""
    door, limited = route.door, route not in HEALTH

    def view(**path: str) -> Answer:
        environ = request.environ
        environ[watch.ROUTE] = route.rule
        if limited:
            hub.limits.check_source(environ.get("REMOTE_ADDR"))
        with turn:
            return door(hub, environ, **path)

    return view


def worker() -> Flask:
    """The application of one server process: what granian calls after the fork.

    Settings come from the environment; what is done beside answering begins; the hub is closed when the process
    ends in order. Raises `BadSetting`, `NotInitialised`, `Unavailable` with what to do.
    """
    share_one_heap()  # for a process that was not forked but started anew
    settings = load_settings()
    log.set_up(settings.log_format)
    hub = open_hub(settings)
    hub.start()
    if settings.metrics_bind:
        written = Written(hub)
        written.start()
        Finalize(None, written.close, exitpriority=20)  # before the hub is closed
    Finalize(None, hub.close, exitpriority=10)  # runs at the end of a child process too, where atexit does not
    app = create_app(hub)
    gc.collect()
    gc.freeze()  # what lives as long as the process is not searched for garbage again
    gc.set_threshold(*GARBAGE)
    sys.setswitchinterval(SWITCH)
    return app
