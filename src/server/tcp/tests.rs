//! Clients over real sockets, the honest ones and the others. Deadlines are short; no test measures how long something
//! takes, only what comes of it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::{Closing, Regulars, Service, listen};
use crate::answer::{Counter, Tally};
use crate::config::TcpSettings;
use crate::server::clock::Clock;
use crate::server::control::Control;
use crate::server::desk::{Desk, PANIC};
use crate::server::fixture::{empty_store, message, query, settings, surroundings};
use crate::server::socket::listen_tcp;
use crate::wire::cookie::Secret;

/// Short enough to wait for, long enough for a busy machine to answer in.
const SHORT: Duration = Duration::from_millis(300);
/// Everything here ends long before this.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    address: std::net::SocketAddr,
    tally: Arc<Tally>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    closing: Closing,
}

fn run(change: impl FnOnce(&mut TcpSettings)) -> Running {
    let mut limits = settings().tcp;
    change(&mut limits);
    let tally = Arc::new(Tally::default());
    let (regulars, loops) = Regulars::open(1).unwrap();
    let closing = regulars.closing();
    let service = Arc::new(service(&limits, &tally, regulars));
    for (number, rounds) in loops.into_iter().enumerate() {
        rounds.spawn(number, Arc::clone(&service)).unwrap();
    }
    let listener = listen_tcp(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let listener = TcpListener::from_std(listener).unwrap();
    let task = tokio::spawn(listen(listener, service, stopping));
    Running { address, tally, stop, task, closing }
}

fn service(limits: &TcpSettings, tally: &Arc<Tally>, regulars: Regulars) -> Service {
    let store = empty_store();
    let control = Arc::new(Control::new(Arc::clone(&store), surroundings(), Arc::clone(tally)));
    let (clock, tally, secret) = (Clock::start(), Arc::clone(tally), Secret::new([7; 16]));
    Service::new(store, clock, control, tally, limits, regulars, (1..3).map(|seed| Desk::new(seed, secret)))
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection that has asked something, and is served among the regulars from then on.
    async fn regular(&self) -> TcpStream {
        let mut stream = self.connect().await;
        assert_eq!(ask(&mut stream, 1).await, Some(1));
        stream
    }

    /// One of each sort.
    async fn both(&self) -> [TcpStream; 2] {
        [self.connect().await, self.regular().await]
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the server hangs")
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes(), message].concat()
}

async fn send(stream: &mut TcpStream, octets: &[u8]) {
    stream.write_all(octets).await.unwrap();
}

/// The next answer; `None` when the connection was closed instead.
async fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let length = soon(stream.read_u16()).await.ok()?;
    let mut answer = vec![0; usize::from(length)];
    soon(stream.read_exact(&mut answer)).await.unwrap();
    Some(answer)
}

fn id(answer: Option<Vec<u8>>) -> Option<u16> {
    answer.map(|answer| u16::from_be_bytes([answer[0], answer[1]]))
}

async fn ask(stream: &mut TcpStream, number: u16) -> Option<u16> {
    send(stream, &framed(&query(number, "example.org."))).await;
    id(receive(stream).await)
}

#[tokio::test]
async fn queries_in_one_segment_are_all_answered_in_order() {
    let server = run(|_| {});
    let mut segment = Vec::new();
    for number in 0..300 {
        // Every tenth goes through the control handler, in its place all the same.
        let class = if number % 10 == 0 { 3 } else { 1 };
        segment.extend(framed(&message(number, 0, "example.org.", 1, class)));
    }
    for mut stream in server.both().await {
        send(&mut stream, &segment).await;
        for number in 0..300 {
            assert_eq!(id(receive(&mut stream).await), Some(number));
        }
    }
}

