use proptest::prelude::*;

use super::*;

/// A question for a.example. A, without EDNS.
const QUERY: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01";

/// A capture under construction.
#[derive(Default)]
struct File(Vec<u8>);

impl File {
    fn pcap(link: u32, magic: u32) -> File {
        let mut file = File::default();
        file.0.extend(magic.to_le_bytes());
        file.0.extend([2, 0, 4, 0]);
        file.0.extend([0; 8]);
        file.0.extend(65_535_u32.to_le_bytes());
        file.0.extend(link.to_le_bytes());
        file
    }

    fn packet(mut self, seconds: u32, part: u32, packet: &[u8]) -> File {
        let length = (packet.len() as u32).to_le_bytes();
        self.0.extend([seconds.to_le_bytes(), part.to_le_bytes(), length, length].concat());
        self.0.extend(packet);
        self
    }

    fn pcapng() -> File {
        let mut body = 0x1A2B_3C4D_u32.to_le_bytes().to_vec();
        body.extend([1, 0, 0, 0]);
        body.extend([0xff; 8]);
        File::default().block(0x0A0D_0D0A, &body)
    }

    fn interface(self, link: u16, options: &[u8]) -> File {
        let mut body = link.to_le_bytes().to_vec();
        body.extend([0; 6]);
        body.extend(options);
        self.block(1, &body)
    }

    fn enhanced(self, interface: u32, units: u64, packet: &[u8]) -> File {
        let length = packet.len() as u32;
        let mut body =
            [interface, (units >> 32) as u32, units as u32, length, length].map(u32::to_le_bytes).concat();
        body.extend(packet);
        body.resize(body.len().next_multiple_of(4), 0);
        self.block(6, &body)
    }

    fn block(mut self, kind: u32, body: &[u8]) -> File {
        let length = (body.len() as u32 + 12).to_le_bytes();
        self.0.extend(kind.to_le_bytes());
        self.0.extend(length);
        self.0.extend(body);
        self.0.extend(length);
        self
    }

    fn dnstap() -> File {
        let content = b"protobuf:dnstap.Dnstap";
        let start =
            [&2_u32.to_be_bytes()[..], &1_u32.to_be_bytes(), &(content.len() as u32).to_be_bytes(), content];
        File::default().control(&start.concat())
    }

    fn control(mut self, control: &[u8]) -> File {
        self.0.extend([0; 4]);
        self.frame(control)
    }

    fn frame(mut self, frame: &[u8]) -> File {
        self.0.extend((frame.len() as u32).to_be_bytes());
        self.0.extend(frame);
        self
    }
}

/// A field of Protocol Buffers with octets, and one with a number.
fn octets(field: u8, value: &[u8]) -> Vec<u8> {
    [&[field << 3 | 2, value.len() as u8], value].concat()
}

fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

/// A dnstap message of a kind.
fn message(kind: u8, protocol: u8, address: &[u8], query: &[u8]) -> Vec<u8> {
    let nanoseconds = [&[9 << 3 | 5][..], &250_000_000_u32.to_le_bytes()].concat();
    let message = [
        number(1, kind),
        number(3, protocol),
        octets(4, address),
        number(8, 100),
        nanoseconds,
        octets(10, query),
    ];
    [octets(14, &message.concat()), number(15, 1)].concat()
}

fn udp(payload: &[u8], to: u16) -> Vec<u8> {
    let length = (payload.len() as u16 + 8).to_be_bytes();
    [&4_242_u16.to_be_bytes()[..], &to.to_be_bytes(), &length, &[0, 0], payload].concat()
}

fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 20).to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0];
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 192, 0, 2, 7, 192, 0, 2, 1]);
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, length[0], length[1], next, 64];
    packet.extend("2001:db8::7".parse::<std::net::Ipv6Addr>().unwrap().octets());
    packet.extend([0; 16]);
    packet.extend(payload);
    packet
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[0; 12][..], &ethertype.to_be_bytes(), payload].concat()
}

