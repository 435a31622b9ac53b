//! Resolvers that find the server from a root of their own: the root, a top-level domain and the zones below it are
//! served by three servers at port 53 of loopback addresses. On the way both ask for no more of a name than the server
//! that is asked needs to know (RFC 9156), so that empty non-terminals are asked for as well.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use super::agreement::{check, questions};
use super::process::Resolver;
use crate::harness::dig::dig;
use crate::harness::place::{Folder, fixture, loopback};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

/// The only port at which resolvers look for nameservers.
const PORT: u16 = 53;

/// Begins the zones that only delegate.
const HEAD: &str = "$TTL 3600\n@ SOA ns.root. host.root. 1 2h 30m 2w 5m\n";

/// The chain of delegations: the root, `world`, and `site.world` with `other.world`.
struct Tree {
    root: Ipv4Addr,
    servers: [Server; 3],
    site_zone: String,
    other_zone: String,
}

impl Tree {
    /// At three addresses, of which `host` is the last octet of the first. `None` where this process may not have port
    /// 53.
    fn start(name: &str, host: u8) -> Option<Tree> {
        let [root, world, site] = [0, 1, 2].map(|number| loopback(host + number));
        if !may_bind(root) {
            return None;
        }
        let folders = ["root", "world", "site"].map(|zone| Folder::new(&format!("{name}-{zone}")));
        folders[0].write(
            "zones/..zone",
            format!("{HEAD}@ NS ns.root.\nns.root. A {root}\nworld. NS ns.world.\nns.world. A {world}\n"),
        );
        folders[1].write(
            "zones/world.zone",
            format!("{HEAD}@ NS ns\nns A {world}\nsite NS ns.site\nns.site A {site}\nother NS ns.site\n"),
        );
        let site_zone = format!("{}ns A {site}\n", data("site.world.zone"));
        let other_zone = data("other.world.zone");
        folders[2].write("zones/site.world.zone", &site_zone);
        folders[2].write("zones/site.world.toml", data("site.world.toml"));
        folders[2].write("zones/other.world.zone", &other_zone);
        folders[2].copy_below(&fixture("data/world/geoip"), "geoip/");
        let mut hosts = [root, world, site].into_iter();
        let servers = folders.map(|folder| server(folder, hosts.next().expect("one for each folder")));
        Some(Tree { root, servers, site_zone, other_zone })
    }

    /// By how much `ask` moves a metric of each of the three.
    fn moved<const METRICS: usize>(
        &self,
        metrics: [&str; METRICS],
        ask: impl FnOnce(),
    ) -> [[u64; 3]; METRICS] {
        let now = || metrics.map(|sample| self.servers.each_ref().map(|server| server.metric(sample)));
        let before = now();
        ask();
        let after = now();
        std::array::from_fn(|metric| std::array::from_fn(|at| after[metric][at] - before[metric][at]))
    }

    /// A name far below empty non-terminals: how many queries ask for `on_the_way` and for TXT, and how many names are
    /// said not to exist, at each of the three.
    fn ask_deep(&self, resolver: SocketAddr, on_the_way: &str) -> [[u64; 3]; 3] {
        let on_the_way = format!("questions_total{{type=\"{on_the_way}\"}}");
        let (wanted, missing) = ("questions_total{type=\"TXT\"}", "responses_total{rcode=\"NXDOMAIN\"}");
        self.moved([&on_the_way, wanted, missing], || {
            let dug = dig(resolver, "a.b.c.d.e.site.world", "TXT", &[]);
            assert_eq!((dug.status.as_str(), dug.answers.len()), ("NOERROR", 1), "{}", dug.text);
        })
    }

    /// Both zones of the last server, all that is in them.
    fn check_every_name(&self, resolver: SocketAddr) {
        let mut all = questions("site.world", &self.site_zone);
        all.extend(questions("other.world", &self.other_zone));
        assert!(all.len() > 200, "the zones were read: {}", all.len());
        check(resolver, self.servers[2].address, &all);
    }
}

fn may_bind(host: Ipv4Addr) -> bool {
    match UdpSocket::bind((host, PORT)) {
        Ok(_) => true,
        Err(fault) if fault.kind() == ErrorKind::PermissionDenied => {
            println!("not root and no capability: port 53, where resolvers look, cannot be had");
            false
        }
        Err(fault) => panic!("port 53 of {host}: {fault}; end what listens at every address"),
    }
}

fn data(file: &str) -> String {
    std::fs::read_to_string(fixture(&format!("data/resolver/{file}"))).unwrap()
}

/// A server at port 53 of an address of its own.
fn server(folder: Folder, host: Ipv4Addr) -> Server {
    let mut server = Server::prepare(folder, Setup::default());
    server.address = SocketAddr::new(IpAddr::V4(host), PORT);
    server.write_main_file(&[server.address]);
    server.spawn();
    server.wait_until_ready();
    server
}

#[test]
fn knot_resolver_comes_from_the_root_with_minimised_names() {
    let _turn = turns::shared();
    let Some(tree) = Tree::start("knot-tree", 131) else { return };
    let lines = format!(
        "modules = {{ 'hints' }}\nhints.root({{ ['ns.root.'] = {{ '{}' }} }})\n\
         policy.add(policy.all(policy.FLAGS({{ 'ALLOW_LOCAL' }})))\n",
        tree.root
    );
    let resolver = Resolver::knot("knot-tree-resolver", &lines);
    // It asks for NS on the way, and for what it wants after the first empty non-terminal; again when the machine is
    // slow, so that a number above 0 counts as 1.
    let asked = tree.ask_deep(resolver.address, "NS").map(|counts| counts.map(|count| count.min(1)));
    assert_eq!(asked, [[1, 1, 1], [0, 0, 1], [0, 0, 0]]);
    tree.check_every_name(resolver.address);
}

#[test]
fn unbound_comes_from_the_root_with_strictly_minimised_names() {
    let _turn = turns::shared();
    let Some(tree) = Tree::start("unbound-tree", 141) else { return };
    let hints = Folder::new("unbound-tree-hints");
    let file = hints.write("hints", format!(". NS ns.root.\nns.root. A {}\n", tree.root));
    let lines = format!(
        "  module-config: \"iterator\"\n  root-hints: \"{}\"\n  qname-minimisation: yes\n  \
         qname-minimisation-strict: yes\n",
        file.display()
    );
    let resolver = Resolver::unbound("unbound-tree-resolver", &lines, "");
    // It asks for A on the way, at each of the empty non-terminals e, d.e, c.d.e and b.c.d.e, and at the name.
    assert_eq!(tree.ask_deep(resolver.address, "A"), [[1, 1, 5], [0, 0, 1], [0, 0, 0]]);
    tree.check_every_name(resolver.address);
}
