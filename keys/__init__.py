"""Who said it? From bytes to a proven signer: strict JSON, canonical bytes, keys, manifests and signed statements.

This room owns `cryptography` and canonical JSON (RFC 8785). It may import the standard library, `cryptography`,
`orjson` and `rfc8785`; it knows neither STIX (`feeds`), nor rules of sharing (`policies`), nor the hub. It reads no
clock and no database: both are passed in. Verification raises; nothing here returns a boolean that could be ignored.
"""
