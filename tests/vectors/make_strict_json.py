"""Write `strict_json/`: JSON texts that must be refused, each named after its defect, and where the fault lies.

Run `python tests/vectors/make_strict_json.py`; a test compares what lies there with what this writes.
"""

import json
from pathlib import Path

HERE = Path(__file__).parent / "strict_json"
DEEP = 65

DEFECTS: dict[str, tuple[bytes, str]] = {
    "duplicate-key": (b'{"a":1,"b":2,"a":3}', "$"),
    "duplicate-key-nested": (b'{"a":[{"b":{"c":1,"d":2,"c":1}}]}', "$.a[0].b"),
    "duplicate-key-escaped": (b'{"A":1,"\\u0041":1}', "$"),
    "duplicate-key-empty": (b'{"":1,"":1}', "$"),
    "byte-order-mark": (b'\xef\xbb\xbf{"a":1}', "byte 0"),
    "utf-16-be": ('{"a":1}'.encode("utf-16-be"), "byte 0"),
    "utf-16-le": ('{"a":1}'.encode("utf-16-le"), "byte 0"),
    "utf-16-with-mark": ('{"a":1}'.encode("utf-16"), "byte 0"),
    "utf-32-be": ('{"a":1}'.encode("utf-32-be"), "byte 0"),
    "utf-32-le": ('{"a":1}'.encode("utf-32-le"), "byte 0"),
    "latin-1": (b'{"a":"caf\xe9"}', "byte 9"),
    "overlong-slash": (b'{"a":"\xc0\xaf"}', "byte 6"),
    "overlong-nul": (b'{"a":"\xc0\x80"}', "byte 6"),
    "surrogate-as-utf-8": (b'{"a":"\xed\xa0\x80"}', "byte 6"),
    "beyond-unicode": (b'{"a":"\xf4\x90\x80\x80"}', "byte 6"),
    "lone-high-surrogate": (b'{"a":["\\ud800"]}', "$.a[0]"),
    "lone-low-surrogate": (b'{"a":"x\\udc00y"}', "$.a"),
    "surrogates-reversed": (b'{"a":"\\udc00\\ud800"}', "$.a"),
    "surrogate-in-key": (b'{"\\ud800":1}', "$"),
    "nul-escaped": (b'{"a":"x\\u0000"}', "$.a"),
    "nul-in-key": (b'{"\\u0000":1}', "$"),
    "nul-raw": (b'{"a":"x\x00"}', "line 1 column 8"),
    "control-character-raw": (b'{"a":"x\x1f"}', "line 1 column 8"),
    "noncharacter-fffe": ('{"a":"\ufffe"}'.encode(), "$.a"),
    "noncharacter-ffff-escaped": (b'{"a":"\\uffff"}', "$.a"),
    "noncharacter-fdd0": ('{"a":"\ufdd0"}'.encode(), "$.a"),
    "noncharacter-1fffe": ('{"a":"\U0001fffe"}'.encode(), "$.a"),
    "noncharacter-10ffff": ('{"a":"\U0010ffff"}'.encode(), "$.a"),
    "key-not-ascii": ('{"a":{"é":1}}'.encode(), "$.a"),
    "key-not-ascii-escaped": (b'{"a":{"\\u00e9":1}}', "$.a"),
    "nan": (b'{"a":NaN}', "$.a"),
    "infinity": (b'{"a":[1,Infinity]}', "$.a[1]"),
    "minus-infinity": (b'{"a":-Infinity}', "$.a"),
    "number-1e400": (b'{"a":1e400}', "$.a"),
    "number-minus-1e400": (b'{"a":-1e400}', "$.a"),
    "number-1e21": (b'{"a":1e21}', "$.a"),
    "number-1e16": (b'{"a":1e16}', "$.a"),
    "number-1e16-as-integer": (b'{"a":10000000000000000}', "$.a"),
    "number-1e16-as-fraction": (b'{"a":10000000000000000.0}', "$.a"),
    "number-1e16-shifted": (b'{"a":0.1E17}', "$.a"),
    "number-2-to-53": (b'{"a":9007199254740992}', "$.a"),
    "number-2-to-53-plus-1": (b'{"a":9007199254740993}', "$.a"),
    "number-minus-2-to-53": (b'{"a":-9007199254740992}', "$.a"),
    "number-rounds-to-2-to-53": (b'{"a":9007199254740991.5}', "$.a"),
    "number-2-to-63": (b'{"a":9223372036854775808}', "$.a"),
    "number-2-to-64": (b'{"a":18446744073709551616}', "$.a"),
    "number-30-digits": (b'{"a":' + b"1" * 30 + b"}", "$.a"),
    "number-5000-digits": (b'{"a":' + b"9" * 5000 + b"}", "$.a"),
    "number-minus-5000-digits": (b'{"a":-' + b"9" * 5000 + b"}", "$.a"),
    "minus-zero": (b'{"a":-0}', "$.a"),
    "minus-zero-fraction": (b'{"a":-0.0}', "$.a"),
    "minus-zero-exponent": (b'{"a":-0e5}', "$.a"),
    "becomes-minus-zero": (b'{"a":-1e-400}', "$.a"),
    "leading-zero": (b'{"a":01}', "line 1 column 7"),
    "leading-plus": (b'{"a":+1}', "line 1 column 6"),
    "bare-point": (b'{"a":1.}', "line 1 column 7"),
    "hexadecimal": (b'{"a":0x1}', "line 1 column 7"),
    "depth-65-lists": (b"[" * DEEP + b"]" * DEEP, "$" + "[0]" * (DEEP - 1)),
    "depth-65-objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "$" + ".a" * (DEEP - 1)),
    "depth-600-custom-property": (
        b'{"x_nest":["b",' + b"[" * 600 + b"]" * 600 + b"]}",
        "$.x_nest[1]" + "[0]" * (DEEP - 3),
    ),
    "empty": (b"", "line 1 column 1"),
    "white-space": (b" \n ", "line 2 column 2"),
    "trailing-garbage": (b'{"a":1}x', "line 1 column 8"),
    "two-values": (b'{"a":1}{"a":1}', "line 1 column 8"),
    "trailing-nul": (b'{"a":1}\x00', "line 1 column 8"),
    "trailing-comma": (b'{"a":1,}', "line 1 column 8"),
    "comment": (b'{"a":1/*one*/}', "line 1 column 7"),
    "single-quotes": (b"{'a':1}", "line 1 column 2"),
    "unterminated": (b'{"a":[1,2', "line 1 column 10"),
    "unterminated-text": (b'{"a":"x', "line 1 column 6"),
    "bad-escape": (b'{"a":"\\x41"}', "line 1 column 7"),
    "truncated-escape": (b'{"a":"\\u12"}', "line 1 column 8"),
    "no-break-space": ('{"a":\u00a01}'.encode(), "line 1 column 6"),
    "capital-true": (b'{"a":True}', "line 1 column 6"),
}


def files() -> dict[str, bytes]:
    """File name -> content."""
    texts = {f"{name}.json": text for name, (text, _) in DEFECTS.items()}
    where = json.dumps({name: path for name, (_, path) in DEFECTS.items()}, indent=1)
    return texts | {"where.txt": f"{where}\n".encode()}


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for file, content in files().items():
        (HERE / file).write_bytes(content)
