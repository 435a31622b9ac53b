#!/usr/bin/env python3
"""Makes the small .mmdb files of this folder (format: https://maxmind.github.io/MaxMind-DB/). Run it here."""

COUNTRIES = ["DE", "FR", "US", "SG", "JP", "BR", "ZA", "AU", "IN", "GB"]


def control(kind, size):
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def text(value):
    octets = value.encode()
    return control(2, len(octets)) + octets


def number(kind, value):
    octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return control(kind, len(octets)) + octets


def table(entries):
    return control(7, len(entries)) + b"".join(text(key) + value for key, value in entries)


def database(networks):
    """IPv4 networks of 8 bits, each with a record; 24-bit tree."""
    nodes, data, leaves = [[None, None]], b"", {}
    for first, record in networks:
        offset = len(data)
        data += record
        node = 0
        for depth in range(7, -1, -1):
            bit = first >> depth & 1
            if depth == 0:
                leaves[node, bit] = offset
            else:
                if nodes[node][bit] is None:
                    nodes.append([None, None])
                    nodes[node][bit] = len(nodes) - 1
                node = nodes[node][bit]
    tree = b""
    for index, node in enumerate(nodes):
        for bit in (0, 1):
            value = node[bit]
            if (index, bit) in leaves:
                value = len(nodes) + 16 + leaves[index, bit]
            tree += (len(nodes) if value is None else value).to_bytes(3, "big")
    metadata = table([
        ("binary_format_major_version", number(5, 2)),
        ("binary_format_minor_version", number(5, 0)),
        ("build_epoch", number(9, 1_700_000_000)),
        ("database_type", text("test")),
        ("description", table([])),
        ("ip_version", number(5, 4)),
        ("languages", control(11, 0)),
        ("node_count", number(6, len(nodes))),
        ("record_size", number(5, 24)),
    ])
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + metadata


def countries(codes):
    return database([(first + 1, table([("country_code", text(code))])) for first, code in enumerate(codes)])


def city(code, name, geonames):
    names = table([("en", text(name))])
    return table([
        ("city", table([("geoname_id", number(6, geonames)), ("names", names)])),
        ("country", table([("iso_code", text(code))])),
    ])


CITIES = [
    ("US", "Los Angeles", 5368361),
    ("US", "Las Vegas", 5506956),
    ("DE", "Munich", 2867714),
    ("BR", "São Paulo", 3448439),
]


def write(name, octets):
    with open(name, "wb") as file:
        file.write(octets)


good = countries(COUNTRIES)
write("city.mmdb", database([(first + 1, city(*described)) for first, described in enumerate(CITIES)]))
write("country.mmdb", good)
write("country-shrunken.mmdb", countries(COUNTRIES[:7]))
write("country-truncated.mmdb", good[: len(good) // 2])
write("empty.mmdb", database([(1, table([("note", text("nothing usable"))]))]))
