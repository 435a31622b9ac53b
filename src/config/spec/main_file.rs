//! `meridian.toml`: the server itself, and which files hold the rest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::config::document::{self, Table, Value};
use crate::config::limits;
use crate::config::spec::CookiesSpec;
use crate::config::text::{
    self, Broken, Faults, Items, Later, Parsed, Reader, Written, any_text, boolean, choice, duration, list,
    number, one_or_more, quote, socket_address, sound, unplaced,
};
use crate::fault::Source;
use crate::snapshot::{ExtendedErrors, GeoGate, Limit, LimitError};
use crate::wire::Name;

use super::assertion;
use super::{AccessSpec, AssertSpec, BypassSpec, ExpectSpec, RateLimitSpec, ShareSpec};

/// What `meridian.toml` says. Each part stands alone, so that a fault in one does not hide those of the others.
#[derive(Debug)]
pub(crate) struct MainSpec {
    /// Patterns of files with monitors and pools.
    pub(crate) include: Parsed<Items<String>>,
    /// `[server]`.
    pub(crate) server: Parsed<ServerSpec>,
    /// `[admin]`.
    pub(crate) admin: Parsed<AdminSpec>,
    /// `[access]`: for every zone without one.
    pub(crate) access: Option<AccessSpec>,
    /// `[[assert]]`; those without a fault.
    pub(crate) assertions: Vec<Written<AssertSpec>>,
    /// `[share]`.
    pub(crate) share: Parsed<Option<ShareSpec>>,
    /// The folder of the zones.
    pub(crate) zones: Parsed<Written<String>>,
    /// The file of sites and maps.
    pub(crate) maps: Parsed<Option<Written<String>>>,
    /// The geo databases in the order of merging.
    pub(crate) databases: Parsed<Items<String>>,
    /// What becomes of databases whose files are replaced.
    pub(crate) geo_gate: GeoGate,
    /// `[[expect]]`.
    pub(crate) expectations: Vec<Written<ExpectSpec>>,
}

/// `[server]`, as far as it is without a fault.
#[derive(Debug)]
pub(crate) struct ServerSpec {
    /// Where it listens, UDP and TCP; those without a fault.
    pub(crate) listen: Vec<Written<SocketAddr>>,
    /// UDP workers.
    pub(crate) workers: Option<usize>,
    /// `[server.bypass]`, with the place of its heading.
    pub(crate) bypass: Option<Written<BypassSpec>>,
    /// Whom the process becomes once its sockets are bound.
    pub(crate) user: Option<Written<String>>,
    /// With which group.
    pub(crate) group: Option<Written<String>>,
    /// NSID and `id.server`.
    pub(crate) identity: Option<String>,
    /// The largest UDP response.
    pub(crate) udp_payload_max: Option<u16>,
    /// The largest UDP response without a valid cookie.
    pub(crate) udp_payload_max_without_cookie: Option<Written<u16>>,
    /// What answers say about themselves.
    pub(crate) extended_errors: Option<ExtendedErrors>,
    /// Where resolvers report errors.
    pub(crate) report_channel: Option<Written<Name>>,
    /// `[server.cookies]`.
    pub(crate) cookies: CookiesSpec,
    /// Where state is kept.
    pub(crate) state_dir: Option<Written<String>>,
    /// How old a saved health table may be.
    pub(crate) state_max_age: Option<Duration>,
    /// `[server.tcp]`.
    pub(crate) tcp: TcpSpec,
    /// `[server.rate_limit]`.
    pub(crate) rate_limit: Option<RateLimitSpec>,
}

/// `[server.tcp]`, as far as it is without a fault.
#[derive(Debug)]
pub(crate) struct TcpSpec {
    /// Connections at once.
    pub(crate) connections: Parsed<Option<usize>>,
    /// Connections of one client.
    pub(crate) connections_per_client: Option<Written<usize>>,
    /// For one message.
    pub(crate) message_timeout: Option<Written<Duration>>,
    /// Without a message.
    pub(crate) idle_timeout: Option<Duration>,
    /// For the whole connection.
    pub(crate) connection_timeout: Option<Written<Duration>>,
}