#[tokio::test]
async fn a_message_in_pieces_is_answered_once_it_is_whole() {
    let server = run(|_| {});
    for mut stream in server.both().await {
        stream.set_nodelay(true).unwrap();
        for octet in framed(&query(7, "example.org.")) {
            send(&mut stream, &[octet]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(id(receive(&mut stream).await), Some(7));
    }
}

#[tokio::test]
async fn a_drip_is_cut_at_the_message_deadline_while_others_are_served() {
    let server = run(|limits| limits.message_timeout = SHORT);
    let mut drip = server.connect().await;
    let mut honest = server.connect().await;
    let dripping = async {
        // An octet well before each deadline that it would renew if it could.
        let octets = framed(&vec![0; 60_000]);
        for octet in octets {
            if drip.write_all(&[octet]).await.is_err() {
                return;
            }
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    let asking = async {
        loop {
            assert_eq!(ask(&mut honest, 9).await, Some(9));
            tokio::time::sleep(SHORT / 20).await;
        }
    };
    soon(async {
        tokio::select! { () = dripping => {}, () = asking => {} }
    })
    .await;
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 1);
}

#[tokio::test]
async fn a_long_length_with_few_octets_behind_it_ends_at_the_deadline() {
    let server = run(|limits| limits.message_timeout = SHORT);
    for mut stream in server.both().await {
        send(&mut stream, b"\xFF\xFFfew").await;
        assert_eq!(receive(&mut stream).await, None);
    }
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 2);
}

#[tokio::test]
async fn a_silent_connection_ends_at_the_idle_deadline_and_a_talking_one_at_its_own() {
    let server = run(|limits| limits.idle_timeout = SHORT);
    for mut stream in server.both().await {
        assert_eq!(receive(&mut stream).await, None);
    }
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 2);

    let server = run(|limits| limits.connection_timeout = SHORT);
    let mut talking = server.connect().await;
    let conversation = async {
        while talking.write_all(&framed(&query(1, "example.org."))).await.is_ok() {
            if receive(&mut talking).await.is_none() {
                return;
            }
        }
    };
    soon(conversation).await;
}

#[tokio::test]
async fn who_never_reads_is_cut_and_delays_nobody() {
    let server = run(|limits| limits.message_timeout = SHORT);
    let mut deaf = server.regular().await;
    let flood = framed(&query(1, "example.org.")).repeat(1000);
    let flooding = async { while deaf.write_all(&flood).await.is_ok() {} };
    let mut honest = server.connect().await;
    let asking = async {
        loop {
            assert_eq!(ask(&mut honest, 9).await, Some(9));
        }
    };
    soon(async {
        tokio::select! { () = flooding => {}, () = asking => {} }
    })
    .await;
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 1);
}

#[tokio::test]
async fn who_asks_much_lets_a_newcomer_go_between() {
    let server = run(|_| {});
    // All is there before the server, on this thread too, begins.
    let send = |octets: &[u8]| {
        let mut stream = std::net::TcpStream::connect(server.address).unwrap();
        std::io::Write::write_all(&mut stream, octets).unwrap();
        stream.set_nonblocking(true).unwrap();
        TcpStream::from_std(stream).unwrap()
    };
    let query = framed(&query(7, "example.org."));
    let (mut greedy, mut newcomer) = (send(&query.repeat(2000)), send(&query));
    let first = receive(&mut newcomer).await.unwrap();
    let whole = 2000 * framed(&first).len();
    let early = greedy.try_read(&mut vec![0; whole]).unwrap_or(0);
    assert!(early < whole / 2, "{early} octets of {whole} came before a newcomer's first answer");
    let mut late = vec![0; whole - early];
    soon(greedy.read_exact(&mut late)).await.unwrap();
}

/// Sends `count` queries, reads nothing until the server's deadlines have passed, then everything: the ids in order. A
/// reset instead of an orderly close is an error, and the answers that it overtakes are lost.
async fn read_late(server: &Running, count: u16) -> Vec<u16> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    let (mut reader, mut writer) = socket.connect(server.address).await.unwrap().into_split();
    let queries: Vec<u8> = (0..count).flat_map(|number| framed(&query(number, "example.org."))).collect();
    let mut octets = Vec::new();
    let reading = async {
        tokio::time::sleep(2 * SHORT).await;
        reader.read_to_end(&mut octets).await.expect("a FIN, not a reset");
    };
    let (sent, ()) = soon(async { tokio::join!(writer.write_all(&queries), reading) }).await;
    sent.unwrap();
    let mut ids = Vec::new();
    let mut rest = octets.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (answer, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        ids.extend(id(Some(answer.to_vec())));
        rest = after;
    }
    ids
}

#[tokio::test]
async fn a_deadline_takes_no_answer_back_that_was_given() {
    let idle = run(|limits| limits.idle_timeout = SHORT);
    assert!(read_late(&idle, 600).await.into_iter().eq(0..600));
    assert_eq!(idle.tally.get(Counter::TcpTimedOut), 1);

    let short = run(|limits| limits.connection_timeout = SHORT);
    assert!(read_late(&short, 600).await.into_iter().eq(0..600));
    // More than the buffers between the two hold: not all are answered, and what is sent beyond is read away.
    let ids = read_late(&short, 30_000).await;
    assert!(ids.len() > 600 && ids.iter().copied().eq(0..ids.len() as u16), "{}", ids.len());
    assert_eq!(short.tally.get(Counter::TcpTimedOut), 2);
}

