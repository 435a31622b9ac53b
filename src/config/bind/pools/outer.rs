//! Pools of pools: what they say of themselves, and what has no place there.

use super::Outer;
use super::binder::Binder;
use crate::config::text::{Broken, Parsed, Place, part_of, quote};
use crate::steer::{Pick, Pool};

impl Binder<'_> {
    /// A pool of pools, but for those in it.
    pub(super) fn bind_outer(&self) -> Parsed<(Pool, Outer)> {
        let site = self.site();
        let refused = [self.refuse_monitors(), self.refuse_type(), self.refuse_turnover(), self.refuse_all()];
        let needed = self.needed().map(|(needed, place)| (needed, place.clone()));
        let site = site?;
        let wills = self.wills(site)?;
        let admin = wills.iter().map(|spec| spec.for_good).max().unwrap_or_default();
        let wills = wills.into_iter().filter_map(|spec| spec.will.clone()).collect();
        let pool = Pool { site, ..self.empty()? };
        part_of(&self.spec.members)?;
        refused.into_iter().collect::<Parsed<()>>()?;
        self.warn_of_prefix(&pool);
        let pools = part_of(&self.spec.pools)?.clone();
        Ok((pool, Outer { id: self.id, scope: self.scope, pools, admin, wills, needed }))
    }

    /// Members are probed, and these are in the pools that a pool of pools lists.
    fn refuse_monitors(&self) -> Parsed<()> {
        let monitor = part_of(&self.spec.monitors)?.iter().flatten().next().map(|first| &first.place);
        let require = part_of(&self.spec.require)?.as_ref().map(|require| &require.place);
        self.refuse("monitor", monitor).and(self.refuse("require", require))
    }

    /// What it gives follows from the pools that it lists.
    fn refuse_type(&self) -> Parsed<()> {
        let rtype = part_of(&self.spec.rtype)?.as_ref().map(|rtype| &rtype.place);
        self.refuse("type", rtype)
    }

    /// They leave and come back there, too.
    fn refuse_turnover(&self) -> Parsed<()> {
        let turnover = &self.spec.turnover;
        let panic = part_of(&turnover.panic)?.as_ref().map(|panic| &panic.place);
        let manual = part_of(&turnover.manual_resume)?.as_ref().map(|manual| &manual.place);
        let slow = part_of(&turnover.slow_start)?.as_ref().map(|slow| &slow.place);
        let refused = [("panic", panic), ("manual_resume", manual), ("slow_start", slow)]
            .map(|(key, place)| self.refuse(key, place));
        refused.into_iter().collect()
    }

    /// One inner pool answers, never all of them.
    fn refuse_all(&self) -> Parsed<()> {
        if self.spec.pick? != Pick::All {
            return Ok(());
        }
        let message = format!("the pool {} lists pools and has `pick = \"all\"`", quote(self.name));
        let fault = self.name.place.error(message).label("one of them answers");
        self.faults.add(fault.help("use `\"weighted\"` or `\"hash\"`, or one pool with all the members"));
        Err(Broken)
    }

    fn refuse(&self, key: &str, written: Option<&Place>) -> Parsed<()> {
        let Some(place) = written else { return Ok(()) };
        let fault = place.error(format!("`{key}` has no effect in a pool of pools")).label("no members here");
        self.faults.add(fault.help("it belongs into the pools that are listed"));
        Err(Broken)
    }
}
