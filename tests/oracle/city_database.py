"""Writes a database of random networks in the shape of GeoIP2-City: city_database.py FILE SEED

Continents, countries, subdivisions and cities, some of each missing, prefixes nested in prefixes."""

import random
import sys

from mmdb_writer import write
from synthetic_databases import network

NETWORKS = 3000
# Continent, country, subdivision, city.
PLACES = [
    ("EU", "DE", "BE", "Berlin"),
    ("EU", "DE", "BY", "Munich"),
    ("EU", "DE", "BY", "Augsburg"),
    ("EU", "DE", "HE", "Frankfurt am Main"),
    ("EU", "FR", "IDF", "Paris"),
    ("NA", "US", "CA", "Los Angeles"),
    ("NA", "US", "CA", "San Diego"),
    ("NA", "US", "TX", "Paris"),
    ("NA", "MX", "JAL", "Guadalajara"),
    ("AS", "JP", "13", "Tokyo"),
]


def record(chance):
    """A place known more or less closely; now and then nothing that a map asks for."""
    continent, country, subdivision, city = chance.choice(PLACES)
    known = chance.randrange(5)
    place = {"location": {"latitude": 1.0, "longitude": 2.0}}
    if known > 0:
        place["continent"] = {"code": continent}
    if known > 1:
        place["country"] = {"iso_code": country}
    if known > 2:
        place["subdivisions"] = [{"iso_code": subdivision}]
    if known > 3:
        place["city"] = {"names": {"en": city}}
    return place


def main():
    chance = random.Random(int(sys.argv[2]))
    networks = {network(chance): record(chance) for _ in range(NETWORKS)}
    write(sys.argv[1], networks, database_type="GeoIP2-City")


if __name__ == "__main__":
    main()
