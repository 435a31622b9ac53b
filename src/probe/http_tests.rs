//! Every verdict of the TCP and the HTTP probe, from real sockets.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::fixture::{Member, Step, answer, get, monitor, outcome};
use crate::health::{HttpProbe, Probe};

/// For members that never get ready.
const SHORT: Duration = Duration::from_millis(250);

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// One probe of a member that plays `steps`.
async fn check(steps: Vec<Step>, probe: HttpProbe, expected: &str) {
    let member = Member::start(steps.clone()).await;
    let monitor = monitor(Probe::Http(probe), member.address.port());
    assert_eq!(outcome(&monitor, member.address.ip()).await, expected, "{steps:?}");
}

/// One probe with a short timeout.
async fn check_timeout(steps: Vec<Step>, probe: Probe, expected: &str) {
    let member = Member::start(steps.clone()).await;
    let mut monitor = monitor(probe, member.address.port());
    monitor.timeout = SHORT;
    assert_eq!(outcome(&monitor, member.address.ip()).await, expected, "{steps:?}");
}

fn status(code: u16) -> Vec<Step> {
    answer(&format!("HTTP/1.1 {code} Some Words\r\nContent-Length: 0\r\n\r\n"))
}

fn wanting(text: &str, body_limit: usize) -> HttpProbe {
    HttpProbe { body_contains: Some(text.to_owned()), body_limit, ..get() }
}

#[tokio::test]
async fn tcp_passes_when_a_connection_opens() {
    let member = Member::start(vec![]).await;
    let monitor = monitor(Probe::Tcp, member.address.port());
    assert_eq!(outcome(&monitor, member.address.ip()).await, "pass");
}

#[tokio::test]
async fn nobody_listening_is_connection_refused() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for probe in [Probe::Tcp, Probe::Http(get())] {
        let monitor = monitor(probe, closed.port());
        assert_eq!(outcome(&monitor, closed.ip()).await, "fail: connection refused");
    }
}

/// A full accept queue drops SYNs, as a firewall does.
#[tokio::test]
async fn a_connection_that_does_not_open_times_out_while_connecting() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connected) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }
    for probe in [Probe::Tcp, Probe::Http(get())] {
        let mut monitor = monitor(probe, address.port());
        monitor.timeout = SHORT;
        let expected = "fail: timed out after 250 ms while connecting";
        assert_eq!(outcome(&monitor, address.ip()).await, expected);
    }
}

#[tokio::test]
async fn status_ranges_are_inclusive() {
    let ranges = || HttpProbe { status: vec![(200, 299), (301, 301), (418, 420)], ..get() };
    for code in [200, 299, 301, 418, 420] {
        check(status(code), ranges(), "pass").await;
    }
    for code in [300, 302, 417, 421, 503] {
        let expected = format!("fail: status {code}, wanted 200-299, 301, 418-420");
        check(status(code), ranges(), &expected).await;
    }
}

