"""Judges the answers of a running server by a walk of its own through the same database and the same rules.

Every list of sites in the rules begins with a site of its own and every site has one pool with one address, so that the
address in an answer names the class. The oracle knows two things of the product: DNS, and semantics.md §6 and §7.
It looks every client up with MaxMind's reader and never sees the product's tables.

Prints what it did as JSON; the exit status is 1 when there is a fault.
"""

import argparse
import bisect
import ipaddress
import json
import math
import random
import socket
import struct
import sys
import time

import maxminddb

from continents import CONTINENT_OF

A, AAAA, OPT, CLIENT_SUBNET = 1, 28, 41, 8
WINDOW = 48
ATTEMPTS = 5
SAMPLES = 20
FAULTS_SHOWN = 20
EARTH_METRES = 6_371_000

BITS = {4: 32, 6: 128}
SPECIAL = {
    4: """0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
          192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4""",
    6: "::/128 ::1/128 100::/64 2001:db8::/32 fc00::/7 fe80::/10 ff00::/8",
}
# Where an IPv4 address stands in an IPv6 one: the first 96 or 16 bits, and how far the address is from the right end.
MAPPED = (0xFFFF << 32, 0)
SIX_TO_FOUR = (0x2002 << 112, 80)


class Network:
    """A prefix of either family as a range of integers."""

    def __init__(self, text):
        network = ipaddress.ip_network(text)
        self.version = network.version
        self.length = network.prefixlen
        self.first = int(network.network_address)
        self.last = int(network.broadcast_address)

    def holds(self, version, value):
        return self.version == version and self.first <= value <= self.last

    def lies_in(self, other):
        return self.version == other.version and other.first <= self.first and self.last <= other.last


