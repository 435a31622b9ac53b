"""Writes two databases of random networks into a folder: places.mmdb in MaxMind's nested shape with countries, subdivisions,
continents and coordinates, some of each missing, prefixes nested in prefixes; asn.mmdb with AS numbers alone."""

import ipaddress
import random
import sys
from pathlib import Path

from mmdb_writer import write

PLACES = 1500
SYSTEMS = 400
COUNTRIES = ["DE", "AT", "FR", "NO", "JP", "BR", "US", "IN", "PE"]
# Neither they nor their continents stand in the rules.
UNNAMED = ["ZA", "AU", "NZ", "EG"]
SUBDIVISIONS = {"US": ["CA", "NY", "TX"], "BR": ["SP"], "DE": ["BE"]}


def network(chance):
    """A random prefix of either family; IPv6 ones lie in 2000::/3 beside 6to4 and Teredo."""
    if chance.random() < 0.5:
        length = chance.choice([8, 10, 12, 16, 17, 20, 23, 24, 28, 32])
        value = chance.getrandbits(length) << 32 - length
        return str(ipaddress.ip_network((value, length)))
    length = chance.choice([12, 16, 20, 29, 32, 40, 48, 64])
    value = 0x24 << 120 | chance.getrandbits(122)
    return str(ipaddress.ip_network((value >> 128 - length << 128 - length, length)))


def place(chance):
    """A record that has some of everything. A place that the rules do not name has coordinates: the product has a central
    point for each country, the oracle has none."""
    record = {}
    if chance.random() < 0.7:
        country = chance.choice(COUNTRIES + UNNAMED)
        record["country"] = {"iso_code": country}
        if country in SUBDIVISIONS and chance.random() < 0.6:
            record["subdivisions"] = [{"iso_code": chance.choice(SUBDIVISIONS[country])}]
    if "country" not in record and chance.random() < 0.3:
        record["continent"] = {"code": chance.choice(["EU", "AS"])}
    if not record or "country" in record and country in UNNAMED or chance.random() < 0.6:
        record["location"] = {
            "latitude": round(chance.uniform(-89, 89), 4),
            "longitude": round(chance.uniform(-179, 179), 4),
        }
    return record


def main():
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "places.mmdb", {network(chance): place(chance) for _ in range(PLACES)})
    systems = {network(chance): {"autonomous_system_number": 64500 + chance.randrange(8)} for _ in range(SYSTEMS)}
    write(folder / "asn.mmdb", systems)


if __name__ == "__main__":
    main()
