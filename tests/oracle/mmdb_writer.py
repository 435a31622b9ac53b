"""Writes small .mmdb files (MaxMind DB format 2.0) of any shape, for seeds and oracles: `write(path, networks)`."""

import ipaddress
import struct

_METADATA_MARK = b"\xab\xcd\xefMaxMind.com"
_SEPARATOR = b"\0" * 16
_RECORD_BITS = 28


class Sized(int):
    """An unsigned number of a kind of its own: 5 of 16 bits, 6 of 32, 9 of 64 (metadata must have the right ones)."""

    def __new__(cls, value, kind):
        number = super().__new__(cls, value)
        number.kind = kind
        return number


class _Data:
    """The data section: every distinct value once."""

    def __init__(self):
        self.octets = b""
        self.places = {}

    def place(self, value):
        encoded = encode(value)
        if encoded not in self.places:
            self.places[encoded] = len(self.octets)
            self.octets += encoded
        return self.places[encoded]


def encode(value):
    """A value in the format's own encoding, without pointers."""
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, str):
        octets = value.encode()
        return _control(2, len(octets)) + octets
    if isinstance(value, float):
        return _control(3, 8) + struct.pack("!d", value)
    if isinstance(value, int):
        octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
        kind = value.kind if isinstance(value, Sized) else 6 if len(octets) <= 4 else 9
        return _control(kind, len(octets)) + octets
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())
    raise TypeError(f"{value!r} has no place in an .mmdb file")


def _control(kind, size):
    if size < 29:
        low, rest = size, b""
    elif size < 29 + 256:
        low, rest = 29, bytes([size - 29])
    else:
        low, rest = 30, (size - 285).to_bytes(2, "big")
    if kind > 7:
        return bytes([low, kind - 7]) + rest
    return bytes([kind << 5 | low]) + rest


def write(path, networks, ip_version=6, **metadata):
    """`networks` maps "203.0.113.0/24" or "2001:db8::/32" to a value; longer prefixes win."""
    width = 128 if ip_version == 6 else 32
    tree = [[None, None]]
    data = _Data()
    for text, value in sorted(networks.items(), key=lambda item: _length(item[0], width)):
        _insert(tree, *_bits(text, width), ("data", data.place(value)))
    count = len(tree)
    nodes = b"".join(_node([_record(side, count) for side in node]) for node in tree)
    described = {
        "binary_format_major_version": Sized(2, 5),
        "binary_format_minor_version": Sized(0, 5),
        "build_epoch": Sized(1_790_000_000, 9),
        "database_type": "Test-Places",
        "description": {"en": "written by mmdb_writer.py"},
        "ip_version": Sized(ip_version, 5),
        "languages": ["en"],
        "node_count": Sized(count, 6),
        "record_size": Sized(_RECORD_BITS, 5),
    } | metadata
    with open(path, "wb") as file:
        file.write(nodes + _SEPARATOR + data.octets + _METADATA_MARK + encode(described))


def _length(text, width):
    network = ipaddress.ip_network(text)
    return network.prefixlen + (width - 32 if network.version == 4 else 0)


def _bits(text, width):
    """IPv4 stands in ::/96 of a tree for IPv6."""
    network = ipaddress.ip_network(text)
    return int(network.network_address), _length(text, width), width


def _insert(tree, value, length, width, leaf):
    node = 0
    for depth in range(length):
        side = value >> (width - 1 - depth) & 1
        if depth == length - 1:
            tree[node][side] = leaf
            return
        below = tree[node][side]
        if not isinstance(below, int):
            tree.append([below, below])
            tree[node][side] = below = len(tree) - 1
        node = below


def _record(side, count):
    if side is None:
        return count
    if isinstance(side, int):
        return side
    return count + len(_SEPARATOR) + side[1]


def _node(records):
    left, right = records
    middle = (left >> 24) << 4 | right >> 24
    return (left & 0xFFFFFF).to_bytes(3, "big") + bytes([middle]) + (right & 0xFFFFFF).to_bytes(3, "big")
