//! The prober as the daemon uses it: first round, grid, removal, bounds, and a full descriptor table.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use super::fixture::{Member, Step, answer, get, monitor, outcome};
use super::{Assignment, Prober, Report, Settings};
use crate::health::{Monitor, Probe, TargetKey, Verdict};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// An interval that is short for a test and long for a timer.
const INTERVAL: Duration = Duration::from_millis(40);

fn assignment(number: u64, address: IpAddr, monitor: Monitor) -> Assignment {
    let key = TargetKey { monitor: number, address };
    Assignment { key, monitor: Arc::new(monitor), label: format!("test: {address}") }
}

fn at(member: SocketAddr, probe: Probe) -> Assignment {
    let monitor = Monitor { interval: INTERVAL, ..monitor(probe, member.port()) };
    assignment(u64::from(member.port()), member.ip(), monitor)
}

fn prober(concurrency: usize) -> (Prober, UnboundedReceiver<Report>) {
    let (sender, reports) = unbounded_channel();
    let settings = Settings { concurrency };
    (Prober::start(&Handle::current(), settings, move |report| drop(sender.send(report))), reports)
}

#[tokio::test]
async fn the_first_round_tells_what_each_target_is_like() {
    let good = Member::start(answer(OK)).await;
    let bad = Member::start(answer("HTTP/1.1 500 No\r\n\r\n")).await;
    let metadata = assignment(1, "fd00:ec2::254".parse().unwrap(), monitor(Probe::Tcp, 80));
    let (prober, mut reports) = prober(100);
    let assignments = [at(good.address, Probe::Http(get())), at(bad.address, Probe::Http(get())), metadata];
    let mut learned = Vec::new();
    prober.first_round(&assignments, |report| learned.push(report)).await;
    learned.sort_by_key(|report| assignments.iter().position(|given| given.key == report.key));
    let verdicts: Vec<_> = learned.into_iter().map(|report| report.verdict).collect();
    assert!(matches!(verdicts[0], Verdict::Pass { microseconds } if microseconds > 0), "{verdicts:?}");
    assert_eq!(verdicts[1], Verdict::Fail("status 500, wanted 200-299".to_owned()));
    assert!(matches!(&verdicts[2], Verdict::Abstain(why) if why.contains("credentials")), "{verdicts:?}");
    assert!(reports.try_recv().is_err(), "the first round goes to its caller, not to the reports");
    let counters = prober.counters();
    assert_eq!((counters.passes, counters.failures, counters.abstentions), (1, 1, 0));
}

#[tokio::test]
async fn a_round_ends_at_its_deadline_with_what_is_known() {
    const LIMIT: Duration = Duration::from_millis(500);
    let good = Member::start(answer(OK)).await;
    let silent = Member::start(vec![Step::Stall]).await;
    let (prober, mut reports) = prober(100);
    let begin = Instant::now();
    let assignments = [at(silent.address, Probe::Http(get())), at(good.address, Probe::Http(get()))];
    let mut learned = Vec::new();
    prober.round(&assignments, LIMIT, |report| learned.push(report.key)).await;
    assert_eq!(learned, [assignments[1].key]);
    assert!(reports.try_recv().is_err(), "the silent one has its own timeout to go");
    assert!(begin.elapsed() >= LIMIT);
}

/// With the default timeout, which is as long as the round.
#[tokio::test]
async fn a_silent_member_has_its_verdict_within_the_round() {
    const LIMIT: Duration = Duration::from_secs(2);
    let silent = Member::start(vec![Step::Stall]).await;
    let (prober, _reports) = prober(100);
    let mut assignment = at(silent.address, Probe::Http(get()));
    let monitor = Monitor { timeout: LIMIT, ..(*assignment.monitor).clone() };
    assignment.monitor = Arc::new(monitor);
    let mut learned = Vec::new();
    prober.round(&[assignment], LIMIT, |report| learned.push(report.verdict)).await;
    assert!(matches!(&learned[..], [Verdict::Fail(why)] if why.contains("timed out")), "{learned:?}");
}

/// A verdict that a longer timeout delays beyond the round is not lost.
#[tokio::test]
async fn what_comes_after_the_round_goes_to_the_reports() {
    let silent = Member::start(vec![Step::Stall]).await;
    let (prober, mut reports) = prober(100);
    let mut assignment = at(silent.address, Probe::Http(get()));
    assignment.monitor =
        Arc::new(Monitor { timeout: Duration::from_millis(300), ..(*assignment.monitor).clone() });
    prober.round(&[assignment], Duration::from_millis(50), |report| panic!("{report:?}")).await;
    let late = reports.recv().await.unwrap();
    assert!(matches!(&late.verdict, Verdict::Fail(why) if why.contains("timed out")), "{late:?}");
}

