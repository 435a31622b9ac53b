//! Records as a master file has them: owner, TTL, class, type, data.

use super::{Rrset, ZoneData, rdata, record_type};

impl Rrset<'_> {
    /// The data of each record in the presentation form of the type, names in full; in the generic form of RFC 3597
    /// §5 where the type has none.
    pub fn print(&self) -> Vec<String> {
        self.full_rdata().iter().map(|data| rdata::print(self.rtype(), data)).collect()
    }
}

impl ZoneData {
    /// Every record as one line of a master file, all names absolute.
    pub fn print(&self) -> Vec<String> {
        let zone = self.zone();
        let mut lines = Vec::new();
        for number in zone.node_numbers() {
            let owner = zone.full_name(number);
            for rrset in zone.node(number).rrsets() {
                let rtype = record_type::name(rrset.rtype());
                let line = |data| format!("{owner} {} IN {rtype} {data}", rrset.ttl());
                lines.extend(rrset.print().into_iter().map(line));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, load};

    #[test]
    fn what_is_printed_loads_as_the_same_records() {
        let text =
            format!("{HEAD}a MX 10 @\n MX 20 mail.sub\n60 TXT \"b c\" \\255\nx\\.y TYPE65534 \\# 1 ff\n");
        let printed = load(&text).0.unwrap().print();
        assert_eq!(
            printed[3..],
            [
                "a.example.com. 300 IN MX 10 example.com.",
                "a.example.com. 300 IN MX 20 mail.sub.example.com.",
                "60.example.com. 300 IN TXT \"b c\" \"\\255\"",
                "x\\.y.example.com. 300 IN TYPE65534 \\# 1 FF",
            ]
        );
        assert_eq!(load(&printed.join("\n")).0.unwrap().print(), printed);
    }
}
