"""Gives a flat country database (`country_code`) the shape of GeoIP2 (`continent/code`, `country/iso_code`), which is the one
that all peers read: geoip2.py FLAT.mmdb GEOIP2.mmdb

The tree stays as it is; only its pointers into the data section are set anew."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "oracle"))

import maxminddb
from continents import CONTINENT_OF
from maxminddb.decoder import Decoder
from mmdb_writer import Sized, encode

_METADATA_MARK = b"\xab\xcd\xefMaxMind.com"
_SEPARATOR = b"\0" * 16
_RECORD_BITS = 24


def convert(flat, shaped):
    octets = Path(flat).read_bytes()
    metadata = maxminddb.open_database(flat, maxminddb.MODE_MEMORY).metadata()
    if metadata.record_size != _RECORD_BITS:
        sys.exit(f"{flat}: records of {metadata.record_size} bits, {_RECORD_BITS} expected")
    tree_size = metadata.node_count * 2 * _RECORD_BITS // 8
    data_start = tree_size + len(_SEPARATOR)
    decoder = Decoder(octets, data_start)
    data, places, tree = bytearray(), {}, bytearray(octets[:tree_size])
    for at in range(0, tree_size, 3):
        record = int.from_bytes(tree[at : at + 3], "big")
        if record <= metadata.node_count:
            continue
        if record not in places:
            value, _ = decoder.decode(data_start + record - metadata.node_count - len(_SEPARATOR))
            places[record] = metadata.node_count + len(_SEPARATOR) + len(data)
            data += encode(_shape(value["country_code"]))
        tree[at : at + 3] = places[record].to_bytes(3, "big")
    Path(shaped).write_bytes(tree + _SEPARATOR + data + _METADATA_MARK + encode(_describe(metadata)))


def _shape(country):
    place = {"country": {"iso_code": country, "names": {"en": country}}}
    continent = CONTINENT_OF.get(country)
    return place if continent is None else {"continent": {"code": continent}} | place


def _describe(metadata):
    return {
        "binary_format_major_version": Sized(2, 5),
        "binary_format_minor_version": Sized(0, 5),
        "build_epoch": Sized(metadata.build_epoch, 9),
        "database_type": "GeoLite2-Country",
        "description": {"en": "IP geolocation by DB-IP, shaped by geoip2.py"},
        "ip_version": Sized(metadata.ip_version, 5),
        "languages": ["en"],
        "node_count": Sized(metadata.node_count, 6),
        "record_size": Sized(_RECORD_BITS, 5),
    }


if __name__ == "__main__":
    convert(*sys.argv[1:3])
