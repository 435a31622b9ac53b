//! The real binary as an ordinary process, in a folder and on addresses of its own.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::client::{PATIENCE, ask_over_udp, eventually};
use super::daemon::Daemon;
use super::message::{Message, Query, SOA};
use super::place::{Folder, LOOPBACK_V6, free_port, loopback};

/// How long a start may take on a busy machine, with a first round of probes of 5 s.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// What a test wants of a server beside its zones.
#[derive(Debug, Clone)]
pub struct Setup {
    pub workers: usize,
    /// Paths below the server's folder, or absolute.
    pub databases: Vec<PathBuf>,
    /// Makes the draw repeatable.
    pub seed: Option<u64>,
    /// The size of the process's table of descriptors.
    pub descriptors: Option<u32>,
    /// The words of a command that starts the server, its program among them; none for the program alone.
    pub launcher: Vec<OsString>,
    /// Further lines of the table `[server]`.
    pub server_lines: &'static str,
}

impl Default for Setup {
    fn default() -> Setup {
        let (databases, launcher) = (Vec::new(), Vec::new());
        Setup { workers: 1, databases, seed: None, descriptors: None, launcher, server_lines: "" }
    }
}

/// A running server; it is killed when this is dropped.
pub struct Server {
    pub folder: Folder,
    /// Where it listens, UDP and TCP.
    pub address: SocketAddr,
    pub address_v6: SocketAddr,
    setup: Setup,
    process: Option<Daemon>,
    notifications: UnixDatagram,
}

/// The identity that every server of these tests has.
pub const IDENTITY: &str = "test-1";

impl Server {
    /// Writes meridian.toml into a folder that holds the zones and maps, starts the server and waits until it is ready.
    pub fn start(folder: Folder, setup: Setup) -> Server {
        let mut server = Server::prepare(folder, setup);
        server.spawn();
        server.wait_until_ready();
        server
    }

    /// Everything but the process.
    pub fn prepare(folder: Folder, setup: Setup) -> Server {
        let v4 = IpAddr::V4(loopback(1));
        let port = free_port(&[v4, LOOPBACK_V6]);
        let notifications = UnixDatagram::bind(folder.path().join("notify")).expect("a notification socket");
        notifications.set_nonblocking(true).expect("a socket can be made non-blocking");
        let server = Server {
            folder,
            address: SocketAddr::new(v4, port),
            address_v6: SocketAddr::new(LOOPBACK_V6, port),
            setup,
            process: None,
            notifications,
        };
        server.write_main_file(&[server.address, server.address_v6]);
        server
    }

    /// Writes meridian.toml with these listeners.
    pub fn write_main_file(&self, listen: &[SocketAddr]) {
        let databases: Vec<String> =
            self.setup.databases.iter().map(|path| format!("{:?}", path.display().to_string())).collect();
        let geo = if self.folder.path().join("geoip/maps.toml").exists() {
            format!("[geo]\nmaps = \"geoip/maps.toml\"\ndatabases = [{}]\n", databases.join(", "))
        } else {
            String::new()
        };
        let listen: Vec<String> = listen.iter().map(|address| format!("\"{address}\"")).collect();
        let text = format!(
            "[server]\nlisten = [{}]\nworkers = {}\nidentity = \"{IDENTITY}\"\nstate_dir = \"state\"\n{}\n\
             [admin]\nsocket = \"admin.sock\"\n[zones]\nfolder = \"zones\"\n{geo}",
            listen.join(", "),
            self.setup.workers,
            self.setup.server_lines
        );
        self.folder.write("meridian.toml", text);
    }

    /// Starts the process and does not wait for anything.
    pub fn spawn(&mut self) {
        let mut command = self.program();
        command.arg("serve").arg(self.main_file());
        if let Some(seed) = self.setup.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify"));
        self.process = Some(Daemon::start(command, &self.folder));
    }

    /// What is started, without its arguments.
    fn program(&self) -> Command {
        match (self.setup.launcher.as_slice(), self.setup.descriptors) {
            ([program, arguments @ ..], _) => {
                let mut command = Command::new(program);
                command.args(arguments);
                command
            }
            ([], Some(count)) => with_descriptors(count),
            ([], None) => binary(),
        }
    }

    /// Waits for the message that systemd gets once the first round of probes has ended.
    pub fn wait_until_ready(&mut self) {
        eventually("READY=1 from the server", START_PATIENCE, || {
            self.process.as_mut().expect("the server was started").assert_running();
            let mut buffer = [0; 4096];
            let length = self.notifications.recv(&mut buffer).ok()?;
            String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == "READY=1").then_some(())
        });
    }

    /// Waits until `meridian status` says what is asked; gives all that it says.
    pub fn wait_for_status(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually(what, PATIENCE * 2, || Some(self.status()).filter(|status| holds(status)))
    }

    /// Waits until the SOA of a zone has a serial.
    pub fn wait_for_serial(&self, zone: &str, serial: u32, patience: Duration) {
        eventually(&format!("serial {serial} of {zone}"), patience, || {
            let octets = ask_over_udp(self.address, &Query::new(zone, SOA).octets(), Duration::from_secs(1))?;
            (Message::parse(&octets).ok()?.serial(&octets) == Some(serial)).then_some(())
        });
    }

    /// Whether the process is still there.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Daemon::is_running)
    }

    /// The id of the process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("the server was started").id()
    }

    /// SIGHUP: read the files again.
    pub fn reload(&self) {
        self.signal("HUP");
    }

    /// kill -9, and waits until the process is gone.
    pub fn kill(&mut self) {
        self.process = None;
    }

    fn signal(&self, name: &str) {
        send_signal(self.process_id(), name);
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        self.folder.read("log")
    }

    /// Waits until the log holds a line with all of `fragments`, behind the first `from` octets; returns the line.
    pub fn wait_for_log(&self, from: usize, fragments: &[&str]) -> String {
        let what = format!("a log line with {fragments:?} in {}", self.folder.path().join("log").display());
        eventually(&what, PATIENCE * 2, || {
            let log = self.log();
            let fresh = log.get(from..).unwrap_or_default();
            fresh
                .lines()
                .find(|line| fragments.iter().all(|fragment| line.contains(fragment)))
                .map(String::from)
        })
    }

    /// What `meridian status --format json` says.
    pub fn status(&self) -> Value {
        let output = run(binary().args(["status", "--format", "json", "--socket"]).arg(self.socket()));
        assert!(output.status.success(), "status failed: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("status writes JSON")
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    /// The path of meridian.toml.
    pub fn main_file(&self) -> PathBuf {
        self.folder.path().join("meridian.toml")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the end of the server's log:\n{}", last_lines(&self.log(), 30));
        }
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// The product. `MERIDIAN_BINARY` names another build of it, such as the release one.
pub fn binary() -> Command {
    match std::env::var_os("MERIDIAN_BINARY") {
        Some(path) => Command::new(path),
        None => Command::new(env!("CARGO_BIN_EXE_meridian")),
    }
}

/// The product with a small table of descriptors.
fn with_descriptors(count: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -n {count}; exec \"$0\" \"$@\"")).arg(binary().get_program());
    shell
}

/// Runs a command to its end; panics when it cannot be started.
pub fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|fault| panic!("{command:?} cannot be run: {fault}"))
}

/// Sends a signal by name to a process of this test.
pub fn send_signal(process: u32, name: &str) {
    let output = run(Command::new("sh").arg("-c").arg(format!("kill -s {name} {process}")));
    assert!(output.status.success(), "kill -s {name}: {}", String::from_utf8_lossy(&output.stderr));
}
