//! Response rate limiting: a flood in one network's name, and everybody else meanwhile.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::harness::client::{PATIENCE, ask_over_tcp, eventually, receive};
use crate::harness::message::{A, BADCOOKIE, Message, NOERROR, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

const RATE: u64 = 200;
/// The responses of the window, a second.
const BURST: u64 = 200;
/// Each of the flood's senders: all together 20,000 queries a second at most.
const FLOOD_PER_SECOND: u32 = 5_000;
const FLOODED: [Ipv4Addr; 4] = [
    Ipv4Addr::new(127, 0, 1, 1),
    Ipv4Addr::new(127, 0, 1, 2),
    Ipv4Addr::new(127, 0, 1, 3),
    Ipv4Addr::new(127, 0, 1, 4),
];
/// In the same /24 as the flood, and in others.
const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 200);
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);
const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 1);
/// Networks that the resolver asks for, each often enough that one bucket would be empty long before the end.
const NETWORKS: u8 = 100;
const ROUNDS: u32 = 20;

/// What came back to the flood.
#[derive(Default)]
struct Tally {
    full: AtomicU64,
    truncated: AtomicU64,
}

fn server() -> Server {
    let folder = Folder::new("rate-limit");
    folder.write(
        "zones/example.com.zone",
        "@ 3600 SOA ns hostmaster 1 7200 1800 604800 300\n@ 3600 NS ns\nns 3600 A 192.0.2.53\n\
         static 300 A 192.0.2.80\nwww 300 A 192.0.2.10\n",
    );
    let networks: String = (0..NETWORKS)
        .map(|number| {
            format!("\"20.0.{number}.0/24\" = [\"{}\"]\n", ["near", "far"][usize::from(number % 2)])
        })
        .collect();
    let sites = "[site.near]\nlocation = { lat = 50.0, lon = 8.0 }\n[site.far]\nlocation = { lat = 1.0, lon = 103.0 }\n";
    let map = format!("[map.world]\ndefault = [\"near\", \"far\"]\n[map.world.network]\n{networks}");
    folder.write("geoip/maps.toml", format!("{sites}{map}"));
    folder.write(
        "zones/example.com.toml",
        "[pool.near]\nsite = \"near\"\nmembers = [{ name = \"n\", address = \"192.0.2.10\" }]\n\
         [pool.far]\nsite = \"far\"\nmembers = [{ name = \"f\", address = \"192.0.2.20\" }]\n\
         [[steer]]\nname = \"www\"\nmap = \"world\"\npools = [\"near\", \"far\"]\n",
    );
    let setup = Setup {
        workers: 2,
        server_lines: "rate_limit = { responses_per_second = 200 }\ncookies = { require = \"under_load\" }",
        ..Setup::default()
    };
    Server::start(folder, setup)
}

fn socket(server: &Server, client: Ipv4Addr) -> UdpSocket {
    let socket = UdpSocket::bind((client, 0)).expect("every address of 127/8 is ours");
    socket.connect(server.address).expect("a UDP socket can be connected");
    socket
}

/// Sends at its rate, and takes what comes, until it is told to stop.
fn flood(server: &Server, client: Ipv4Addr, stop: &AtomicBool, tally: &Tally) {
    let socket = socket(server, client);
    socket.set_nonblocking(true).expect("a socket can be made non-blocking");
    let query = Query::new("static.example.com", A).octets();
    let (start, mut buffer) = (Instant::now(), [0; 512]);
    for number in 0.. {
        std::thread::sleep(
            (start + Duration::from_secs(1) * number / FLOOD_PER_SECOND)
                .saturating_duration_since(Instant::now()),
        );
        // A full socket buffer loses a query of the flood; nobody misses it.
        let _ = socket.send(&query);
        while let Ok(length) = socket.recv(&mut buffer) {
            tally.count(&buffer[..length]);
        }
        if stop.load(Ordering::SeqCst) {
            break;
        }
    }
    while let Some(octets) = receive_late(&socket) {
        tally.count(&octets);
    }
}

fn receive_late(socket: &UdpSocket) -> Option<Vec<u8>> {
    socket.set_nonblocking(false).expect("a socket can be made blocking");
    receive(socket, Duration::from_millis(200))
}

impl Tally {
    fn count(&self, octets: &[u8]) {
        let message = Message::parse(octets).expect("an answer without a fault");
        match (message.is_truncated(), message.answers.len()) {
            (false, 1) => self.full.fetch_add(1, Ordering::SeqCst),
            (true, 0) => self.truncated.fetch_add(1, Ordering::SeqCst),
            _ => panic!("neither whole nor empty: {message:?}"),
        };
    }
}