/// What is read of a file: each query as time, source and transport; then what was passed over and how it ended.
fn outcome(file: &[u8]) -> (Vec<String>, Skipped, String) {
    let mut queries = Vec::new();
    let (_, skipped, read) = read(file, 53, &mut |captured| {
        assert_eq!(captured.message, QUERY);
        queries.push(format!("{} {} {:?}", captured.time_ms, captured.source, captured.transport));
    });
    (queries, skipped, read.map_or_else(|error| error.to_string(), |()| String::new()))
}

fn check(file: File, expected: &[&str], skipped: Skipped, end: &str) {
    let (queries, counted, error) = outcome(&file.0);
    assert_eq!(queries, expected);
    assert_eq!(counted, skipped);
    assert_eq!(error, end);
}

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

#[test]
fn queries_are_found_behind_every_link_and_both_families() {
    let (v4, v6) = (ipv4(17, 0, &udp(QUERY, 53)), ipv6(17, &udp(QUERY, 53)));
    let hop_by_hop = ipv6(0, &[&[17, 0, 0, 0, 0, 0, 0, 0][..], &udp(QUERY, 53)].concat());
    let tagged = ethernet(0x8100, &[&[0, 7, 0x08, 0][..], &v4].concat());
    let padded = ethernet(0x0800, &[&v4[..], &[0; 7]].concat());
    let cooked = [&[0; 14][..], &[0x08, 0], &v4].concat();
    let cooked_2 = [&[0x86, 0xdd][..], &[0; 18], &v6].concat();
    let loopback = [&[2, 0, 0, 0][..], &v4].concat();
    for (link, packet, source) in [
        (1, ethernet(0x0800, &v4), "192.0.2.7"),
        (1, ethernet(0x86dd, &v6), "2001:db8::7"),
        (1, ethernet(0x86dd, &hop_by_hop), "2001:db8::7"),
        (1, tagged, "192.0.2.7"),
        (1, padded, "192.0.2.7"),
        (113, cooked, "192.0.2.7"),
        (276, cooked_2, "2001:db8::7"),
        (101, v4.clone(), "192.0.2.7"),
        (228, v4, "192.0.2.7"),
        (229, v6, "2001:db8::7"),
        (0, loopback, "192.0.2.7"),
    ] {
        let file = File::pcap(link, MICROSECONDS).packet(100, 250_000, &packet);
        check(file, &[&format!("100250 {source} Udp")], Skipped::default(), "");
        let file = File::pcap(link, NANOSECONDS).packet(100, 250_000_000, &packet);
        check(file, &[&format!("100250 {source} Udp")], Skipped::default(), "");
    }
}

#[test]
fn what_is_no_query_is_counted_by_what_it_is() {
    let mut response = QUERY.to_vec();
    response[2] |= 0x80;
    let mut cut = ipv4(17, 0, &udp(QUERY, 53));
    cut.truncate(40);
    let file = File::pcap(101, MICROSECONDS)
        .packet(1, 0, &ipv4(6, 0, &[&[0, 99, 0, 53][..], &[0; 16]].concat()))
        .packet(1, 0, &ipv4(17, 0x2000, &udp(QUERY, 53)))
        .packet(1, 0, &ipv6(44, &[0; 16]))
        .packet(1, 0, &cut)
        .packet(1, 0, &ipv4(17, 0, &udp(&response, 53)))
        .packet(1, 0, &ipv4(17, 0, &[&[0, 53, 0, 99][..], &udp(&response, 99)[4..]].concat()))
        .packet(1, 0, &ipv4(17, 0, &udp(QUERY, 54)))
        .packet(1, 0, &ipv4(1, 0, &[0; 16]))
        .packet(1, 0, b"")
        .packet(1, 0, &[0x45]);
    check(file, &[], Skipped { tcp: 1, fragments: 2, cut: 1, responses: 2, other: 4 }, "");
}

#[test]
fn interfaces_of_pcapng_have_links_and_clocks_of_their_own() {
    let v4 = ipv4(17, 0, &udp(QUERY, 53));
    // if_tsresol 9: nanoseconds; if_tsoffset 1000 seconds.
    let options = [&[9, 0, 1, 0, 9, 0, 0, 0, 14, 0, 8, 0][..], &1000_u64.to_le_bytes(), &[0; 4]].concat();
    let file = File::pcapng()
        .interface(1, &[])
        .interface(101, &options)
        .enhanced(0, 100_250_000, &ethernet(0x0800, &v4))
        .block(0x0000_0bad, &[0; 8])
        .enhanced(1, 100_250_000_000, &v4);
    check(file, &["100250 192.0.2.7 Udp", "1100250 192.0.2.7 Udp"], Skipped::default(), "");
}

