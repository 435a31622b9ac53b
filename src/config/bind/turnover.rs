//! How members leave a pool and come back: what is written must be able to have an effect.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::config::spec::{PanicSpec, PoolSpec};
use crate::config::text::{Broken, Faults, Parsed, Place, Written, part_of, quote};
use crate::steer::{PANIC_MEMBERS_MIN, PanicLimit, Pick, Pool, Turnover};
use crate::wire::Family;

use super::pools::givers;

/// Binds what a pool of so many members says of it.
pub(super) fn bind(spec: &PoolSpec, members: usize, faults: &Faults) -> Parsed<Turnover> {
    let written = &spec.turnover;
    let panic = part_of(&written.panic)
        .and_then(|panic| panic.as_ref().map(|panic| panic_limit(panic, spec, members, faults)).transpose());
    let manual_resume = part_of(&written.manual_resume).and_then(|resume| {
        let wanted = resume.as_ref().filter(|resume| resume.value);
        wanted.map(|resume| watched("manual_resume", &resume.place, spec, faults)).transpose()
    });
    let slow_start = part_of(&written.slow_start).and_then(|slow_start| {
        slow_start.as_ref().map(|slow_start| slow_start_of(slow_start, spec, faults)).transpose()
    });
    Ok(Turnover { panic: panic?, manual_resume: manual_resume?.is_some(), slow_start: slow_start?.flatten() })
}

/// A family with too few members for the limit that the pool has.
pub(super) fn warn_of_families(spec: &PoolSpec, pool: &Pool, faults: &Faults) {
    let Ok(Some(panic)) = &spec.turnover.panic else { return };
    for family in Family::BOTH {
        let members = givers(pool, family.into()).count();
        if (1..PANIC_MEMBERS_MIN).contains(&members) {
            let has = if members == 1 { "member has" } else { "members have" };
            let message =
                format!("only {members} {has} an {family} address, and `panic` needs {PANIC_MEMBERS_MIN}");
            faults.add(panic.place.warning(message).label(format!("no effect for {family}")));
        }
    }
}

fn panic_limit(
    panic: &Written<PanicSpec>,
    spec: &PoolSpec,
    members: usize,
    faults: &Faults,
) -> Parsed<PanicLimit> {
    watched("panic", &panic.place, spec, faults)?;
    let share = panic.value.share;
    let limit = PanicLimit {
        numerator: share.numerator,
        denominator: share.denominator,
        within: whole_seconds(panic.value.within),
    };
    let fault = if members < PANIC_MEMBERS_MIN {
        let message = format!("`panic` needs {PANIC_MEMBERS_MIN} members, and the pool has {members}");
        panic
            .place
            .error(message)
            .label("no effect")
            .help("remove it: `min_healthy` and `all_down` serve small pools")
    } else if !limit.allows(1, members) {
        let message = format!("this part of {members} members is not one");
        panic.place.error(message).label("nobody could leave").help("raise `remove_at_most`")
    } else {
        return Ok(limit);
    };
    faults.add(fault);
    Err(Broken)
}

fn slow_start_of(
    slow_start: &Written<Duration>,
    spec: &PoolSpec,
    faults: &Faults,
) -> Parsed<Option<NonZeroU32>> {
    watched("slow_start", &slow_start.place, spec, faults)?;
    if spec.pick == Ok(Pick::All) {
        let fault = slow_start.place.error("`slow_start` has no effect with `pick = \"all\"`");
        faults.add(fault.label("no effect").help("weights do not count there: remove it"));
        return Err(Broken);
    }
    Ok(NonZeroU32::new(whole_seconds(slow_start.value)))
}

/// Nobody goes down where nobody looks.
fn watched(key: &str, place: &Place, spec: &PoolSpec, faults: &Faults) -> Parsed<()> {
    if !part_of(&spec.monitors)?.is_empty() {
        return Ok(());
    }
    let fault = place.error(format!("{} has no effect without a monitor", quote(key))).label("no effect");
    faults.add(fault.help("add `monitor`, or remove it"));
    Err(Broken)
}

fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
