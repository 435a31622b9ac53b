//! The digest of a monitor's content: what makes two monitors the same one over files, reloads and restarts.

use std::fmt::{Display, Write};
use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::{HttpProbe, Hysteresis, Monitor, Probe, TlsProbe};

/// First line of the canonical text. A new version makes every saved target a stranger, so it changes only with
/// the text itself.
const VERSION: &str = "monitor 1\n";

impl Monitor {
    /// A digest of the content (not of the name): equal monitors share targets. SipHash-2-4 with the zero key over a
    /// canonical text in which every field stands; the same on every machine and in every version.
    pub fn digest(&self) -> u64 {
        let mut hasher = SipHasher24::new();
        hasher.write(self.canonical_text().as_bytes());
        hasher.finish()
    }

    // The structs are taken apart without `..`, so that a field added to one of them does not compile until it
    // stands here too.
    fn canonical_text(&self) -> String {
        let Monitor { probe, port, interval, timeout, hysteresis: Hysteresis { rise, fall, forgive } } = self;
        let mut text = CanonicalText(VERSION.to_owned());
        text.number("port", port);
        text.number("interval_ns", interval.as_nanos());
        text.number("timeout_ns", timeout.as_nanos());
        text.number("rise", rise);
        text.number("fall", fall);
        if let Some(passes) = forgive {
            text.number("forgive", passes);
        }
        match probe {
            Probe::Tcp => text.string("probe", "tcp"),
            Probe::Http(http) => text.http(http),
        }
        text.0
    }
}

/// Lines of `key value`. Strings carry their length, so that no content can look like another line.
struct CanonicalText(String);

impl CanonicalText {
    fn http(&mut self, probe: &HttpProbe) {
        let HttpProbe { tls, method, path, host, headers, status, body_contains, body_limit } = probe;
        self.string("probe", "http");
        self.tls(tls.as_ref());
        self.string("method", method);
        self.string("path", path);
        self.optional_string("host", host.as_deref());
        for (name, value) in headers {
            self.string("header", name);
            self.string("value", value);
        }
        for (first, last) in status {
            self.number("status_first", first);
            self.number("status_last", last);
        }
        self.optional_string("body_contains", body_contains.as_deref());
        self.number("body_limit", body_limit);
    }

    fn tls(&mut self, tls: Option<&TlsProbe>) {
        match tls {
            None => {}
            Some(TlsProbe::SystemRoots) => self.string("tls", "system"),
            Some(TlsProbe::Unverified) => self.string("tls", "unverified"),
            Some(TlsProbe::Roots(pem)) => self.string("tls_roots", pem),
        }
    }

