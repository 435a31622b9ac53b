//! Which cities databases know, to tell an operator of one that none does.

use std::collections::{BTreeSet, HashSet};

use super::city_names::folded;
use super::database::Database;
use super::rules::CityKey;

/// The cities of some databases.
pub struct Cities<'a> {
    ids: HashSet<u32>,
    /// Country and name as the databases have it.
    names: BTreeSet<([u8; 2], &'a str)>,
}

impl<'a> Cities<'a> {
    /// Those that any of the databases knows. A name belongs to a country when the same database says both; where the
    /// country is another database's, the name counts for it all the same.
    pub fn of(databases: &[&'a Database]) -> Cities<'a> {
        let mut cities = Cities { ids: HashSet::new(), names: BTreeSet::new() };
        for database in databases {
            for place in database.places() {
                cities.ids.extend(place.city);
                let name = place.city_name.map(|name| database.city_name(name));
                cities.names.extend(name.map(|name| (place.country.unwrap_or(NO_COUNTRY), name)));
            }
        }
        cities
    }

    /// Whether they know none at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.names.is_empty()
    }

    /// Whether a key of a map means one of them.
    pub fn knows(&self, key: &CityKey) -> bool {
        match key {
            CityKey::GeoNames(id) => self.ids.contains(id),
            CityKey::Named(country, name) => {
                let name = folded(name);
                self.names_in(*country).any(|known| folded(known) == name)
            }
        }
    }

    /// The names of the cities of a country, in alphabetical order.
    pub fn names_in(&self, country: [u8; 2]) -> impl Iterator<Item = &'a str> + Clone {
        let of = |country: [u8; 2]| {
            let from = self.names.range((country, "")..);
            from.take_while(move |(known, _)| *known == country).map(|&(_, name)| name)
        };
        of(country).chain(of(NO_COUNTRY))
    }
}

/// Stands for names of which the database does not tell the country.
const NO_COUNTRY: [u8; 2] = [0; 2];

#[cfg(test)]
mod tests {
    use super::super::database_builder::DatabaseBuilder;
    use super::super::place::Place;
    use super::*;

    fn database() -> Database {
        let mut builder = DatabaseBuilder::default();
        for (number, (code, name, id)) in
            [(*b"US", "Paris", Some(1)), (*b"FR", "Paris", Some(2)), (*b"ZZ", "Atlantis", None)]
                .into_iter()
                .enumerate()
        {
            let city_name = builder.city_name(name).unwrap();
            let place = builder.place_id(Place { city: id, city_name, ..Place::of_country_code(code) });
            builder.add_ipv4(number as u32, number as u32, place);
        }
        builder.finish("test", "test", 0, 0)
    }

    #[test]
    fn cities_are_known_by_id_and_by_name_in_their_country() {
        let database = database();
        let cities = Cities::of(&[&database]);
        let check = |key: CityKey, known| assert_eq!(cities.knows(&key), known, "{key}");
        check(CityKey::GeoNames(2), true);
        check(CityKey::GeoNames(3), false);
        check(CityKey::Named(*b"US", "pARIS".to_owned()), true);
        check(CityKey::Named(*b"DE", "Paris".to_owned()), false);
        check(CityKey::Named(*b"DE", "Atlantis".to_owned()), true);
        assert_eq!(cities.names_in(*b"FR").collect::<Vec<_>>(), ["Paris", "Atlantis"]);
        assert!(!cities.is_empty() && Cities::of(&[]).is_empty());
    }
}
