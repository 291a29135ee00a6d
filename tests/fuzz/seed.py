"""Fill corpus/ with what the fixtures hold, one file for each different input.

Run it after the fixtures have changed, and commit what it writes. Seeds that are there stay.
"""

import base64
import json
import re
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"

# What a fuzzer can still do much with.
LONGEST = 600

RECORD_SEPARATOR = b"\x1e"
KEY = bytes([0x37, 0xFA, 0x21, 0x3D])
FIN, TEXT, BINARY = 0x80, 0x1, 0x2


def fixture(name):
    return json.loads((FIXTURES / name).read_text())


def main():
    corpora = {
        "socket_io": socket_io,
        "engine_io": engine_io,
        "msgpack": msgpack,
        "cluster": cluster,
        "events": events,
        "connect": connect,
        "websocket": websocket,
        "handshake": handshake,
        "deflate": deflate,
    }
    for target, seeds in corpora.items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        known = {file.read_bytes() for file in folder.iterdir()}
        for name, seed in seeds():
            if len(seed) <= LONGEST and seed not in known:
                known.add(seed)
                free_name(folder, name).write_bytes(seed)


def free_name(folder, name):
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "empty"
    number, path = 1, folder / slug
    while path.exists():
        number += 1
        path = folder / f"{slug}-{number}"
    return path


def socket_io_chunks():
    """Each case with its messages, text as str and binary as bytes."""
    cases = fixture("encoders-socketio.json")
    for case in cases["encode"]:
        attachments = [base64.b64decode(text) for text in case["attachments"]]
        yield case["name"], [case["encoded"], *attachments]
    for case in cases["decode"]:
        yield case["name"], [unpacked(chunk) for chunk in case["chunks"]]


def socket_io_texts():
    """The text that each case begins with."""
    for name, chunks in socket_io_chunks():
        if chunks and isinstance(chunks[0], str):
            yield name, chunks[0]


def unpacked(value):
    return base64.b64decode(value["$binary"]) if isinstance(value, dict) else value


def socket_io():
    for name, chunks in socket_io_chunks():
        messages = [c.encode("utf-8", "surrogatepass") if isinstance(c, str) else b"b" + c for c in chunks]
        yield name, RECORD_SEPARATOR.join(messages)


def engine_io():
    cases = fixture("encoders-engineio.json")
    for case in cases["encodePayload"]:
        yield case["name"], case["encoded"].encode()
    for case in cases["decode"]:
        yield f"decode {case['input']}", case["input"].encode("utf-8", "surrogatepass")
    for scenario, event in transcript_events("http-request"):
        if event["method"] == "POST" and "text" in (event.get("body") or {}):
            yield f"post {scenario}", event["body"]["text"].encode()


def msgpack():
    cases = fixture("encoders-msgpack.json")
    for case in cases["parserEncode"]:
        yield case["name"], base64.b64decode(case["encoded"])
    for case in cases["parserDecode"]:
        seed = unpacked(case["input"])
        yield case["name"], seed.encode() if isinstance(seed, str) else seed


def events():
    for name, text in socket_io_texts():
        head, bracket, rest = text.partition("[")
        if bracket and head[:1] in ("2", "3", "5", "6") and rest.endswith("]"):
            args = rest[:-1] if head[0] in "36" else rest[:-1].partition(",")[2]
            yield name, args.encode("utf-8", "surrogatepass")


def cluster():
    """One of each form: the values in it are ids, names and times."""
    forms = set()
    for file in sorted(FIXTURES.glob("redis-*.json")):
        for step in json.loads(file.read_text())["steps"]:
            for command in step["commands"]:
                seed, decoded = redis_payload(command)
                form = shape(decoded)
                if seed and form not in forms:
                    forms.add(form)
                    yield f"{file.stem.removeprefix('redis-')} {form}", seed


