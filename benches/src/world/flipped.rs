//! The many steered names once more, with a member that all of them hold and that goes and comes back.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::steered::{NAMES_A_RULE, SITES, STEERED_HOSTS, label};

/// The name of the monitor.
pub const MONITOR: &str = "flip";
/// Start to start, and the time for a probe.
const INTERVAL: &str = "250ms";
/// The pool that answers where a pool has nobody left.
const REST: &str = "rest";

/// Which pools hold the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Holders {
    /// The 16 pools of the sites, which all names share.
    Sites,
    /// A pool of each name's own: 10,000, all with the same members.
    Names,
    /// The same, each with a weight that no other has, so that none can stand for another one.
    Unlike,
}

impl Holders {
    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Holders::Sites => "16 pools for all names",
            Holders::Names => "a pool for each name",
            Holders::Unlike => "a pool for each name, no two alike",
        }
    }

    /// Monitor, pools and rules, as the file beside the zone has them. `member` are the addresses of the member, probed at
    /// this port.
    pub fn rules(self, member: [IpAddr; 2], port: u16) -> String {
        let mut text = format!(
            "[monitor.{MONITOR}]\nprobe = {{ http = {{ path = \"/\" }} }}\nport = {port}\n\
             interval = \"{INTERVAL}\"\ntimeout = \"{INTERVAL}\"\nrise = 1\nfall = 1\n\
             [pool.{REST}]\nsite = \"{}\"\n\
             members = [{{ name = \"only\", address = [\"198.51.100.1\", \"2001:db8::1\"] }}]\n",
            SITES[0].0
        );
        match self {
            Holders::Sites => {
                for (site, ..) in SITES {
                    text += &pool(site, site, member, 1);
                }
                let pools: Vec<&str> = SITES.iter().map(|(site, ..)| *site).chain([REST]).collect();
                for first in (0..STEERED_HOSTS).step_by(NAMES_A_RULE as usize) {
                    let names: Vec<String> = (first..first + NAMES_A_RULE).map(label).collect();
                    text += &rule(&names, &pools);
                }
            }
            Holders::Names | Holders::Unlike => {
                for number in 0..STEERED_HOSTS {
                    let name = label(number);
                    // All at one site with the pool of the rest: so that it comes after them for every client.
                    let weight = if self == Holders::Unlike { number + 1 } else { 1 };
                    text += &pool(&name, SITES[0].0, member, weight);
                    text += &rule(&[&name], &[&name, REST]);
                }
            }
        }
        text
    }

    /// What the zone has beside [`super::World::Steered`]: default RRsets of type AAAA, so that it is steered too.
    pub fn records() -> String {
        (0..STEERED_HOSTS).fold(String::new(), |mut text, number| {
            let _ = writeln!(text, "{} 60 AAAA 2001:db8::9", label(number));
            text
        })
    }
}

/// Every answer shows all eligible members, so that each tells whether the member is one of them. The two beside it are
/// probed too, as all of a pool with a monitor; nobody listens there, and they count as up all the same.
fn pool(name: &str, site: &str, [ipv4, ipv6]: [IpAddr; 2], weight: u64) -> String {
    format!(
        "[pool.{name}]\nsite = \"{site}\"\nmonitor = \"{MONITOR}\"\npick = \"all\"\nmembers = [\n  \
         {{ name = \"first\", address = \"127.0.0.2\", admin = \"forced up\", weight = {weight} }},\n  \
         {{ name = \"second\", address = \"127.0.0.3\", admin = \"forced up\" }},\n  \
         {{ name = \"flipping\", address = [\"{ipv4}\", \"{ipv6}\"] }},\n]\n"
    )
}

fn rule(names: &[impl std::fmt::Debug], pools: &[&str]) -> String {
    format!("[[steer]]\nname = {names:?}\nmap = \"world\"\npools = {pools:?}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_rule_and_its_pools_hold_the_member() {
        let member = ["127.0.0.1", "::1"].map(|text| text.parse().unwrap());
        for (holders, pools, rules) in
            [(Holders::Sites, 16, 10), (Holders::Names, 10_000, 10_000), (Holders::Unlike, 10_000, 10_000)]
        {
            let text = holders.rules(member, 20_000);
            let count = |words: &str| text.matches(words).count();
            assert_eq!(count("\"flipping\", address = [\"127.0.0.1\", \"::1\"]"), pools, "{holders:?}");
            assert_eq!(count("[[steer]]"), rules, "{holders:?}");
            for number in [0, 1, 9_999] {
                assert!(count(&format!("\"{}\"", label(number))) > 0, "{holders:?}");
            }
        }
        assert_eq!(Holders::records().lines().count() as u64, STEERED_HOSTS);
    }
}