    fn optional_string(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(key, value);
        }
    }

    fn string(&mut self, key: &str, value: &str) {
        self.number(key, format_args!("{}:{value}", value.len()));
    }

    fn number(&mut self, key: &str, value: impl Display) {
        writeln!(self.0, "{key} {value}").expect("writing to a String cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn tcp() -> Monitor {
        Monitor {
            probe: Probe::Tcp,
            port: 80,
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            hysteresis: Hysteresis { rise: 2, fall: 3, forgive: None },
        }
    }

    fn http_probe() -> HttpProbe {
        HttpProbe {
            tls: Some(TlsProbe::SystemRoots),
            method: "GET".to_owned(),
            path: "/healthz".to_owned(),
            host: Some("www.example.com".to_owned()),
            headers: vec![("accept".to_owned(), "text/plain".to_owned())],
            status: vec![(200, 299), (304, 304)],
            body_contains: Some("ok".to_owned()),
            body_limit: 65_536,
        }
    }

    fn http(change: impl FnOnce(&mut HttpProbe)) -> Monitor {
        let mut probe = http_probe();
        change(&mut probe);
        Monitor { probe: Probe::Http(probe), ..tcp() }
    }

    fn owned(text: &str) -> String {
        text.to_owned()
    }

    /// Saved health tables of older versions are found again only while these stay.
    #[test]
    fn the_digest_stays_the_same_in_every_version() {
        assert_eq!(
            http(|_| {}).canonical_text(),
            "monitor 1\nport 80\ninterval_ns 10000000000\ntimeout_ns 5000000000\nrise 2\nfall 3\nprobe 4:http\n\
             tls 6:system\nmethod 3:GET\npath 8:/healthz\nhost 15:www.example.com\nheader 6:accept\n\
             value 10:text/plain\nstatus_first 200\nstatus_last 299\nstatus_first 304\nstatus_last 304\n\
             body_contains 2:ok\nbody_limit 65536\n"
        );
        assert_eq!(http(|_| {}).digest(), 0x91ee_7f4f_f4c0_a274);
        assert_eq!(tcp().digest(), 0x3352_172d_cf86_dd57);
    }

    #[test]
    fn every_field_changes_the_digest() {
        let hysteresis = tcp().hysteresis;
        let monitors = [
            tcp(),
            Monitor { port: 81, ..tcp() },
            Monitor { interval: Duration::from_millis(10_001), ..tcp() },
            Monitor { timeout: Duration::from_secs(4), ..tcp() },
            Monitor { hysteresis: Hysteresis { rise: 3, ..hysteresis }, ..tcp() },
            Monitor { hysteresis: Hysteresis { fall: 2, ..hysteresis }, ..tcp() },
            Monitor { hysteresis: Hysteresis { forgive: Some(1), ..hysteresis }, ..tcp() },
            Monitor { hysteresis: Hysteresis { forgive: Some(2), ..hysteresis }, ..tcp() },
            http(|_| {}),
            http(|probe| probe.tls = None),
            http(|probe| probe.tls = Some(TlsProbe::Unverified)),
            http(|probe| probe.tls = Some(TlsProbe::Roots(owned("system")))),
            http(|probe| probe.tls = Some(TlsProbe::Roots(owned("")))),
            http(|probe| probe.method = owned("HEAD")),
            http(|probe| probe.path = owned("/")),
            http(|probe| probe.host = None),
            http(|probe| probe.host = Some(owned("example.com"))),
            http(|probe| probe.host = Some(owned(""))),
            http(|probe| probe.headers.clear()),
            http(|probe| probe.headers[0].0 = owned("x-accept")),
            http(|probe| probe.headers[0].1 = owned("text/html")),
            http(|probe| probe.headers.push((owned("x"), owned("y")))),
            http(|probe| probe.headers.insert(0, (owned("x"), owned("y")))),
            http(|probe| probe.status[0].0 = 201),
            http(|probe| probe.status[0].1 = 298),
            http(|probe| probe.status.truncate(1)),
            http(|probe| probe.body_contains = None),
            http(|probe| probe.body_contains = Some(owned("OK"))),
            http(|probe| probe.body_limit = 65_537),
        ];
        let mut digests = HashMap::new();
        for monitor in &monitors {
            if let Some(other) = digests.insert(monitor.digest(), monitor) {
                panic!("one digest for {monitor:?} and {other:?}");
            }
        }
    }

    /// Strings from an alphabet that tries to forge line ends, lengths and keys.
    fn forged_text() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["", "a", "1:a", "a\nheader 1:a", "a\nvalue 1:a", "\n", "value 0:"])
            .prop_map(str::to_owned)
    }

    fn any_probe() -> impl Strategy<Value = HttpProbe> {
        let tls = prop_oneof![
            Just(None),
            Just(Some(TlsProbe::SystemRoots)),
            Just(Some(TlsProbe::Unverified)),
            forged_text().prop_map(|pem| Some(TlsProbe::Roots(pem))),
        ];
        let headers = prop::collection::vec((forged_text(), forged_text()), 0..3);
        let status = prop::collection::vec((200u16..202, 200u16..202), 0..3);
        let optional = || prop::option::of(forged_text());
        (tls, forged_text(), forged_text(), optional(), headers, status, optional()).prop_map(
            |(tls, method, path, host, headers, status, body_contains)| HttpProbe {
                tls,
                method,
                path,
                host,
                headers,
                status,
                body_contains,
                body_limit: 1,
            },
        )
    }

    proptest! {
        #[test]
        fn different_monitors_have_different_canonical_texts(one in any_probe(), other in any_probe()) {
            let [one, other] = [one, other].map(|probe| Monitor { probe: Probe::Http(probe), ..tcp() });
            prop_assert_eq!(one == other, one.canonical_text() == other.canonical_text());
        }
    }
}