/// The answer to a query; one that is lost on a busy machine is asked again. What is limited is truncated every second time,
/// so being limited shows.
fn ask(socket: &UdpSocket, query: &Query) -> Message {
    eventually("an answer", PATIENCE * 4, || {
        socket.send(&query.octets()).ok()?;
        let octets = receive(socket, PATIENCE / 5)?;
        Some(Message::parse(&octets).expect("an answer without a fault"))
    })
}

fn assert_full(message: &Message, who: &str) {
    let seen = (message.rcode(), message.is_truncated(), message.answers.len());
    assert_eq!(seen, (NOERROR, false, 1), "{who}: {message:?}");
}

#[test]
fn a_flood_gets_its_rate_and_nobody_else_notices() {
    let _turn = turns::alone();
    let server = server();
    let (stop, tally, start) = (AtomicBool::new(false), Tally::default(), Instant::now());
    let question = Query::new("static.example.com", A);
    let known = ask(&socket(&server, NEIGHBOUR), &question.clone().with_cookie(b"neighbor"));
    let known = known.cookie().expect("a cookie comes back").to_vec();
    std::thread::scope(|scope| {
        for client in FLOODED {
            let (server, stop, tally) = (&server, &stop, &tally);
            scope.spawn(move || flood(server, client, stop, tally));
        }
        let end = StopAtEnd(&stop);
        eventually("the flood to be limited", PATIENCE, || {
            (tally.truncated.load(Ordering::SeqCst) > 100).then_some(())
        });
        let stranger = socket(&server, STRANGER);
        for _ in 0..150 {
            assert_full(&ask(&stranger, &question), "a client of another network");
            std::thread::sleep(Duration::from_millis(1000 / 150));
        }
        let neighbour = socket(&server, NEIGHBOUR);
        for _ in 0..2 * (RATE + BURST) {
            assert_full(
                &ask(&neighbour, &question.clone().with_cookie(&known)),
                "a client with a valid cookie",
            );
        }
        newcomer_is_told_of_cookies(&server, &question);
        let over_tcp =
            ask_over_tcp(server.address, &question.octets(), PATIENCE).expect("TCP is not limited");
        assert_full(&Message::parse(&over_tcp).expect("an answer without a fault"), "TCP");
        resolver_is_not_one_client(&server);
        drop(end);
    });
    let allowed = BURST + RATE * (start.elapsed().as_millis() as u64 + 1) / 1000 + 1;
    let (full, truncated) = (tally.full.into_inner(), tally.truncated.into_inner());
    assert!((BURST..=allowed).contains(&full), "{full} of at most {allowed}, {truncated} truncated");
    server.wait_for_log(0, &["rate limiting has begun", "network=127.0.1.0/24", "answers of one RRset"]);
    let status = server.status();
    assert_eq!(status["limiting"]["network"], "127.0.1.0/24", "{status:#}");
    assert_eq!(status["answering"]["rate_limit"]["responses_per_second"], RATE, "{status:#}");
}

/// A client of the flooded network that knows cookies is told one in place of a truncated answer.
fn newcomer_is_told_of_cookies(server: &Server, question: &Query) {
    let newcomer = socket(server, Ipv4Addr::new(127, 0, 1, 201));
    let told = eventually("BADCOOKIE", PATIENCE, || {
        let answer = ask(&newcomer, &question.clone().with_cookie(b"newcomer"));
        assert!(!answer.is_truncated(), "{answer:?}");
        (answer.rcode() == BADCOOKIE).then_some(answer)
    });
    let cookie = told.cookie().expect("BADCOOKIE comes with a cookie");
    assert_full(&ask(&newcomer, &question.clone().with_cookie(cookie)), "a client that was told a cookie");
}

/// A resolver that asks one name for many networks gets the rate for each of them.
fn resolver_is_not_one_client(server: &Server) {
    let resolver = socket(server, RESOLVER);
    for _ in 0..ROUNDS {
        for number in 0..NETWORKS {
            let subnet = IpAddr::from([20, 0, number, 0]);
            let answer = ask(&resolver, &Query::new("www.example.com", A).with_subnet(subnet, 24));
            assert_full(&answer, "a resolver with client subnets");
            assert_eq!(answer.scope(), Some(24), "{answer:?}");
        }
    }
}

/// Ends the flood also when the test fails meanwhile.
struct StopAtEnd<'t>(&'t AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