class Oracle:
    """What class a client has, and how far around it that holds."""

    def __init__(self, rules, databases):
        self.readers = [maxminddb.open_database(database) for database in databases]
        self.rules = rules
        self.default = tuple(rules["default"])
        self.networks = [(Network(text), tuple(sites)) for text, sites in rules["network"].items()]
        self.networks.sort(key=lambda entry: -entry[0].length)
        self.special = [Network(text) for blocks in SPECIAL.values() for text in blocks.split()]
        self.by_country = self.countries(rules)
        self.tables = {}
        self.tables[4] = self.merged(4, self.edges(4))
        self.tables[6] = self.merged(6, self.edges(6))
        classes = {found for table in self.tables.values() for found in table[1] if found[0] != "special"}
        self.single = len(classes) == 1

    def countries(self, rules):
        """Country by itself before its group before its continent."""
        lists = {}
        for country, continent in CONTINENT_OF.items():
            group = next((name for name, members in rules["region"].items() if country in members), None)
            for table, key in ((rules["country"], country), (rules["country"], group), (rules["continent"], continent)):
                if key in table:
                    lists[country] = tuple(table[key])
                    break
        return lists

    def class_of(self, version, value, transport=False):
        """The ordered sites of a client, or ("special", block) for a client subnet in such a block."""
        if version == 6:
            embedded = embedded_ipv4(value)
            if embedded is not None:
                return self.class_of(4, embedded, transport)
        block = next((block for block in self.special if block.holds(version, value)), None)
        for network, sites in self.networks:
            if network.holds(version, value) and (transport or block is None or network.lies_in(block)):
                return sites
        if block is not None and not transport:
            return ("special", f"{block.first:x}/{block.length}")
        if version == 6 and value < 1 << 32:
            return self.default
        address = ipaddress.ip_address(value.to_bytes(BITS[version] // 8, "big"))
        return self.class_of_records([reader.get(address) or {} for reader in self.readers])

    def class_of_records(self, records):
        """ASN before subdivision before country, its group and its continent, before the nearest site."""

        def field(*names):
            return next((found for record in records for name in names if (found := dig(record, name)) is not None), None)

        country = field("country/iso_code", "country_code", "country")
        asn = str(field("autonomous_system_number", "asn"))
        subdivision = f"{country}-{field('subdivisions/0/iso_code')}"
        for table, key in (("asn", asn), ("subdivision", subdivision)):
            if key in self.rules.get(table, {}):
                return tuple(self.rules[table][key])
        if country in self.by_country:
            return self.by_country[country]
        continent = field("continent/code")
        if continent in self.rules["continent"]:
            return tuple(self.rules["continent"][continent])
        latitude, longitude = field("location/latitude"), field("location/longitude")
        if self.rules.get("nearest") and latitude is not None and longitude is not None:
            sites = self.rules["location"]
            order = sorted(sites, key=lambda site: metres(latitude, longitude, *sites[site]))
            return tuple(order[: self.rules["nearest"]])
        return self.default

    def edges(self, version):
        """Every address at which the class may change."""
        edges = {0}
        networks = [network for network, _ in self.networks] + self.special
        for network in networks:
            if network.version == version:
                edges.update((network.first, network.last + 1))
        for network in (network for reader in self.readers for network, _ in reader):
            if network.version == version:
                edges.update((int(network.network_address), int(network.broadcast_address) + 1))
        if version == 6:
            for prefix, shift in (MAPPED, SIX_TO_FOUR):
                edges.update((prefix, prefix + (1 << 32 + shift)))
                edges.update(prefix + (start << shift) for start in self.tables[4][0])
            edges.add(1 << 32)
        edges.discard(1 << BITS[version])
        return sorted(edges)

    def merged(self, version, edges):
        """Starts and classes of the ranges, neighbours of one class joined."""
        starts, classes = [], []
        for start in edges:
            found = self.class_of(version, start)
            if not classes or classes[-1] != found:
                starts.append(start)
                classes.append(found)
        return starts, classes

    def range_of(self, version, value):
        starts, _ = self.tables[version]
        index = bisect.bisect_right(starts, value) - 1
        end = starts[index + 1] if index + 1 < len(starts) else 1 << BITS[version]
        return starts[index], end - 1

    def scope_of(self, version, value):
        """The shortest prefix around the client whose whole space has its class."""
        if self.single:
            return 0
        first, last = self.range_of(version, value)
        for length in range(BITS[version] + 1):
            low, high = prefix_of(version, value, length)
            if first <= low and high <= last:
                return length
        raise AssertionError("a full address is a prefix of one class")

    def stranger(self, version, value, length):
        """An address of another class within the prefix, if there is one."""
        low, high = prefix_of(version, value, length)
        first, last = self.range_of(version, value)
        return first - 1 if low < first else last + 1 if high > last else None


def dig(record, path):
    """The value at a path of keys and indices, if all of them are there."""
    for step in path.split("/"):
        try:
            record = record[int(step) if isinstance(record, list) else step]
        except (KeyError, IndexError, TypeError):
            return None
    return None if isinstance(record, (dict, list)) else record


def metres(latitude, longitude, site_latitude, site_longitude):
    """Great-circle distance by the haversine formula, in whole metres."""
    from_latitude, to_latitude = math.radians(latitude), math.radians(site_latitude)
    across = math.sin((to_latitude - from_latitude) / 2) ** 2
    along = math.sin(math.radians(site_longitude - longitude) / 2) ** 2
    return round(2 * EARTH_METRES * math.asin(math.sqrt(across + math.cos(from_latitude) * math.cos(to_latitude) * along)))


def embedded_ipv4(value):
    if value >> 32 == 0xFFFF:
        return value & 0xFFFFFFFF
    if value >> 112 == 0x2002:
        return value >> 80 & 0xFFFFFFFF
    return None


def prefix_of(version, value, length):
    rest = BITS[version] - length
    low = value >> rest << rest
    return low, low | (1 << rest) - 1


class Server:
    """Asks the server under test over UDP, many questions at once."""

    def __init__(self, address, name):
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, int(port)))
        self.socket.settimeout(1)
        self.own = int(ipaddress.ip_address(self.socket.getsockname()[0]))
        self.name = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"

    def ask(self, clients):
        """(version, value, length) of each client → (site, scope) of each answer."""
        answers = [None] * len(clients)
        for begin in range(0, len(clients), WINDOW):
            missing = set(range(begin, min(begin + WINDOW, len(clients))))
            for _ in range(ATTEMPTS):
                for index in missing:
                    self.socket.send(self.query(index, *clients[index]))
                self.take(answers, missing)
                if not missing:
                    break
            if missing:
                raise SystemExit(f"no answer to {len(missing)} of the questions after {ATTEMPTS} attempts")
        return answers

    def take(self, answers, missing):
        try:
            while missing:
                octets = self.socket.recv(4096)
                index = next((i for i in missing if i & 0xFFFF == int.from_bytes(octets[:2], "big")), None)
                if index is not None:
                    answers[index] = self.read(octets)
                    missing.discard(index)
        except TimeoutError:
            pass

    def query(self, index, version, value, length):
        octets = (value.to_bytes(BITS[version] // 8, "big"))[: (length + 7) // 8]
        option = struct.pack("!HHHBB", CLIENT_SUBNET, 4 + len(octets), 1 if version == 4 else 2, length, 0) + octets
        rtype = A if version == 4 else AAAA
        return (
            struct.pack("!HHHHHH", index & 0xFFFF, 0, 1, 0, 0, 1)
            + self.name
            + struct.pack("!HH", rtype, 1)
            + struct.pack("!BHHIH", 0, OPT, 1232, 0, len(option))
            + option
        )

    def read(self, octets):
        """The site that the only address names, and the scope of the echoed option."""
        _, flags, questions, answers, authorities, additionals = struct.unpack_from("!HHHHHH", octets)
        counts = (questions, answers, authorities, additionals)
        if flags & 0xF or counts != (1, 1, 0, 1):
            return f"flags {flags:04x}, counts {counts}", None
        position = 12 + len(self.name) + 4
        _, _, _, _, length = struct.unpack_from("!HHHIH", octets, position)
        site = octets[position + 12 + length - 1]
        position += 12 + length + 11
        code, _, _, _, scope = struct.unpack_from("!HHHBB", octets, position)
        return (f"s{site}", scope) if code == CLIENT_SUBNET else ("no client subnet", None)


def sample_networks(oracle, chance, ipv4, ipv6):
    """Random /24s; /48s of which half lie in networks of the database; and single addresses at edges of ranges."""
    for _ in range(ipv4):
        yield 4, chance.getrandbits(24) << 8, 24
    starts = oracle.tables[6][0]
    for number in range(ipv6):
        kind = number % 8
        if kind < 4:
            low, high = oracle.range_of(6, chance.choice(starts))
            value = chance.randint(low, high)
        elif kind < 6:
            value = 1 << 125 | chance.getrandbits(125)
        elif kind == 6:
            value = SIX_TO_FOUR[0] | chance.getrandbits(112)
        else:
            value = chance.getrandbits(128)
        yield 6, value >> 80 << 80, 48
    for number in range((ipv4 + ipv6) // 10):
        version = 4 if number % 2 else 6
        edge = chance.choice(oracle.tables[version][0])
        yield version, max(0, edge - chance.randint(0, 1)), BITS[version]


def judge(oracle, server, networks, chance):
    faults = []

    def fault(client, text):
        version, value, length = client
        faults.append(f"{ipaddress.ip_address(value.to_bytes(BITS[version] // 8, 'big'))}/{length}: {text}")

    own_class = oracle.class_of(4, server.own, transport=True)

    def expected_site(version, value):
        found = oracle.class_of(version, value)
        return (own_class if found[0] == "special" else found)[0]

    inside = []
    for client, (site, scope) in zip(networks, server.ask(networks)):
        version, value, _ = client
        expected = oracle.scope_of(version, value)
        if site != expected_site(version, value):
            fault(client, f"site {site}, but the walk gives {oracle.class_of(version, value)}")
            continue
        if scope != expected:
            fault(client, f"scope {scope}, but the shortest prefix of one class is {expected}")
            continue
        if scope > 0:
            stranger = oracle.stranger(version, value, scope - 1)
            if stranger is None or oracle.class_of(version, stranger) == oracle.class_of(version, value):
                fault(client, f"scope {scope} is not minimal")
        low, high = prefix_of(version, value, scope)
        samples = [low, high] + [chance.randint(low, high) for _ in range(SAMPLES)]
        for sample in samples if scope > 0 else []:
            if oracle.class_of(version, sample) != oracle.class_of(version, value):
                fault(client, f"scope {scope} holds {sample:x} of another class")
            inside.append((version, sample, BITS[version]))
    for client, (site, _) in zip(inside, server.ask(inside)):
        if site != expected_site(client[0], client[1]):
            fault(client, f"site {site} inside the scope of another answer, but the walk gives {oracle.class_of(*client[:2])}")
    return faults, len(inside)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="address:port")
    parser.add_argument("--name", required=True, help="a steered name with one pool per site")
    parser.add_argument("--rules", required=True, help="JSON: region, network, asn, subdivision, country, continent, nearest, location, default")
    parser.add_argument("--database", required=True, action="append", help="in the order of merging")
    parser.add_argument("--ipv4", type=int, default=5000)
    parser.add_argument("--ipv6", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    start = time.monotonic()
    with open(arguments.rules, encoding="utf-8") as file:
        oracle = Oracle(json.load(file), arguments.database)
    walked = time.monotonic()
    chance = random.Random(arguments.seed)
    networks = list(sample_networks(oracle, chance, arguments.ipv4, arguments.ipv6))
    faults, sampled = judge(oracle, Server(arguments.server, arguments.name), networks, chance)
    json.dump(
        {
            "networks": len(networks),
            "addresses_in_scopes": sampled,
            "ranges": {version: len(table[0]) for version, table in oracle.tables.items()},
            "seconds": [round(walked - start, 1), round(time.monotonic() - walked, 1)],
            "fault_count": len(faults),
            "faults": faults[:FAULTS_SHOWN],
        },
        sys.stdout,
        indent=1,
    )
    print()
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