def redis_payload(command):
    if "payload" in command:
        return base64.b64decode(command["payload"]), command["decoded"]
    if "decodedData" in command:
        return command["fields"]["data"].encode(), command["decodedData"]
    if "decodedValue" in command:
        return command["args"][1]["text"].encode(), command["decodedValue"]
    return None, None


def shape(decoded):
    """The format, and the type and members of a message."""
    if not decoded:
        return None
    value = decoded["value"]
    members = value[1] if isinstance(value, list) else value
    inner = members.get("data", {})
    names = [*members, *(inner if isinstance(inner, dict) else [])]
    return " ".join([decoded["format"], str(members.get("type", "")), *names])


def connect():
    for name, text in socket_io_texts():
        if text.startswith("0"):
            rest = text[1:]
            nsp, _, auth = rest.partition(",") if rest.startswith("/") else ("/", "", rest)
            yield name, f"{nsp}\n{auth}".encode()
    names = ["/room-7", "/acme/a-b.c", "/a\u00e9b", "/{a}/{b}"]
    yield from ((name, f"{name}\n{{}}".encode()) for name in names)
    claim = {"pid": "YHcX2sdAF1z452-HAAAW", "offset": "---------1", "token": "abc"}
    yield "a claim with an offset", f"/\n{json.dumps(claim)}".encode()


def websocket():
    streams = {}
    for scenario, event in transcript_events("ws-frame"):
        if event["dir"] != "c2s" or event["type"] not in ("text", "binary"):
            continue
        payload = frame_payload(event)
        if payload is not None and len(payload) < 1 << 16:
            opcode = TEXT if event["type"] == "text" else BINARY
            streams.setdefault(scenario, []).append(masked(FIN | opcode, payload))
    for scenario, frames in streams.items():
        yield scenario, bytes([len(frames)]) + b"".join(frames)


def masked(first, payload):
    length = len(payload)
    if length < 126:
        head = bytes([first, 0x80 | length])
    else:
        head = bytes([first, 0x80 | 126]) + length.to_bytes(2, "big")
    return head + KEY + bytes(byte ^ KEY[at % 4] for at, byte in enumerate(payload))


def handshake():
    forms = set()
    for scenario, event in transcript_events("http-request", "ws-request"):
        query = event["path"].partition("?")[2]
        headers = [f"{name.lower()}: {value}" for name, value in event["headers"]]
        # One of each form: the values of parameters are sessions and times.
        form = (re.sub("=[^&]*", "", query), len(headers))
        if form not in forms:
            forms.add(form)
            yield scenario, "\n".join([query, *headers]).encode()
    for name, lines in {
        "behind a proxy": ["x-forwarded-for: 6.6.6.6, 1.2.3.4:80", "x-forwarded-proto: https"],
        "behind two proxies": ["forwarded: for=6.6.6.6, For=\"[2001:db8::1]:80\";Proto=https"],
    }.items():
        yield name, "\n".join(["EIO=4&a=b%20+c", *lines]).encode()


def deflate():
    for scenario, event in transcript_events("ws-request"):
        for name, value in event["headers"]:
            if name.lower() == "sec-websocket-extensions":
                yield scenario, b"\x06" + value.encode()
    offer = "permessage-deflate; client_max_window_bits=10; server_max_window_bits=\"9\", x-other; a=\"b,c\""
    yield "an offer with windows", b"\x06" + offer.encode()
    # RFC 7692, section 7.2.3.
    yield "a deflate block", b"\x00\xf2\x48\xcd\xc9\xc9\x07\x00"
    yield "two blocks", b"\x00\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"
    yield "a final block", b"\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"


def transcript_events(*kinds):
    for scenario in fixture("transcripts.json")["scenarios"]:
        for event in scenario["events"]:
            if event["ev"] in kinds:
                yield scenario["name"], event


def frame_payload(event):
    """None where the recording has cut it short."""
    if "text" in event:
        return event["text"].encode()
    return base64.b64decode(event["base64"]) if "base64" in event else None


if __name__ == "__main__":
    main()