#[test]
fn dnstap_gives_the_queries_that_the_server_got_over_udp_and_streams() {
    let file = File::dnstap()
        .frame(&message(1, 1, &[192, 0, 2, 7], QUERY))
        .frame(&message(2, 1, &[192, 0, 2, 7], QUERY))
        .frame(&message(5, 2, &[192, 0, 2, 8], QUERY))
        .frame(&number(15, 1))
        .control(&3_u32.to_be_bytes());
    let expected = ["100250 192.0.2.7 Udp", "100250 192.0.2.8 Tcp"];
    check(file, &expected, Skipped { responses: 1, other: 1, ..Skipped::default() }, "");
}

#[test]
fn odd_files_are_refused_at_their_place_and_what_came_before_counts() {
    let v4 = ipv4(17, 0, &udp(QUERY, 53));
    let good = ["100000 192.0.2.7 Udp"];
    let pcap = || File::pcap(101, MICROSECONDS).packet(100, 0, &v4);
    let with = |mut file: File, more: &[u8]| {
        file.0.extend(more);
        file
    };
    let none = Skipped::default();
    check(File::default(), &[], none, "it is empty");
    check(with(File::default(), b"abc"), &[], none, "it is neither pcap, pcapng nor dnstap");
    check(with(File::default(), &[7; 64]), &[], none, "it is neither pcap, pcapng nor dnstap");
    let end = 24 + 16 + v4.len();
    check(
        with(pcap(), &[1, 2, 3]),
        &good,
        none,
        &format!("it breaks off: the record at octet {end} is not whole"),
    );
    let huge = [0, 0, u32::MAX, u32::MAX].map(u32::to_le_bytes).concat();
    let too_large = format!("the record at octet {end} is larger than 1048576 octets");
    check(with(pcap(), &huge), &good, none, &too_large);
    let stray = File::pcapng().enhanced(3, 0, &v4);
    check(stray, &[], none, "a packet names an interface that is not described at octet 28");

    let frame = message(1, 1, &[192, 0, 2, 7], QUERY);
    let dnstap = || File::dnstap().frame(&frame);
    let good = ["100250 192.0.2.7 Udp"];
    let end = dnstap().0.len();
    check(
        with(dnstap(), &[0, 0, 0, 9, 1]),
        &good,
        none,
        &format!("it breaks off: the record at octet {end} is not whole"),
    );
    check(dnstap().frame(&[0xff]), &good, none, &format!("there is no message of dnstap at octet {end}"));
    let huge = u32::MAX.to_be_bytes();
    check(
        with(dnstap(), &huge),
        &good,
        none,
        &format!("the record at octet {end} is larger than 1048576 octets"),
    );
    check(File::default().control(&3_u32.to_be_bytes()), &[], none, "");
    let early = File::default().control(&4_u32.to_be_bytes()).frame(&frame);
    check(early, &[], none, "data stand before the start at octet 12");
}

proptest! {
    #[test]
    fn no_slip_in_a_capture_makes_the_reader_panic(
        kind in 0..3, slips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let v4 = ipv4(17, 0, &udp(QUERY, 53));
        let file = match kind {
            0 => File::pcap(101, MICROSECONDS).packet(1, 0, &v4).packet(2, 0, &ipv6(17, &udp(QUERY, 53))),
            1 => File::pcapng().interface(101, &[]).enhanced(0, 7, &v4).enhanced(0, 8, &v4),
            _ => File::dnstap().frame(&message(1, 1, &[192, 0, 2, 7], QUERY)).control(&3_u32.to_be_bytes()),
        };
        let mut octets = file.0;
        for (place, octet) in slips {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        octets.truncate(end.index(octets.len()) + 1);
        let (_, _, _read) = read(&octets[..], 53, &mut |_| ());
    }
}
