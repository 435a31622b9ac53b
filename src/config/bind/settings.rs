//! What the edges need: listeners, limits, sockets, state.

use std::path::PathBuf;
use std::time::Duration;

use super::{account, bypass};
use crate::config::limits;
use crate::config::spec::{AdminSpec, ServerSpec, TcpSpec};
use crate::config::text::{Broken, Faults, Parsed, Written, part_of, quote};
use crate::config::workspace::Workspace;
use crate::config::{Settings, TcpSettings};

/// The largest UDP response that no ordinary path fragments (RFC 9715 §3.2).
const UDP_PAYLOAD_MAX: u16 = 1232;
/// How old a saved health table may be (semantics §8).
const STATE_MAX_AGE: Duration = Duration::from_secs(300);
/// TCP connections at once.
const CONNECTIONS: usize = 4_096;
/// TCP connections of one client at once: a client may be a network behind one address, and at this cap it displaces its own.
const CONNECTIONS_PER_CLIENT: usize = 1_024;
/// For one message (security.md: never renewed by a single octet).
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(5);
/// Without a message (RFC 7766 §6.2.3).
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// For the whole connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);

/// Binds `[server]` and `[admin]`.
pub(super) fn bind(
    server: &Parsed<ServerSpec>,
    admin: &Parsed<AdminSpec>,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Settings> {
    let socket = admin
        .as_ref()
        .map_err(|&broken| broken)
        .and_then(|admin| socket_path(admin.socket.as_ref(), workspace, faults));
    let server = part_of(server)?;
    let tcp = bind_tcp(&server.tcp, faults);
    let account = account::bind(server, faults);
    let admin = part_of(admin)?;
    Ok(Settings {
        listen: server.listen.iter().map(|address| address.value).collect(),
        workers: server.workers.unwrap_or_else(cores),
        bypass: server.bypass.as_ref().map(|spec| bypass::bind(spec, faults)),
        account: account?,
        tcp: tcp?,
        socket: socket?,
        metrics: admin.metrics.as_ref().map(|metrics| metrics.value),
        state_dir: server.state_dir.as_ref().map(|path| workspace.resolve(path)),
        state_max_age: server.state_max_age.unwrap_or(STATE_MAX_AGE),
    })
}

/// The largest UDP response.
pub(super) fn udp_payload_max(server: &ServerSpec) -> u16 {
    server.udp_payload_max.unwrap_or(UDP_PAYLOAD_MAX)
}

/// The largest UDP response without a valid cookie; never larger than with one.
pub(super) fn udp_payload_max_without_cookie(server: &ServerSpec) -> Option<u16> {
    let without = server.udp_payload_max_without_cookie.as_ref()?;
    Some(without.value.min(udp_payload_max(server)))
}

fn bind_tcp(tcp: &TcpSpec, faults: &Faults) -> Parsed<TcpSettings> {
    let connections = tcp.connections?.unwrap_or(CONNECTIONS);
    Ok(TcpSettings {
        connections,
        connections_per_client: connections_per_client(tcp, connections, faults)?,
        message_timeout: message_timeout(tcp),
        idle_timeout: tcp.idle_timeout.unwrap_or(IDLE_TIMEOUT),
        connection_timeout: connection_timeout(tcp),
    })
}

/// The time for one message.
pub(super) fn message_timeout(tcp: &TcpSpec) -> Duration {
    tcp.message_timeout.as_ref().map_or(MESSAGE_TIMEOUT, |timeout| timeout.value)
}

/// The time for a whole connection.
pub(super) fn connection_timeout(tcp: &TcpSpec) -> Duration {
    tcp.connection_timeout.as_ref().map_or(CONNECTION_TIMEOUT, |timeout| timeout.value)
}

/// What is written must be possible; the default gives way to few connections.
fn connections_per_client(tcp: &TcpSpec, connections: usize, faults: &Faults) -> Parsed<usize> {
    match &tcp.connections_per_client {
        None => Ok(CONNECTIONS_PER_CLIENT.min(connections)),
        Some(written) if written.value <= connections => Ok(written.value),
        Some(written) => {
            let fault = written.place.error("one client may have more connections than there are");
            let help = format!("`connections` is {connections}: raise it or lower this");
            faults.add(fault.label("too many").help(help));
            Err(Broken)
        }
    }
}

/// The path of the control socket, which the system cuts at 107 octets.
pub(in crate::config) fn socket_path(
    written: Option<&Written<String>>,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Option<PathBuf>> {
    let Some(written) = written else { return Ok(None) };
    let path = workspace.resolve(written);
    if path.as_os_str().len() <= limits::SOCKET_PATH_OCTETS {
        return Ok(Some(path));
    }
    let message = format!("the path of a socket has at most {} octets", limits::SOCKET_PATH_OCTETS);
    let help = format!("{} has {}", quote(&path.to_string_lossy()), path.as_os_str().len());
    faults.add(written.place.error(message).label("too long").help(help));
    Err(Broken)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(limits::WORKERS)
}
