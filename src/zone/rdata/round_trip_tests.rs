//! Octets of every type, made field by field, are printed, read again, and read by `domain` where it knows the type.

use domain::base::iana::Rtype;
use domain::base::name::ParsedName;
use domain::base::rdata::{ComposeRecordData, ParseAnyRecordData};
use domain::dep::octseq::Parser;
use domain::rdata::AllRecordData;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::strategy::Union;

use super::super::field::{self, Field};
use super::super::record_type::{self, Parsed, TYPES};
use super::{check_octets, print, read_again, strict};

/// `domain` refuses it without a key, which is right where the algorithm is 0 (RFC 4025 §2.4).
const IPSECKEY: u16 = 45;

fn name() -> BoxedStrategy<Vec<u8>> {
    let label = vec(any::<u8>(), 1..20).prop_map(counted);
    vec(label, 0..6).prop_map(|labels| [labels.concat(), vec![0]].concat()).boxed()
}

fn counted(octets: Vec<u8>) -> Vec<u8> {
    [vec![octets.len() as u8], octets].concat()
}

fn octets(range: impl Into<proptest::collection::SizeRange>) -> BoxedStrategy<Vec<u8>> {
    vec(any::<u8>(), range).boxed()
}

fn string() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![8 => octets(0..30), 1 => octets(255)].prop_map(counted).boxed()
}

fn characters(pattern: &'static str) -> BoxedStrategy<Vec<u8>> {
    proptest::string::string_regex(pattern).unwrap().prop_map(|text| counted(text.into_bytes())).boxed()
}

/// Rows of bits without zeros at the end, by windows.
fn windows() -> BoxedStrategy<Vec<u8>> {
    let bits = (octets(0..31), 1..=255_u8).prop_map(|(bits, last)| [bits, vec![last]].concat());
    let window = |(window, bits): (u8, Vec<u8>)| [vec![window], counted(bits)].concat();
    proptest::collection::btree_map(any::<u8>(), bits, 0..4)
        .prop_map(move |windows| windows.into_iter().map(window).collect::<Vec<_>>().concat())
        .boxed()
}

/// Octets that are data of a field.
fn data_of(field: Field) -> BoxedStrategy<Vec<u8>> {
    match field {
        Field::U8 => octets(1),
        Field::U16 | Field::Type | Field::KeyFlags => octets(2),
        Field::Ipv4 | Field::U32 | Field::Seconds | Field::Moment => octets(4),
        Field::Eui48 => octets(6),
        Field::U64 | Field::Eui64 | Field::Locator => octets(8),
        Field::Ipv6 => octets(16),
        Field::Named(mnemonics) => octets(mnemonics.width()),
        Field::Name => name(),
        Field::Text => string(),
        Field::Texts => vec(string(), 1..4).prop_map(|strings| strings.concat()).boxed(),
        Field::OptionalText => Union::new([Just(Vec::new()).boxed(), string()]).boxed(),
        Field::LongText => octets(1..600),
        Field::Tag => characters("[a-zA-Z0-9]{1,15}"),
        Field::Digits => characters("[0-9]{4,20}"),
        Field::Degrees(_) => characters("-?[0-8]?[0-9](\\.[0-9]{1,9})?"),
        Field::Hex | Field::Base64 | Field::Nsap => octets(1..90),
        Field::OptionalBase64 | Field::Base64OrDash => octets(0..90),
        Field::Salt => octets(0..255).prop_map(counted).boxed(),
        Field::Base32 => octets(20).prop_map(counted).boxed(),
        Field::Types => windows(),
        Field::OldTypes => btree_set(1..128_u16, 0..9).prop_map(|types| row_of_bits(&types)).boxed(),
        Field::Services => (any::<u8>(), btree_set(any::<u16>(), 0..9))
            .prop_map(|(protocol, ports)| [vec![protocol], row_of_bits(&ports)].concat())
            .boxed(),
        _ => composite(field),
    }
}

