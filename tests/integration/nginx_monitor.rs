//! A real nginx behind an HTTP monitor dies, and another time stands still: its address leaves the answers and comes
//! back in time, and no query is lost meanwhile.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::harness::client::{PATIENCE, eventually};
use crate::harness::load::Load;
use crate::harness::message::{A, Message, NOERROR, Query};
use crate::harness::nginx::Nginx;
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup};
use crate::harness::shown::short_or_long;
use crate::harness::turns;

const INTERVAL: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_millis(500);
const RISE: u32 = 2;
const FALL: u32 = 3;
const QUERIES_PER_SECOND: u32 = 100;
/// How long after the limit an address that left is watched for.
const WATCH: Duration = Duration::from_secs(2);

/// What a machine that does other things besides may take longer; nothing in the soak.
const SLACK: Duration = Duration::from_secs(2);

/// (n + 0.2) × interval + timeout + 1 s, and outside of the soak the slack.
fn limit(probes: u32) -> Duration {
    let promised = INTERVAL * probes + INTERVAL / 5 + TIMEOUT + Duration::from_secs(1);
    promised + short_or_long(SLACK, Duration::ZERO)
}

/// When each address was first and last seen since it was forgotten.
#[derive(Default)]
struct Seen(Mutex<BTreeMap<IpAddr, (Instant, Instant)>>);

impl Seen {
    fn note(&self, address: IpAddr) {
        let now = Instant::now();
        let mut seen = self.0.lock().unwrap();
        seen.entry(address).and_modify(|(_, last)| *last = now).or_insert((now, now));
    }

    fn of(&self, address: IpAddr) -> Option<(Instant, Instant)> {
        self.0.lock().unwrap().get(&address).copied()
    }

    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
}

#[test]
fn a_killed_and_a_frozen_nginx_leave_the_answers_and_return_in_time() {
    let _turn = turns::alone();
    let addresses = [70, 71].map(|host| IpAddr::V4(loopback(host)));
    let port = free_port(&addresses);
    let mut failing = Nginx::start("nginx-failing", addresses[0], port);
    let _healthy = Nginx::start("nginx-healthy", addresses[1], port);
    let folder = Folder::new("nginx");
    folder.copy("world");
    folder.write("zones/example.com.toml", steering(addresses, port));
    let server = Server::start(folder, Setup::default());

    let seen = Seen::default();
    let query = |_, id| Query { id, ..Query::new("www.example.com", A) }.octets();
    let judge = |_, _, octets: &[u8]| judge(&seen, &addresses, octets);
    let load = Load { server: server.address, per_second: QUERIES_PER_SECOND, query: &query, judge: &judge };
    let ((), report) = load.during(|| {
        assert_both_are_seen(&seen, addresses);

        failing.kill();
        assert_leaves(&seen, addresses, Instant::now());
        failing.start_again();
        assert_returns(&seen, addresses[0], Instant::now());

        failing.freeze();
        assert_leaves(&seen, addresses, Instant::now());
        failing.thaw();
        assert_returns(&seen, addresses[0], Instant::now());
    });
    report.assert_clean();
    assert!(report.sent > 1_000, "{report:?}");
}

fn steering([first, second]: [IpAddr; 2], port: u16) -> String {
    format!(
        "[monitor.web]\nprobe = {{ http = {{ path = \"/healthz\", host = \"www.example.com\", status = \"200\" }} }}\n\
         port = {port}\ninterval = \"1s\"\ntimeout = \"500ms\"\nrise = {RISE}\nfall = {FALL}\n\
         [pool.web]\nmonitor = \"web\"\nmembers = [\n\
         {{ name = \"first\", address = \"{first}\" }},\n{{ name = \"second\", address = \"{second}\" }},\n]\n\
         [[steer]]\nname = \"www\"\ntypes = [\"A\"]\npools = [\"web\"]\nmin_ttl = 1\n"
    )
}

fn judge(seen: &Seen, expected: &[IpAddr], octets: &[u8]) -> Result<(), String> {
    let message = Message::parse(octets)?;
    match message.addresses().as_slice() {
        [address] if message.rcode() == NOERROR && expected.contains(address) => {
            seen.note(*address);
            Ok(())
        }
        _ => Err(format!("{message:?}")),
    }
}

fn assert_both_are_seen(seen: &Seen, addresses: [IpAddr; 2]) {
    std::thread::sleep(Duration::from_secs(1));
    for address in addresses {
        assert!(seen.of(address).is_some(), "{address} is up and has half of the weight");
    }
}

/// The first address is seen no later than the limit after `since`; the second is seen also after the first is gone.
fn assert_leaves(seen: &Seen, [leaving, staying]: [IpAddr; 2], since: Instant) {
    std::thread::sleep(limit(FALL) + WATCH);
    let (_, last) = seen.of(leaving).expect("it was seen before it left");
    let after = last.saturating_duration_since(since);
    assert!(
        after <= limit(FALL),
        "{leaving} was given out {after:?} after its end; allowed: {:?}",
        limit(FALL)
    );
    let now = Instant::now();
    eventually(&format!("{staying}, which is up, in an answer"), PATIENCE, || {
        seen.of(staying).filter(|(_, last)| *last > now)
    });
    println!("left after {after:?}, allowed {:?}", limit(FALL));
}

/// It is seen again within the limit after `since`.
fn assert_returns(seen: &Seen, address: IpAddr, since: Instant) {
    seen.forget();
    let (first, _) = eventually(&format!("{address} to be back"), limit(RISE), || seen.of(address));
    println!("returned after {:?}, allowed {:?}", first.saturating_duration_since(since), limit(RISE));
}