/// `[admin]`, as far as it is without a fault.
#[derive(Debug, Default)]
pub(crate) struct AdminSpec {
    /// The control socket.
    pub(crate) socket: Option<Written<String>>,
    /// Where metrics are served: loopback.
    pub(crate) metrics: Option<Written<SocketAddr>>,
}

impl Default for TcpSpec {
    fn default() -> TcpSpec {
        TcpSpec {
            connections: Ok(None),
            connections_per_client: None,
            message_timeout: None,
            idle_timeout: None,
            connection_timeout: None,
        }
    }
}

const EXTENDED_ERRORS: &[(&str, ExtendedErrors)] =
    &[("off", ExtendedErrors::Off), ("errors", ExtendedErrors::Errors), ("all", ExtendedErrors::All)];

/// Keys that stand elsewhere.
const ELSEWHERE: &[Later] = &[
    ("monitor", "monitors stand in a file that `include` names, or beside a zone"),
    ("pool", "pools stand in a file that `include` names, or beside a zone"),
    ("steer", "rules stand in the file beside their zone: `zones/NAME.toml`"),
    ("site", "sites stand in the file that `maps` of `[geo]` names"),
    ("map", "maps stand in the file that `maps` of `[geo]` names"),
    ("listen", "it belongs into `[server]`"),
];

/// Where `include` ends up that is written below a table header.
const BELOW_A_HEADER: &[Later] =
    &[("include", "`include` stands at the top of the file, before the first table")];

impl MainSpec {
    /// Reads the file.
    pub(crate) fn read(source: &Arc<Source>, faults: &Faults) -> MainSpec {
        let table = document::read(source, &[], faults);
        let mut reader = Reader::new(&table, "this file", faults);
        let include = reader.optional("include", list(limits::INCLUDE_PATTERNS, text::text));
        let server = reader.required("server", "[server]", |value, faults| {
            Ok(read_server(text::table(value, faults)?, faults))
        });
        let admin =
            reader.optional("admin", |value, faults| Ok(read_admin(text::table(value, faults)?, faults)));
        let access = reader.lenient("access", AccessSpec::read);
        let assertions = faults.aside(|| reader.lenient("assert", assertion::read_all));
        let share = faults.aside(|| {
            reader.optional("share", |value, faults| Ok(ShareSpec::read(text::table(value, faults)?, faults)))
        });
        let zones = reader
            .required("zones", "[zones]", |value, faults| read_zones(text::table(value, faults)?, faults));
        let geo = reader.optional("geo", |value, faults| Ok(read_geo(text::table(value, faults)?, faults)));
        let expectations = faults.aside(|| reader.lenient("expect", super::expect::read_all));
        reader.finish(ELSEWHERE);
        let geo = match geo {
            Ok(Some(geo)) => geo.value,
            Ok(None) => GeoSpec { maps: Ok(None), databases: Ok(Vec::new()), gate: GeoGate::default() },
            Err(Broken) => GeoSpec { maps: Err(Broken), databases: Err(Broken), gate: GeoGate::default() },
        };
        MainSpec {
            include: include.map(|include| unplaced(include).unwrap_or_default()),
            server: server.map(|server| server.value),
            admin: admin.map(|admin| unplaced(admin).unwrap_or_default()),
            access: unplaced(access),
            assertions: unplaced(assertions).map(sound).unwrap_or_default(),
            share: share.map(unplaced),
            zones: zones.map(|zones| zones.value),
            maps: geo.maps,
            databases: geo.databases,
            geo_gate: geo.gate,
            expectations: unplaced(expectations).unwrap_or_default(),
        }
    }
}

