//! kill -9 and start again.

use std::net::{IpAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::harness::client::{PATIENCE, ask, eventually, socket_to};
use crate::harness::message::{A, Message, NOERROR, Query};
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup};
use crate::harness::shown::short_or_long;
use crate::harness::turns;

/// From the start of the process to the first right answer to a static name: what is promised, and what the soak holds
/// the release build to.
const LIMIT: Duration = Duration::from_millis(50);
/// The same for a build without optimisation on a machine that does other things besides.
const BUSY_LIMIT: Duration = Duration::from_secs(1);
/// A shared machine delays single runs; the best of these counts.
const ROUNDS: usize = 10;

#[test]
fn static_names_are_served_at_once_after_a_start() {
    let _turn = turns::alone();
    let folder = Folder::new("restart-static");
    folder.copy("world");
    std::fs::remove_dir_all(folder.path().join("geoip")).unwrap();
    std::fs::remove_file(folder.path().join("zones/example.com.toml")).unwrap();
    check_start(folder);
}

#[test]
fn static_names_do_not_wait_long_for_a_map() {
    let _turn = turns::alone();
    let folder = Folder::new("restart-map");
    folder.copy("world");
    check_start(folder);
}

fn check_start(folder: Folder) {
    let limit = short_or_long(BUSY_LIMIT, LIMIT);
    let mut server = Server::start(folder, Setup::default());
    let times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            server.kill();
            let start = Instant::now();
            server.spawn();
            let answer = first_answer(&server, "static.example.com");
            let took = start.elapsed();
            assert_eq!(answer.addresses(), ["192.0.2.80".parse::<IpAddr>().unwrap()]);
            server.wait_until_ready();
            took
        })
        .collect();
    println!("start to first answer: {times:?}");
    assert!(times.iter().min() <= Some(&limit), "allowed: {limit:?}; {times:?}");
}

#[test]
fn a_dead_member_stays_out_of_the_first_answer_after_a_start() {
    let _turn = turns::alone();
    let [dead, live] = [80, 81].map(|host| IpAddr::V4(loopback(host)));
    let port = free_port(&[dead, live]);
    let _backend = TcpListener::bind((live, port)).unwrap();
    let folder = Folder::new("restart-health");
    folder.copy("world");
    // The dead one would have nearly all answers; its probes take longer than the first answer does.
    folder.write(
        "zones/example.com.toml",
        format!(
            "[monitor.web]\nprobe = {{ tcp = {{}} }}\nport = {port}\ninterval = \"1s\"\ntimeout = \"500ms\"\nfall = 1\n\
             [pool.web]\nmonitor = \"web\"\nmembers = [\n\
             {{ name = \"dead\", address = \"{dead}\", weight = 65535 }},\n\
             {{ name = \"live\", address = \"{live}\", weight = 1 }},\n]\n\
             [[steer]]\nname = \"www\"\ntypes = [\"A\"]\npools = [\"web\"]\n"
        ),
    );
    let mut server = Server::start(folder, Setup::default());
    assert_eq!(ask(server.address, &Query::new("www.example.com", A)).addresses(), [live]);
    eventually("the saved health table", PATIENCE, || {
        std::fs::read_dir(server.folder.path().join("state")).ok()?.next().map(drop)
    });
    // Transitions are saved at most once a second.
    std::thread::sleep(Duration::from_millis(1500));
    for round in 0..ROUNDS {
        server.kill();
        server.spawn();
        let answer = first_answer(&server, "www.example.com");
        assert_eq!(answer.addresses(), [live], "first answer of start {round}");
        server.wait_until_ready();
        assert_eq!(ask(server.address, &Query::new("www.example.com", A)).addresses(), [live]);
    }
}

/// Asks each half millisecond until an answer comes.
fn first_answer(server: &Server, name: &str) -> Message {
    const PAUSE: Duration = Duration::from_micros(500);
    let octets = Query::new(name, A).octets();
    let socket = socket_to(server.address);
    socket.set_nonblocking(true).expect("a socket can be made non-blocking");
    let deadline = Instant::now() + PATIENCE * 4;
    let mut buffer = [0; 4096];
    while Instant::now() < deadline {
        // Refused while nothing listens yet.
        let _ = socket.send(&octets);
        std::thread::sleep(PAUSE);
        if let Ok(length) = socket.recv(&mut buffer) {
            let message = Message::parse(&buffer[..length]).expect("the first answer is well formed");
            assert_eq!(message.rcode(), NOERROR, "{message:?}");
            return message;
        }
    }
    panic!("no answer after a start; the log:\n{}", server.log());
}
