//! What the tests of this module share: a zone to serve, packets to send.

use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::control::Surroundings;
use crate::config::{Settings, TcpSettings};
use crate::fault::Source;
use crate::snapshot::{Configuration, Cookies, Digest, Snapshot, Store, ZoneFile};
use crate::steer::TargetHealth;
use crate::wire::Name;
use crate::wire::cookie::Secret;
use crate::zone::ZoneData;

/// The zone that is served; example.com and nothing else.
const ZONE: &str = "
@     3600 SOA ns hostmaster 7 3600 600 86400 300
@     3600 NS ns
ns    3600 A 192.0.2.53
www    300 A 192.0.2.80
";

/// A generation that serves example.com and has the identity `ns1.test`.
pub(super) fn store() -> Arc<Store> {
    let apex = Name::parse(b"example.com.", None).unwrap();
    let source = Source::new("example.com.zone", ZONE);
    let (zone, faults) = ZoneData::parse(&apex, &source, &[], &mut |_| Err("no files here".into()));
    assert_eq!(faults, []);
    let zone = Arc::new(zone.unwrap().compile());
    publish(Configuration {
        zones: vec![ZoneFile {
            zone,
            digest: Digest::of(ZONE.as_bytes()),
            source,
            includes: vec![],
            children: vec![],
            requests: vec![],
            marks: vec![],
            warnings: vec![],
        }],
        identity: Some("ns1.test".into()),
        cookies: Some(Cookies::default()),
        udp_payload_max: 1232,
        ..Default::default()
    })
}

/// A generation without zones.
pub(super) fn empty_store() -> Arc<Store> {
    publish(Configuration { udp_payload_max: 1232, ..Default::default() })
}

fn publish(configuration: Configuration) -> Arc<Store> {
    let health = |_| -> TargetHealth { unreachable!("no pools") };
    Arc::new(Store::new(Arc::new(Snapshot::new(1, Arc::new(configuration), &health))))
}

/// What answers of a test server depend on beside the generation.
pub(super) fn surroundings() -> Surroundings {
    Surroundings { clock: Clock::start(), process_secret: Secret::new([7; 16]), keepalive: 100 }
}

/// Settings with generous limits.
pub(super) fn settings() -> Settings {
    Settings {
        listen: Vec::new(),
        workers: 1,
        bypass: None,
        account: None,
        tcp: TcpSettings {
            connections: 100,
            connections_per_client: 100,
            message_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            connection_timeout: Duration::from_secs(60),
        },
        socket: None,
        metrics: None,
        state_dir: None,
        state_max_age: Duration::ZERO,
    }
}

/// A message with one question and whatever is to follow it.
pub(super) fn message(id: u16, opcode: u8, name: &str, kind: u16, class: u16) -> Vec<u8> {
    let mut packet = id.to_be_bytes().to_vec();
    packet.extend_from_slice(&[opcode << 3, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    packet.extend_from_slice(Name::parse(name.as_bytes(), None).unwrap().as_octets());
    packet.extend_from_slice(&kind.to_be_bytes());
    packet.extend_from_slice(&class.to_be_bytes());
    packet
}

/// A query for the A records of `name`.
pub(super) fn query(id: u16, name: &str) -> Vec<u8> {
    message(id, 0, name, 1, 1)
}

/// Adds a record to the additional section: owner (wire form), type, class, TTL, RDATA.
pub(super) fn add(packet: &mut Vec<u8>, owner: &[u8], kind: u16, class: u16, ttl: u32, rdata: &[u8]) {
    let count = u16::from_be_bytes([packet[10], packet[11]]) + 1;
    packet[10..12].copy_from_slice(&count.to_be_bytes());
    packet.extend_from_slice(owner);
    packet.extend_from_slice(&kind.to_be_bytes());
    packet.extend_from_slice(&class.to_be_bytes());
    packet.extend_from_slice(&ttl.to_be_bytes());
    packet.extend_from_slice(&(rdata.len() as u16).to_be_bytes());
    packet.extend_from_slice(rdata);
}
