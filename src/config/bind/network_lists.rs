//! The lists of networks that maps name: files are read, their sites looked up.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::limits;
use crate::config::spec::{MapSpec, NetworkFileSpec, NetworkGroup, NetworkList};
use crate::config::text::{self, Broken, Faults, Parsed, Written, quote};
use crate::config::workspace::Workspace;
use crate::geo::{Prefix, SiteId};

use super::maps::Sites;

/// Reads the lists of maps.
pub(super) struct NetworkLists<'a> {
    /// Where files are.
    pub(super) workspace: &'a Workspace<'a>,
    /// The path of the file of maps: the paths of lists start at its folder.
    pub(super) maps_file: Option<&'a Option<Written<String>>>,
}

/// Networks of a list that go to the same sites.
pub(super) struct ListedNetworks {
    /// The networks as written.
    pub(super) networks: Vec<Written<String>>,
    /// Where they go.
    pub(super) sites: Vec<SiteId>,
}

impl NetworkLists<'_> {
    /// The networks of all lists of a map, as far as they are without a fault.
    pub(super) fn read(&self, spec: &MapSpec, sites: &Sites, faults: &Faults) -> Vec<ListedNetworks> {
        let mut seen = BTreeSet::new();
        let mut listed = Vec::new();
        let mut count = spec.network.len();
        for file in &spec.network_files {
            let Ok(path) = text::part_of(&file.path) else { continue };
            let path = Written { value: self.beside_the_maps(path), place: path.place.clone() };
            let shown = self.workspace.shown(&path);
            if !seen.insert(shown.clone()) {
                let fault = path.place.error(format!("the list {} stands twice", quote(&shown)));
                faults.add(fault.label("again").help("keep one of the two"));
                continue;
            }
            let groups = self.read_one(&path, file, sites, faults);
            count += groups.iter().map(|group| group.networks.len()).sum::<usize>();
            if count > limits::MAP_ENTRIES {
                let message =
                    format!("with this list the map has more than {} networks", limits::MAP_ENTRIES);
                faults.add(path.place.error(message).label("too many"));
                break;
            }
            listed.extend(groups);
        }
        listed
    }

    fn beside_the_maps(&self, path: &str) -> String {
        let maps = self.maps_file.and_then(Option::as_ref).map_or("", |maps| maps.as_str());
        let folder = Path::new(maps).parent().unwrap_or(Path::new(""));
        folder.join(path).to_string_lossy().into_owned()
    }

    fn read_one(
        &self,
        path: &Written<String>,
        file: &NetworkFileSpec,
        sites: &Sites,
        faults: &Faults,
    ) -> Vec<ListedNetworks> {
        let default = file.sites.as_ref().map(|list| sites.of(list, faults));
        let Ok(source) = self.workspace.named_by(path, limits::NETWORK_FILE_OCTETS, faults) else {
            return Vec::new();
        };
        let list = NetworkList::read(&source, faults);
        let bound = list.groups.into_iter().map(|group| bind(group, default.as_deref(), sites, faults));
        bound.flatten().collect()
    }
}

/// A group with its sites, its own or those of the list.
fn bind(
    group: NetworkGroup,
    default: Option<&[SiteId]>,
    sites: &Sites,
    faults: &Faults,
) -> Parsed<ListedNetworks> {
    let sites = match (&group.sites, default) {
        (Some(own), _) => sites.of(own, faults),
        (None, Some(default)) => default.to_owned(),
        (None, None) => {
            if let Some(network) = group.networks.first() {
                let message = format!("no site is named for {}", quote(network));
                let help = "name sites here, or for the whole list: `sites = [\"SITE\"]` in `network_files`";
                faults.add(network.place.error(message).label("where to?").help(help));
            }
            return Err(Broken);
        }
    };
    Ok(ListedNetworks { networks: group.networks, sites })
}

/// A network of a map: no host bits, and none that nobody is looked up by.
pub(super) fn network(written: &Written<String>, faults: &Faults) -> Parsed<Prefix> {
    let network = text::network(written, faults)?;
    let Some(tunnel) = network.tunnel() else { return Ok(network) };
    let message = format!("{} can match nobody", quote(written));
    let help =
        format!("clients in {tunnel} are looked up by the IPv4 address inside: write the IPv4 network");
    faults.add(written.place.error(message).label("in a tunnel").help(help));
    Err(Broken)
}