#[tokio::test]
async fn no_more_probes_than_allowed_run_at_once_and_those_that_wait_are_counted() {
    const ALLOWED: usize = 3;
    const TARGETS: u8 = 12;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (present, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let (present, most) = (Arc::clone(&present), Arc::clone(&most));
            tokio::spawn(async move {
                most.fetch_max(present.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let _ = connection.read(&mut [0; 1024]).await;
                tokio::time::sleep(Duration::from_millis(30)).await;
                present.fetch_sub(1, Ordering::SeqCst);
                let _ = connection.write_all(OK.as_bytes()).await;
            });
        }
    });
    let address = |last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    let assignments: Vec<_> =
        (1..=TARGETS).map(|last| assignment(1, address(last), monitor(Probe::Http(get()), port))).collect();
    let (prober, _reports) = prober(ALLOWED);
    let mut learned = 0;
    prober.first_round(&assignments, |_| learned += 1).await;
    assert_eq!(learned, TARGETS);
    assert_eq!(seen.load(Ordering::SeqCst), ALLOWED);
    assert_eq!(prober.counters().late, u64::from(TARGETS) - ALLOWED as u64);
}

#[tokio::test]
async fn probes_go_on_on_the_grid_and_never_before_it() {
    let member = Member::start(answer(OK)).await;
    let (prober, mut reports) = prober(100);
    let origin = Instant::now();
    prober.assign(vec![at(member.address, Probe::Http(get()))]);
    for number in 0..8 {
        let report = reports.recv().await.unwrap();
        assert!(matches!(report.verdict, Verdict::Pass { .. }), "{report:?}");
        // The first target's phase is 0, so grid point n is n intervals after the prober's start.
        assert!(report.at >= (origin + INTERVAL * number).into_std() - Duration::from_millis(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grid_points_that_pass_while_a_report_is_taken_are_skipped_not_made_up_for() {
    let member = Member::start(vec![]).await;
    let (sender, mut reports) = unbounded_channel();
    let prober = Prober::start(&Handle::current(), Settings::default(), move |report| {
        std::thread::sleep(INTERVAL * 5);
        drop(sender.send(report));
    });
    prober.assign(vec![at(member.address, Probe::Tcp)]);
    for _ in 0..3 {
        reports.recv().await.unwrap();
    }
    assert!(prober.counters().skipped >= 4, "{:?}", prober.counters());
}

/// The test's thread is the only one, so that sleeping in it is what a suspended machine is to the probes.
#[tokio::test]
async fn grid_points_that_pass_while_the_process_stands_still_are_skipped() {
    let member = Member::start(vec![]).await;
    let (prober, mut reports) = prober(100);
    prober.assign(vec![at(member.address, Probe::Tcp)]);
    reports.recv().await.unwrap();
    std::thread::sleep(INTERVAL * 10);
    reports.recv().await.unwrap();
    let counters = prober.counters();
    assert!(counters.skipped >= 7 && counters.passes <= 3, "{counters:?}");
}

#[tokio::test]
async fn what_stays_is_left_alone_and_what_goes_is_stopped() {
    let stays = Member::start(answer(OK)).await;
    let goes = Member::start(answer(OK)).await;
    let both = vec![at(stays.address, Probe::Http(get())), at(goes.address, Probe::Http(get()))];
    let (prober, mut reports) = prober(100);
    prober.assign(both.clone());
    while goes.requests().is_empty() || stays.requests().is_empty() {
        reports.recv().await.unwrap();
    }
    prober.assign(both[..1].to_vec());
    // One thread runs the test and the probes: after this, nothing of the stopped task is left.
    while reports.try_recv().is_ok() {}
    let before = goes.requests().len();
    for _ in 0..6 {
        assert_eq!(reports.recv().await.unwrap().key, both[0].key);
    }
    assert_eq!(goes.requests().len(), before);
    prober.assign(Vec::new());
    drop(prober);
    assert!(reports.recv().await.is_none_or(|report| report.key == both[0].key));
    assert!(reports.recv().await.is_none(), "the sender is gone with the last task");
}

#[tokio::test]
async fn dropping_the_prober_stops_every_probe() {
    let member = Member::start(answer(OK)).await;
    let (prober, mut reports) = prober(100);
    prober.assign(vec![at(member.address, Probe::Http(get()))]);
    reports.recv().await.unwrap();
    drop(prober);
    while reports.recv().await.is_some() {}
}

/// Runs itself in a process that may have few descriptors, and there uses them up.
#[tokio::test]
async fn a_full_descriptor_table_is_an_abstention_and_passes() {
    const INSIDE: &str = "MERIDIAN_TEST_FEW_DESCRIPTORS";
    if std::env::var_os(INSIDE).is_none() {
        let name = "probe::prober_tests::a_full_descriptor_table_is_an_abstention_and_passes";
        let script = format!("ulimit -n 64 && exec \"$0\" --exact {name}");
        let program = std::env::current_exe().unwrap();
        let output = Command::new("sh").arg("-c").arg(script).arg(program).env(INSIDE, "1").output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let member = listener.local_addr().unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    for probe in [Probe::Tcp, Probe::Http(get())] {
        let told = outcome(&monitor(probe, member.port()), member.ip()).await;
        assert_eq!(told, "abstain: out of file descriptors or memory for sockets");
    }
    drop(taken);
    assert_eq!(outcome(&monitor(Probe::Tcp, member.port()), member.ip()).await, "pass");
}