#[tokio::test]
async fn an_interim_answer_is_not_the_answer() {
    check(answer(&format!("HTTP/1.1 103 Early Hints\r\n\r\n{OK}")), get(), "pass").await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Member::start(answer(OK)).await;
    let location = format!("HTTP/1.1 302 Found\r\nLocation: http://{}/\r\n\r\n", elsewhere.address);
    check(answer(&location), get(), "fail: status 302, wanted 200-299").await;
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn the_body_is_searched_up_to_its_limit_and_no_further() {
    let body =
        |body: &str| answer(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    check(body("all is well"), wanting("well", 11), "pass").await;
    check(body("all is well"), wanting("well", 1024), "pass").await;
    check(body("all is well"), wanting("", 0), "pass").await;
    let beyond = "fail: body does not contain \"well\" in its first 10 octets";
    check(body("all is well"), wanting("well", 10), beyond).await;
    let absent = "fail: body does not contain \"down\" in its first 1024 octets";
    check(body("all is well"), wanting("down", 1024), absent).await;
    check(answer("HTTP/1.1 204 No Content\r\n\r\n"), wanting("down", 1024), absent).await;
}

#[tokio::test]
async fn text_is_found_across_chunks_and_before_the_body_ends() {
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n2\r\n-w\r\n3\r\nell\r\n";
    let stalled = vec![Step::Read, Step::Send(chunks.to_owned()), Step::Stall];
    check(stalled, wanting("all-well", 1024), "pass").await;
    let endless = "HTTP/1.1 200 OK\r\n\r\nwell".to_owned();
    check(vec![Step::Read, Step::Send(endless), Step::Drip(b'.')], wanting("well", 1024), "pass").await;
}

#[tokio::test]
async fn one_timeout_covers_headers_and_body_however_they_drip() {
    let body = || "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_owned();
    let headers = "fail: timed out after 250 ms while waiting for headers";
    let reading = "fail: timed out after 250 ms while reading the body";
    let http = |probe| Probe::Http(probe);
    check_timeout(vec![Step::Stall], http(get()), headers).await;
    check_timeout(vec![Step::Read, Step::Stall], http(get()), headers).await;
    let begun = Step::Send("HTTP/1.1 200 OK\r\nX: ".to_owned());
    check_timeout(vec![Step::Read, begun, Step::Drip(b'x')], http(get()), headers).await;
    let stalled = vec![Step::Read, Step::Send(body()), Step::Stall];
    check_timeout(stalled, http(wanting("never", 100_000)), reading).await;
    let dripping = vec![Step::Read, Step::Send(body()), Step::Drip(b'x')];
    check_timeout(dripping, http(wanting("never", 100_000)), reading).await;
}

#[tokio::test]
async fn a_connection_that_ends_too_early_says_where() {
    let cut = || Step::Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_owned());
    let before = "fail: connection closed before the answer";
    check(vec![Step::Read], get(), before).await;
    check(vec![Step::Read, Step::Send("HTTP/1.1 20".to_owned())], get(), before).await;
    check(vec![Step::Read, Step::Reset], get(), "fail: connection reset before the answer").await;
    check(vec![Step::Read, cut()], get(), "pass").await;
    check(vec![Step::Read, cut()], wanting("d", 100), "fail: connection closed while reading the body").await;
}

/// SSH, SMTP and FTP greet whoever connects; whether the request has left by then is chance.
#[tokio::test]
async fn a_greeting_is_not_an_answer() {
    let member = Member::start(vec![
        Step::Send(
            "SSH-2.0-OpenSSH_9.2
"
            .to_owned(),
        ),
        Step::Stall,
    ])
    .await;
    let monitor = monitor(Probe::Http(get()), member.address.port());
    for _ in 0..20 {
        let outcome = outcome(&monitor, member.address.ip()).await;
        let expected = [
            "fail: it answered before it was asked",
            "fail: the answer is not HTTP: invalid HTTP version parsed",
        ];
        assert!(expected.contains(&outcome.as_str()), "{outcome}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_called_so() {
    for text in ["SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example ESMTP\r\n"] {
        let expected = "fail: the answer is not HTTP: invalid HTTP version parsed";
        check(vec![Step::Read, Step::Send(text.to_owned())], get(), expected).await;
    }
    let mut endless = "HTTP/1.1 200 OK\r\n".to_owned();
    endless.extend(std::iter::repeat_n("X-Header: value\r\n", 50_000));
    let expected = "fail: the answer is not HTTP: message head is too large";
    check(vec![Step::Read, Step::Send(endless)], get(), expected).await;
}

#[tokio::test]
async fn the_request_is_as_the_monitor_says() {
    let member = Member::start(answer(OK)).await;
    let probe = HttpProbe {
        method: "POST".to_owned(),
        path: "/health?deep=1".to_owned(),
        host: Some("www.example.com".to_owned()),
        headers: vec![
            ("X-Probe".to_owned(), "a".to_owned()),
            ("X-Probe".to_owned(), "b".to_owned()),
            ("User-Agent".to_owned(), "other".to_owned()),
        ],
        ..get()
    };
    let monitor = monitor(Probe::Http(probe), member.address.port());
    assert_eq!(outcome(&monitor, member.address.ip()).await, "pass");
    let request = member.requests().remove(0).to_ascii_lowercase();
    assert!(request.starts_with("post /health?deep=1 http/1.1\r\n"), "{request}");
    for line in
        ["host: www.example.com", "x-probe: a", "x-probe: b", "user-agent: other", "connection: close"]
    {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{line} in {request}");
    }
    assert!(!request.contains("meridian") && !request.contains("referer"), "{request}");
}

#[tokio::test]
async fn without_a_host_the_address_is_the_host() {
    for address in [IpAddr::V6(Ipv6Addr::LOCALHOST), "127.0.0.9".parse().unwrap()] {
        let member = Member::start_on(address, answer(OK)).await;
        let monitor = monitor(Probe::Http(get()), member.address.port());
        assert_eq!(outcome(&monitor, address).await, "pass");
        let request = member.requests().remove(0).to_ascii_lowercase();
        assert!(request.contains(&format!("\r\nhost: {}\r\n", member.address)), "{request}");
        let version = env!("CARGO_PKG_VERSION");
        assert!(request.contains(&format!("\r\nuser-agent: meridian/{version}\r\n")), "{request}");
    }
}

/// "localhost" would resolve to an address where nobody listens on that port.
#[tokio::test]
async fn the_host_is_never_resolved() {
    let member = Member::start_on("127.0.0.77".parse().unwrap(), answer(OK)).await;
    for host in ["localhost", "no-such-name.invalid", "_odd.Example"] {
        let probe = HttpProbe { host: Some(host.to_owned()), ..get() };
        let monitor = monitor(Probe::Http(probe), member.address.port());
        assert_eq!(outcome(&monitor, member.address.ip()).await, "pass", "{host}");
    }
}

#[tokio::test]
async fn what_cannot_be_probed_is_refused_with_the_reason() {
    let refused = |probe: HttpProbe| monitor(Probe::Http(probe), 1);
    let loopback: IpAddr = "127.0.0.1".parse().unwrap();
    for (probe, expected) in [
        (HttpProbe { method: "GE T".to_owned(), ..get() }, "refused: \"GE T\" is not a request method"),
        (
            HttpProbe { headers: vec![("X".to_owned(), "a\r\nB: c".to_owned())], ..get() },
            "refused: header \"X\" cannot be sent: its name or its value is not allowed in HTTP",
        ),
    ] {
        assert_eq!(outcome(&refused(probe), loopback).await, expected);
    }
    let metadata = "refused: 169.254.169.254 hands out the credentials of cloud machines and is not probed";
    assert_eq!(outcome(&refused(get()), "169.254.169.254".parse().unwrap()).await, metadata);
}