/// Reads `socket` of `[admin]` and nothing else.
pub(crate) fn read_control_socket(source: &Arc<Source>, faults: &Faults) -> Parsed<Option<Written<String>>> {
    let table = document::read(source, &[], faults);
    let admin = Reader::new(&table, "this file", faults).optional("admin", |value, faults| {
        Reader::new(text::table(value, faults)?, "`[admin]`", faults).optional("socket", text::text)
    });
    Ok(unplaced(admin?).flatten())
}

fn read_server(table: &Table, faults: &Faults) -> ServerSpec {
    let mut reader = Reader::new(table, "`[server]`", faults);
    let listen = reader.required(
        "listen",
        "listen = [\"192.0.2.1:53\"]",
        one_or_more(limits::LISTEN_ADDRESSES, socket_address),
    );
    let workers = reader.lenient("workers", number(1..=limits::WORKERS));
    let bypass =
        reader.lenient("bypass", |value, faults| BypassSpec::read(text::table(value, faults)?, faults));
    let user = reader.lenient("user", text::text);
    let group = reader.lenient("group", text::text);
    let identity = reader.lenient("identity", identity);
    let udp_payload_max = reader.lenient("udp_payload_max", number(limits::UDP_PAYLOAD));
    let without_cookie = reader.lenient("udp_payload_max_without_cookie", number(limits::UDP_PAYLOAD));
    let extended_errors = reader.lenient("extended_errors", choice(EXTENDED_ERRORS));
    let report_channel = reader.lenient("report_channel", agent_domain);
    let cookies =
        reader.lenient("cookies", |value, faults| Ok(CookiesSpec::read(text::table(value, faults)?, faults)));
    let state_dir = reader.optional("state_dir", text::text);
    let state_max_age = reader.optional("state_max_age", duration(limits::STATE_MAX_AGE));
    let tcp = reader.lenient("tcp", |value, faults| Ok(read_tcp(text::table(value, faults)?, faults)));
    let rate_limit = reader
        .lenient("rate_limit", |value, faults| RateLimitSpec::read(text::table(value, faults)?, faults));
    reader.finish(BELOW_A_HEADER);
    if let (Ok(None), Ok(Some(age))) = (&state_dir, &state_max_age) {
        let warning = age.place.warning("`state_max_age` has no effect without `state_dir`");
        faults.add(warning.help("add `state_dir = \"state\"`"));
    }
    let mut listen = listen.map(|listen| listen.value).unwrap_or_default();
    super::drop_doubled(&mut listen, faults, |again, first| {
        let fault = again.place.error(format!("{} is listed twice", quote(&again.to_string())));
        fault.help(format!("it stands at {} already", first.file_and_line()))
    });
    ServerSpec {
        listen: sound(listen),
        workers: unplaced(workers),
        bypass,
        user,
        group,
        identity: unplaced(identity),
        udp_payload_max: unplaced(udp_payload_max),
        udp_payload_max_without_cookie: without_cookie,
        extended_errors: unplaced(extended_errors),
        report_channel,
        cookies: unplaced(cookies).unwrap_or_default(),
        state_dir: state_dir.unwrap_or(None),
        state_max_age: unplaced(state_max_age.unwrap_or(None)),
        tcp: unplaced(tcp).unwrap_or_default(),
        rate_limit: unplaced(rate_limit),
    }
}

fn read_tcp(table: &Table, faults: &Faults) -> TcpSpec {
    let mut reader = Reader::new(table, "`[server.tcp]`", faults);
    let connections = reader.optional("connections", number(1..=limits::CONNECTIONS));
    let connections_per_client = reader.lenient("connections_per_client", number(1..=limits::CONNECTIONS));
    let message_timeout = reader.lenient("message_timeout", duration(limits::TCP_TIMEOUT));
    let idle_timeout = reader.lenient("idle_timeout", duration(limits::TCP_TIMEOUT));
    let connection_timeout = reader.lenient("connection_timeout", duration(limits::TCP_TIMEOUT));
    reader.finish(&[]);
    TcpSpec {
        connections: connections.map(unplaced),
        connections_per_client,
        message_timeout,
        idle_timeout: unplaced(idle_timeout),
        connection_timeout,
    }
}

