"""What is it? STIX objects, TAXII resources and queries, and the client that talks to peers.

May import the standard library, stix2, taxii2-client, the STIX schemas and pattern grammar, jsonschema-rs and orjson;
never `keys`, `policies` or `hub`: a value of another room is declared here as a Protocol.
"""