#[tokio::test]
async fn who_does_not_take_his_leave_is_reset() {
    let server = run(|limits| (limits.idle_timeout, limits.message_timeout) = (SHORT, SHORT));
    let mut stream = server.connect().await;
    assert_eq!(soon(stream.read(&mut [0; 1])).await.unwrap(), 0, "a FIN first");
    let error = soon(async {
        loop {
            // Not a word and no FIN of ours: only a reset can show here.
            tokio::time::sleep(SHORT / 10).await;
            if let Some(error) = stream.take_error().unwrap() {
                return error;
            }
        }
    })
    .await;
    // What the kernel calls a reset after the other side's FIN.
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn who_closes_his_side_still_gets_his_answers() {
    let server = run(|_| {});
    for half in [&b"\0\x20half"[..], b""] {
        for mut stream in server.both().await {
            send(&mut stream, &[framed(&query(1, "a.")), framed(&query(2, "b.")), half.to_vec()].concat())
                .await;
            stream.shutdown().await.unwrap();
            assert_eq!(id(receive(&mut stream).await), Some(1));
            assert_eq!(id(receive(&mut stream).await), Some(2));
            assert_eq!(receive(&mut stream).await, None);
        }
    }
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 0);
}

/// A read takes 4096 octets: of those who ask for just so much, and for some more, the end of their side was told of before.
#[tokio::test]
async fn who_closes_his_side_behind_more_than_one_read_is_let_go_at_once() {
    let server = run(|limits| limits.idle_timeout = PATIENCE);
    let name = format!("{}.", "a".repeat(44));
    let of_64_octets = |number| framed(&query(number, &name));
    assert_eq!(4096 % of_64_octets(0).len(), 0);
    for _ in 0..50 {
        let mut stream = server.regular().await;
        let segment: Vec<u8> = (0..65).flat_map(of_64_octets).collect();
        send(&mut stream, &segment).await;
        stream.shutdown().await.unwrap();
        for number in 0..65 {
            assert_eq!(id(receive(&mut stream).await), Some(number));
        }
        assert_eq!(receive(&mut stream).await, None);
    }
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 0);
}

#[test]
fn a_loop_that_has_ended_is_passed_over() {
    let (regulars, mut loops) = Regulars::open(2).unwrap();
    drop(loops.pop());
    assert!(!regulars.is_empty());
    drop(loops);
    assert!(regulars.is_empty());
}

#[tokio::test]
async fn a_client_at_its_cap_gives_up_the_one_of_his_that_was_idle_longest() {
    let server = run(|limits| limits.connections_per_client = 2);
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    assert_eq!(ask(&mut first, 1).await, Some(1));
    assert_eq!(ask(&mut second, 2).await, Some(2));
    let mut third = server.connect().await;
    assert_eq!(ask(&mut third, 3).await, Some(3));
    assert_eq!(receive(&mut first).await, None);
    assert_eq!(ask(&mut second, 4).await, Some(4));
    assert_eq!(server.tally.get(Counter::TcpShed), 1);
}

#[tokio::test]
async fn when_all_seats_are_taken_the_longest_idle_makes_room() {
    let server = run(|limits| limits.connections = 2);
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    assert_eq!(ask(&mut first, 1).await, Some(1));
    assert_eq!(ask(&mut second, 2).await, Some(2));
    let mut third = server.connect().await;
    assert_eq!(ask(&mut third, 3).await, Some(3));
    assert_eq!(receive(&mut first).await, None);
    assert_eq!(ask(&mut second, 4).await, Some(4));
    assert_eq!(server.tally.get(Counter::TcpShed), 1);
}

#[tokio::test]
async fn half_messages_and_unread_answers_shut_nobody_out() {
    let server = run(|limits| limits.connections = 3);
    let half = async |length| {
        let mut stream = server.connect().await;
        send(&mut stream, &framed(&query(1, "example.org."))[..length]).await;
        stream
    };
    let deaf = async {
        let mut stream = server.connect().await;
        let flood = framed(&query(1, "example.org.")).repeat(1000);
        // Until the buffers between the two are full; then it stays so.
        let filling = async { while stream.write_all(&flood).await.is_ok() {} };
        let _ = tokio::time::timeout(SHORT, filling).await;
        stream
    };
    // Left alone all of them would stay for ten seconds.
    let mut stalled = [deaf.await, half(1).await, half(9).await];
    let mut fresh = Vec::new();
    for number in 0..20 {
        fresh.push(server.connect().await);
        assert_eq!(ask(fresh.last_mut().unwrap(), number).await, Some(number));
        tokio::time::sleep(SHORT / 2).await;
    }
    for half in &mut stalled[1..] {
        assert_eq!(receive(half).await, None);
    }
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 0);
    assert_eq!(server.tally.get(Counter::TcpDisplaced), 3);
}

#[tokio::test]
async fn what_has_come_is_answered_before_a_connection_makes_room() {
    let server = run(|limits| limits.connections = 1);
    let mut streams = Vec::new();
    for number in 0..50 {
        let mut stream = if number % 2 == 0 { server.connect().await } else { server.regular().await };
        send(&mut stream, &framed(&query(number, "example.org."))).await;
        streams.push(stream);
    }
    for (number, stream) in (0..).zip(&mut streams) {
        assert_eq!(id(receive(stream).await), Some(number));
    }
}

