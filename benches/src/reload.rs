//! What a reload takes, and costs: from the moment when a server is told until it answers with the new serial, while
//! queries go on.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::load::{Report, at_rate};
use crate::peer::{FIRST_SERIAL, Reload, ask};
use crate::query::{serial_of, soa_query};
use crate::server::Server;
use crate::work::Work;
use crate::world::World;

/// Queries a second meanwhile.
const RATE: f64 = 5000.0;
/// How long they go on: a while before the reload, and until what was served before has gone.
const DURATION: Duration = Duration::from_secs(4);
const BEFORE: Duration = Duration::from_millis(500);
/// A server must have read its files again within this time.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A reload that was measured.
pub struct Reloaded {
    /// From the signal to the first answer with the new serial.
    pub time: Duration,
    /// Queries of the meantime, with those that were lost.
    pub report: Report,
}

/// Changes one zone of a world and has the server read its files again. `None` where it is not told how to.
pub fn reload(server: &Server, world: World, work: Work) -> Result<Option<Reloaded>> {
    let Some(how) = server.peer.reload(&server.folder) else { return Ok(None) };
    let packets = server.packets(work).context("it gives no cookie")?;
    let target = server.target(work, &packets);
    // The new file takes the place of the old one at once, as operators should have it.
    let path = server.peer.zone_file(&server.folder, world.apex());
    let new = server.folder.join("new.zone");
    world.write_zone(0, FIRST_SERIAL + 1, &new)?;
    thread::scope(|scope| {
        let loading = scope.spawn(|| at_rate(&target, RATE, DURATION));
        thread::sleep(BEFORE);
        std::fs::rename(&new, &path).context("cannot change the zone")?;
        let time = tell(server, &how).and_then(|()| wait_for_serial(server, world));
        let report = loading.join().expect("the loader does not panic")?;
        Ok(Some(Reloaded { time: time?, report }))
    })
}

fn tell(server: &Server, how: &Reload) -> Result<()> {
    match how {
        Reload::Signal(signal) => server.process.signal(*signal),
        Reload::Command(words) => {
            let mut command = Command::new(&words[0]);
            let command = command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null());
            command.stderr(Stdio::null()).spawn().with_context(|| format!("cannot start {}", words[0]))?;
            Ok(())
        }
    }
}

fn wait_for_serial(server: &Server, world: World) -> Result<Duration> {
    let start = Instant::now();
    let packet = soa_query(world.apex());
    while ask(server.address, &packet).and_then(|answer| serial_of(&answer)) != Some(FIRST_SERIAL + 1) {
        ensure!(start.elapsed() < TIMEOUT, "the new serial is not served within {TIMEOUT:?}");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(start.elapsed())
}