/// Data of the fields that are more than one thing.
fn composite(field: Field) -> BoxedStrategy<Vec<u8>> {
    match field {
        Field::AtmAddress => prop_oneof![
            octets(1..20).prop_map(|address| [vec![0], address].concat()),
            characters("[0-9]{1,20}").prop_map(|digits| [&[1], &digits[1..]].concat()),
        ]
        .boxed(),
        Field::Ipv6Suffix => (0..=128_u8, octets(16), name())
            .prop_map(|(prefix, suffix, name)| {
                let mut suffix = suffix[usize::from(prefix / 8)..].to_vec();
                if let Some(first) = suffix.first_mut() {
                    *first &= 0xff >> (prefix % 8);
                }
                [vec![prefix], suffix, if prefix == 0 { Vec::new() } else { name }].concat()
            })
            .boxed(),
        Field::Location => {
            (vec((1..=9_u8, 0..=9_u8), 3), 0..=648_000_000_u32, 0..=1_296_000_000_u32, octets(4))
                .prop_map(|(sizes, latitude, longitude, altitude)| {
                    let sizes = sizes.iter().map(|(mantissa, exponent)| mantissa << 4 | exponent).collect();
                    let latitude = ((1 << 31) - 324_000_000 + latitude).to_be_bytes().to_vec();
                    let longitude = ((1 << 31) - 648_000_000 + longitude).to_be_bytes().to_vec();
                    [vec![0], sizes, latitude, longitude, altitude].concat()
                })
                .boxed()
        }
        Field::Prefixes => vec((any::<bool>(), any::<bool>(), 0..=32_u8, octets(0..4), 1..=255_u8), 0..5)
            .prop_map(|items| {
                let item = |(negated, is_v6, prefix, part, last): (bool, bool, u8, Vec<u8>, u8)| {
                    let part = if part.is_empty() { part } else { [part, vec![last]].concat() };
                    let length = part.len() as u8 | if negated { 0x80 } else { 0 };
                    [vec![0, if is_v6 { 2 } else { 1 }, prefix, length], part].concat()
                };
                items.into_iter().map(item).collect::<Vec<_>>().concat()
            })
            .boxed(),
        Field::HostIdentity => (any::<u8>(), octets(1..40), octets(1..60), vec(name(), 0..3))
            .prop_map(|(algorithm, tag, key, servers)| {
                [vec![tag.len() as u8, algorithm, 0, key.len() as u8], tag, key, servers.concat()].concat()
            })
            .boxed(),
        Field::Gateway => (any::<u8>(), place())
            .prop_map(|(algorithm, (kind, place))| [vec![kind, algorithm], place].concat())
            .boxed(),
        Field::Relay => (any::<bool>(), place())
            .prop_map(|(optional, (kind, place))| [vec![u8::from(optional) << 7 | kind], place].concat())
            .boxed(),
        Field::Parameters => parameters(),
        field => panic!("no data is made for {field:?}"),
    }
}

/// A type from 0 to 3, and the address or name that it says.
fn place() -> BoxedStrategy<(u8, Vec<u8>)> {
    prop_oneof![
        Just((0, Vec::new())),
        octets(4).prop_map(|address| (1, address)),
        octets(16).prop_map(|address| (2, address)),
        name().prop_map(|name| (3, name)),
    ]
    .boxed()
}

fn parameters() -> BoxedStrategy<Vec<u8>> {
    let value = |(key, text): (u16, Vec<u8>)| match key {
        1 => counted([text, vec![b'x']].concat()),
        3 => vec![1, 187],
        4 => vec![192, 0, 2, 1],
        6 => [[0x20, 1], [0; 2], [0; 2], [0; 2], [0; 2], [0; 2], [0; 2], [0; 2]].concat(),
        2 | 8 => Vec::new(),
        7 => b"/q{?dns}".to_vec(),
        _ => [text, vec![b'\\']].concat(),
    };
    let keys = prop_oneof![1..9_u16, 9..=u16::MAX];
    proptest::collection::btree_map(keys, octets(0..20), 0..5)
        .prop_map(move |mut parameters| {
            if parameters.contains_key(&2) {
                parameters.insert(1, vec![b',', b'\\', b'"']);
            }
            let one = |(key, text)| {
                let value = value((key, text));
                [key.to_be_bytes().to_vec(), (value.len() as u16).to_be_bytes().to_vec(), value].concat()
            };
            parameters.into_iter().map(one).collect::<Vec<_>>().concat()
        })
        .boxed()
}

fn row_of_bits(numbers: &std::collections::BTreeSet<u16>) -> Vec<u8> {
    let length = numbers.last().map_or(0, |last| usize::from(last / 8) + 1);
    let mut bits = vec![0; length];
    numbers.iter().for_each(|number| bits[usize::from(number / 8)] |= 0x80 >> (number % 8));
    bits
}

/// A type and octets that may be its data, field by field.
fn data() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let rows = TYPES.iter().filter_map(|known| Some((known.number, field::row(known.number)?)));
    let strategies = rows.map(|(number, row)| {
        let fields: Vec<_> = row.iter().map(|field| data_of(*field)).collect();
        fields.prop_map(move |fields| (number, fields.concat())).boxed()
    });
    Union::new(strategies)
}

/// What `domain` makes of octets: the same again, or nothing.
fn by_domain(number: u16, octets: &[u8]) -> Option<Vec<u8>> {
    let mut parser = Parser::from_ref(octets);
    let parsed: Result<AllRecordData<&[u8], ParsedName<&[u8]>>, _> =
        AllRecordData::parse_any_rdata(Rtype::from_int(number), &mut parser);
    let mut again = Vec::new();
    parsed.ok()?.compose_rdata(&mut again).ok()?;
    Some(again)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn octets_of_every_type_are_printed_and_read_again(data in data()) {
        let (number, octets) = data;
        prop_assume!(strict::check(number, &octets).is_ok());
        let text = print(number, &octets);
        prop_assert!(!text.starts_with("\\#"), "{} {text}", record_type::name(number));
        prop_assert_eq!(read_again(number, &text), Ok(octets.clone()), "{} {}", record_type::name(number), text);
        if number != IPSECKEY {
            prop_assert_eq!(by_domain(number, &octets), Some(octets), "{} {}", record_type::name(number), text);
        }
    }

    #[test]
    fn any_octets_are_data_of_a_type_or_are_refused(number in 0..300_u16, octets in octets(0..40)) {
        let text = print(number, &octets);
        if check_octets(number, &octets).is_ok() && field::row(number).is_some() {
            prop_assert_eq!(read_again(number, &text), Ok(octets));
        }
        if let Some(Parsed::Meta(_)) = record_type::parse(format!("TYPE{number}").as_bytes()) {
            prop_assert!(field::row(number).is_none());
        }
    }
}