#[tokio::test]
async fn messages_that_are_none_are_passed_over() {
    let server = run(|_| {});
    let junk = [framed(b""), framed(b"short"), framed(&[0xFF; 12])].concat().repeat(50);
    for mut stream in server.both().await {
        send(&mut stream, &[&junk[..], &framed(&query(8, "example.org."))].concat()).await;
        assert_eq!(id(receive(&mut stream).await), Some(8));
        assert_eq!(ask(&mut stream, 9).await, Some(9));
        // It opens the largest message there is and goes.
        send(&mut stream, b"\xFF\xFF").await;
        stream.shutdown().await.unwrap();
        assert_eq!(receive(&mut stream).await, None);
    }
}

#[tokio::test]
async fn an_idle_connection_is_small() {
    let service = service(&settings().tcp, &Arc::default(), Regulars::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let peer = stream.peer_addr().unwrap();
    let seat = service.admission.admit(peer.ip());
    let task = Connection::new(stream, peer, seat, Arc::new(service)).serve();
    assert!(size_of_val(&task) <= 1536, "{} octets", size_of_val(&task));
}

#[tokio::test]
async fn a_panic_is_a_servfail_and_the_connection_goes_on() {
    let server = run(|_| {});
    for mut stream in server.both().await {
        send(&mut stream, &framed(&[query(5, "example.org."), PANIC.to_vec()].concat())).await;
        let answer = receive(&mut stream).await.unwrap();
        assert_eq!((answer.len(), answer[3] & 0x0F), (12, 2));
        assert_eq!(ask(&mut stream, 6).await, Some(6));
    }
}

#[tokio::test]
async fn a_regular_gets_all_its_answers_however_many_it_asks_for_at_once() {
    let server = run(|_| {});
    for burst in [1_u16, 90, 2000, 20_000] {
        let (mut reader, mut writer) = server.regular().await.into_split();
        let queries: Vec<u8> = (0..burst).flat_map(|number| framed(&query(number, "example.org."))).collect();
        let reading = async {
            for number in 0..burst {
                let mut answer = vec![0; usize::from(reader.read_u16().await.unwrap())];
                reader.read_exact(&mut answer).await.unwrap();
                assert_eq!(id(Some(answer)), Some(number), "of {burst}");
            }
        };
        let (sent, ()) = soon(async { tokio::join!(writer.write_all(&queries), reading) }).await;
        sent.unwrap();
    }
}

#[tokio::test]
async fn a_regular_stays_one_through_whatever_its_task_does_for_it() {
    let server = run(|limits| limits.idle_timeout = SHORT * 4);
    let mut stream = server.regular().await;
    for number in 2..12 {
        send(&mut stream, &framed(&message(number, 0, "example.org.", 1, 3))).await;
        assert_eq!(id(receive(&mut stream).await), Some(number));
        assert_eq!(ask(&mut stream, 77).await, Some(77));
    }
    assert_eq!(receive(&mut stream).await, None, "at its own deadline");
}

#[tokio::test]
async fn a_regular_that_talks_outlasts_the_idle_deadline() {
    let server = run(|limits| limits.idle_timeout = SHORT * 4);
    let mut stream = server.regular().await;
    for number in 2..12 {
        tokio::time::sleep(SHORT / 2).await;
        assert_eq!(ask(&mut stream, number).await, Some(number));
    }
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 0);
    assert_eq!(receive(&mut stream).await, None);
    assert_eq!(server.tally.get(Counter::TcpTimedOut), 1);
}

#[tokio::test]
async fn loops_that_end_close_their_connections() {
    let mut server = run(|_| {});
    let (mut stream, mut later) = (server.regular().await, server.connect().await);
    for number in 2..9 {
        assert_eq!(ask(&mut stream, number).await, Some(number));
    }
    server.closing = Regulars::default().closing();
    assert_eq!(receive(&mut stream).await, None);
    assert_eq!(ask(&mut later, 1).await, Some(1));
    assert_eq!(receive(&mut later).await, None);
}

#[tokio::test]
async fn stopping_closes_idle_connections_and_waits_for_a_message_that_has_begun() {
    let server = run(|_| {});
    let (mut idle, mut half) = (server.connect().await, server.connect().await);
    assert_eq!(ask(&mut idle, 1).await, Some(1));
    let message = framed(&query(2, "example.org."));
    assert_eq!(ask(&mut half, 1).await, Some(1));
    send(&mut half, &message[..9]).await;
    tokio::time::sleep(SHORT).await;
    server.stop.send_replace(true);
    assert_eq!(receive(&mut idle).await, None);
    send(&mut half, &message[9..]).await;
    assert_eq!(id(receive(&mut half).await), Some(2));
    assert_eq!(receive(&mut half).await, None);
    soon(server.task).await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
