"""The doors: HTTP in, HTTP out. The only package that knows Flask and status codes."""
