//! Clients that drip, stall, do not read, lie about lengths and reset. Each is ended by its own total deadline, and
//! meanwhile whoever else comes is served.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::harness::crowd;
use crate::harness::message::{A, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup};
use crate::harness::shown::{is_soak, raise_descriptors, short_or_long};
use crate::harness::turns;

/// As configured below.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(2);
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(6);
const LIMITS: &str = "tcp = { message_timeout = \"2s\", idle_timeout = \"3s\", connection_timeout = \"6s\" }";
/// A busy machine is late, and it never is early by more than a tick of its timers.
const LATE: Duration = Duration::from_secs(4);
const EARLY: Duration = Duration::from_millis(50);
/// Within which a new client is served.
const SERVED_WITHIN: Duration = Duration::from_secs(1);

fn start(name: &str) -> Server {
    raise_descriptors();
    let folder = Folder::new(name);
    folder.copy("world");
    Server::start(folder, Setup { server_lines: LIMITS, ..Setup::default() })
}

fn framed_query() -> Vec<u8> {
    let query = Query::new("static.example.com", A).octets();
    [&(query.len() as u16).to_be_bytes(), query.as_slice()].concat()
}

/// Runs `faulty` while a new honest client comes each tenth of a second, at least twenty; every one of them is served.
fn meanwhile_all_are_served<T>(server: SocketAddr, faulty: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let honest = scope.spawn(|| {
            let mut times = Vec::new();
            while times.len() < 20 || !over.load(Ordering::SeqCst) {
                times.push(crowd::served(server).unwrap_or_else(|fault| panic!("not served: {fault}")));
                std::thread::sleep(SERVED_WITHIN / 10);
            }
            times
        });
        let result = faulty();
        over.store(true, Ordering::SeqCst);
        let times = honest.join().expect("every honest client is served");
        let slowest = times.iter().max().copied().unwrap_or_default();
        println!("{} of {} new clients served, the slowest in {slowest:?}", times.len(), times.len());
        assert!(!is_soak() || slowest < SERVED_WITHIN, "{slowest:?}");
        result
    })
}

/// How long each of `count` clients lasts whose connection is used as `act` says.
fn lifetimes<F>(server: SocketAddr, count: usize, act: impl Fn(TcpStream, Instant) -> F) -> Vec<Duration>
where
    F: Future<Output = Duration> + Send + 'static,
{
    crowd::runtime().block_on(async {
        let (mut clients, start) = (JoinSet::new(), Instant::now());
        for stream in crowd::open(server, count).await {
            clients.spawn(act(stream, start));
        }
        crowd::soon(CONNECTION_TIMEOUT * 2 + LATE, clients.join_all()).await
    })
}

/// All lie between the deadline and some time behind it.
fn check(what: &str, times: &[Duration], least: Duration, most: Duration) {
    let (first, last) = (times.iter().min().expect("some"), times.iter().max().expect("some"));
    println!("{} {what}: ended after {first:?} to {last:?}", times.len());
    assert!(*first + EARLY >= least && *last <= most + LATE, "{what}: {first:?} to {last:?}");
}