fn read_admin(table: &Table, faults: &Faults) -> AdminSpec {
    let mut reader = Reader::new(table, "`[admin]`", faults);
    let socket = reader.lenient("socket", text::text);
    let metrics = reader.lenient("metrics", loopback);
    reader.finish(BELOW_A_HEADER);
    AdminSpec { socket, metrics }
}

fn read_zones(table: &Table, faults: &Faults) -> Parsed<Written<String>> {
    let mut reader = Reader::new(table, "`[zones]`", faults);
    let folder = reader.required("folder", "folder = \"zones\"", text::text);
    reader.finish(BELOW_A_HEADER);
    folder
}

/// `[geo]`, each part by itself.
struct GeoSpec {
    maps: Parsed<Option<Written<String>>>,
    databases: Parsed<Items<String>>,
    gate: GeoGate,
}

fn read_geo(table: &Table, faults: &Faults) -> GeoSpec {
    let mut reader = Reader::new(table, "`[geo]`", faults);
    let maps = reader.optional("maps", text::text);
    let databases = reader.optional("databases", list(limits::DATABASES, text::text));
    let watch = reader.lenient("watch", boolean);
    let max_change = reader.lenient("max_change", limit);
    reader.finish(BELOW_A_HEADER);
    let mut databases = databases.map(|databases| unplaced(databases).unwrap_or_default());
    if let Ok(databases) = &mut databases {
        super::drop_doubled(databases, faults, |again, _| {
            again.place.error(format!("the database {} is listed twice", quote(again)))
        });
    }
    let gate = GeoGate {
        watch: unplaced(watch).unwrap_or(GeoGate::default().watch),
        max_change: unplaced(max_change),
    };
    GeoSpec { maps, databases, gate }
}

/// The largest change of a database: a percentage or a fraction.
fn limit(value: &Value, faults: &Faults) -> Parsed<Limit> {
    let text = any_text(value, faults)?;
    text.parse().map_err(|error: LimitError| {
        let fault = value.place.error(format!("{} is no share of clients", quote(&text)));
        faults.add(fault.label("not understood").help(error.to_string()));
        Broken
    })
}

/// A text that fits into one character-string (RFC 1035 §3.3).
fn identity(value: &Value, faults: &Faults) -> Parsed<String> {
    let identity = text::text(value, faults)?;
    if identity.len() > limits::IDENTITY_OCTETS {
        let message = format!("the identity is longer than {} octets", limits::IDENTITY_OCTETS);
        faults.add(value.place.error(message).label("too long"));
        return Err(Broken);
    }
    Ok(identity)
}

/// The agent domain of RFC 9567: a name other than the root.
fn agent_domain(value: &Value, faults: &Faults) -> Parsed<Name> {
    let text = text::text(value, faults)?;
    let fault = match Name::parse(text.as_bytes(), Some(&Name::root())) {
        Ok(name) if name.label_count() > 0 => return Ok(name.to_lowercase()),
        Ok(_) => value.place.error("the root cannot take reports (RFC 9567)").label("the root"),
        Err(error) => value.place.error(format!("{} is no domain name: {error}", quote(&text))),
    };
    faults.add(fault.help("write it like `\"agent.example.com\"`"));
    Err(Broken)
}

/// Metrics tell much about a server and have no password: they stay on the machine.
fn loopback(value: &Value, faults: &Faults) -> Parsed<SocketAddr> {
    let address = socket_address(value, faults)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    let fault = value.place.error("metrics are served on loopback only").label("not a loopback address");
    faults.add(fault.help(format!("write `\"127.0.0.1:{0}\"` or `\"[::1]:{0}\"`", address.port())));
    Err(Broken)
}
