//! Meridian.

use std::fmt::Write as _;

use anyhow::Result;

use super::{Peer, Setup, text_of, words};
use crate::world::{CONTINENTS, SITES, STEERED_NAMES, TTL, World, steered_maps, steered_rules};

/// Rate limiting is at work, and holds nothing back: no client of the loader asks as much.
const RATE_LIMIT: &str = "[server.rate_limit]\nresponses_per_second = 100_000\n";

pub(super) fn prepare(setup: &Setup<'_>) -> Result<Vec<String>> {
    let apex = setup.world.apex();
    setup.write_zones(Peer::Meridian)?;
    let limit = if setup.limits_rates { RATE_LIMIT } else { "" };
    let mut main = format!(
        "[server]\nlisten = \"{}\"\nworkers = 1\n\n[server.tcp]\nconnections_per_client = 256\n\n{limit}\n[zones]\nfolder = \"zones\"\n",
        setup.address
    );
    if setup.world == World::Geo {
        setup.write("maps.toml", &maps())?;
        setup.write(&format!("zones/{apex}.toml"), &steering())?;
        write!(main, "\n[geo]\nmaps = \"maps.toml\"\ndatabases = [\"{}\"]\n", setup.database_text()?)?;
    }
    if setup.world == World::Steered {
        setup.write("maps.toml", &steered_maps())?;
        setup.write(&format!("zones/{apex}.toml"), &steered_rules())?;
        write!(main, "\n[geo]\nmaps = \"maps.toml\"\ndatabases = [\"{}\"]\n", setup.database_text()?)?;
    }
    let main = setup.write("meridian.toml", &main)?;
    Ok(words([&text_of(&setup.material.meridian)?, "serve", &main]))
}

fn maps() -> String {
    let mut text = String::new();
    for site in &SITES {
        text += &format!("[site.{}]\n", site.name);
    }
    let in_order: Vec<&str> = SITES.iter().map(|site| site.name).collect();
    text += &format!("[map.world]\ndefault = {in_order:?}\n[map.world.continent]\n");
    for (continent, sites) in &CONTINENTS {
        text += &format!("{continent} = {sites:?}\n");
    }
    text
}

fn steering() -> String {
    let mut text = String::new();
    for site in &SITES {
        let members = site.members.iter().enumerate().map(|(number, member)| {
            let (address, weight) = (member.address, member.weight);
            format!(
                "  {{ name = \"{}-{number}\", address = \"{address}\", weight = {weight} }},\n",
                site.name
            )
        });
        let members: String = members.collect();
        text += &format!("[pool.{0}]\nsite = \"{0}\"\nmembers = [\n{members}]\n", site.name);
    }
    let names: Vec<String> = (0..STEERED_NAMES).map(|number| format!("www{number:02}")).collect();
    let pools: Vec<&str> = SITES.iter().map(|site| site.name).collect();
    text += &format!("[[steer]]\nname = {names:?}\nmap = \"world\"\npools = {pools:?}\nmin_ttl = {TTL}\n");
    text
}