async fn write(stream: &TcpStream, mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        stream.writable().await?;
        match stream.try_write(octets) {
            Ok(length) => octets = &octets[length..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[test]
fn half_messages_end_at_the_message_deadline() {
    let _turn = turns::shared();
    let server = start("half-messages");
    let times = meanwhile_all_are_served(server.address, || {
        lifetimes(server.address, short_or_long(200, 500), |stream, start| async move {
            let message = framed_query();
            write(&stream, &message[..message.len() / 2]).await.expect("half a message is taken");
            crowd::end_of(&stream, start).await
        })
    });
    check("half messages", &times, MESSAGE_TIMEOUT, MESSAGE_TIMEOUT);
}

#[test]
fn five_hundred_half_messages_from_one_address_shut_out_nobody_there() {
    let _turn = turns::shared();
    let server = start("half-messages-of-one");
    let half = framed_query();
    // Longer than any of them lasts: they come again.
    let until = Instant::now() + short_or_long(MESSAGE_TIMEOUT, CONNECTION_TIMEOUT * 2);
    meanwhile_all_are_served(server.address, || {
        crowd::runtime().block_on(async {
            while Instant::now() < until {
                let mut held = Vec::new();
                for _ in 0..500 {
                    let stream = TcpStream::connect(server.address).await.expect("a connection is taken");
                    write(&stream, &half[..20]).await.expect("half a message is taken");
                    held.push(stream);
                }
                tokio::time::sleep(MESSAGE_TIMEOUT / 2).await;
            }
        });
    });
}

#[test]
fn a_drip_renews_no_deadline() {
    let _turn = turns::shared();
    let server = start("drip");
    let pause = short_or_long(Duration::from_millis(200), Duration::from_secs(1));
    let times = meanwhile_all_are_served(server.address, || {
        lifetimes(server.address, 20, move |stream, start| async move {
            let octets = [&[0x40, 0], [0; 0x4000].as_slice()].concat();
            for octet in octets {
                let ended = tokio::time::timeout(pause, crowd::end_of(&stream, start)).await;
                if let Ok(ended) = ended {
                    return ended;
                }
                if write(&stream, &[octet]).await.is_err() {
                    break;
                }
            }
            start.elapsed()
        })
    });
    // The deadline runs from the first octet, which comes after a pause.
    check("drips", &times, MESSAGE_TIMEOUT, MESSAGE_TIMEOUT + pause);
}

#[test]
fn readers_that_never_read_are_reset() {
    let _turn = turns::shared();
    let server = start("deaf");
    let times = meanwhile_all_are_served(server.address, || {
        lifetimes(server.address, short_or_long(20, 200), |stream, start| async move {
            let flood = framed_query().repeat(500);
            while write(&stream, &flood).await.is_ok() {}
            start.elapsed()
        })
    });
    check("readers that never read", &times, MESSAGE_TIMEOUT, CONNECTION_TIMEOUT + MESSAGE_TIMEOUT);
}

#[test]
fn lengths_that_lie_end_at_a_deadline() {
    let _turn = turns::shared();
    let server = start("lengths");
    let times = meanwhile_all_are_served(server.address, || {
        let mut times = lifetimes(server.address, 50, |stream, start| async move {
            // Far more than comes.
            write(&stream, &[b"\xFF\xFF", &framed_query()[2..]].concat()).await.expect("it is taken");
            crowd::end_of(&stream, start).await
        });
        times.extend(lifetimes(server.address, 50, |stream, start| async move {
            // Less than comes: what follows is taken for the length of the next.
            write(&stream, &[b"\0\x05", &framed_query()[2..]].concat()).await.expect("it is taken");
            crowd::end_of(&stream, start).await
        }));
        times
    });
    check("lengths that lie", &times, MESSAGE_TIMEOUT, MESSAGE_TIMEOUT);
}

#[test]
fn silence_ends_at_the_idle_deadline() {
    let _turn = turns::shared();
    let server = start("silence");
    let times = meanwhile_all_are_served(server.address, || {
        lifetimes(server.address, short_or_long(200, 2000), |stream, start| async move {
            crowd::end_of(&stream, start).await
        })
    });
    check("silent connections", &times, IDLE_TIMEOUT, IDLE_TIMEOUT);
}

#[test]
fn connects_and_resets_by_the_thousand_leave_nothing_behind() {
    let _turn = turns::shared();
    let server = start("connects");
    let count = short_or_long(1_000, 10_000);
    let message = framed_query();
    meanwhile_all_are_served(server.address, || {
        crowd::runtime().block_on(async {
            for number in 0..count {
                let stream = crowd::connect(server.address, number).await.expect("a connection is taken");
                match number % 4 {
                    // Gone at once; after half a message; before its answer; by a reset in the middle.
                    0 => {}
                    1 => drop(write(&stream, &message[..9]).await),
                    2 => drop(write(&stream, &message).await),
                    _ => {
                        drop(write(&stream, &message[..9]).await);
                        stream.set_zero_linger().expect("it can be set");
                    }
                }
            }
        });
    });
    let event = |event| server.metric(&format!("tcp_connections_total{{event=\"{event}\"}}"));
    crate::harness::client::eventually("all to be closed", LATE, || {
        let closed = event("closed");
        (event("accepted") == closed).then_some(())
    });
    assert_eq!((event("shed"), event("displaced")), (0, 0), "the caps are far away");
    assert_eq!(server.metric("panics_total{place=\"answer\"}"), 0);
}
