//! `panic`, `manual_resume` and `slow_start` of a pool: how members leave it and come back.

use std::time::Duration;

use crate::config::document::{Kind, Value};
use crate::config::limits;
use crate::config::text::{self, Broken, Faults, Parsed, Reader, Share, Written, boolean, duration, quote};

/// How members leave a pool and come back.
#[derive(Debug)]
pub(crate) struct TurnoverSpec {
    /// How many may leave at once.
    pub(crate) panic: Parsed<Option<Written<PanicSpec>>>,
    /// Whether a member that went down stays out until an operator resumes it.
    pub(crate) manual_resume: Parsed<Option<Written<bool>>>,
    /// Over how long the weight of a member that came back grows.
    pub(crate) slow_start: Parsed<Option<Written<Duration>>>,
}

/// `panic`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanicSpec {
    /// The part of the members that may leave.
    pub(crate) share: Share,
    /// Within this time.
    pub(crate) within: Duration,
}

/// Reads the keys of a pool's table.
pub(super) fn read(reader: &mut Reader<'_>) -> TurnoverSpec {
    TurnoverSpec {
        panic: reader.optional("panic", panic),
        manual_resume: reader.optional("manual_resume", boolean),
        slow_start: reader.optional("slow_start", duration(limits::SLOW_START)),
    }
}

fn panic(value: &Value, faults: &Faults) -> Parsed<PanicSpec> {
    let mut reader = Reader::new(text::table(value, faults)?, "`panic`", faults);
    let share = reader.required("remove_at_most", "remove_at_most = \"30 %\"", share);
    let within = reader.required("within", "within = \"1m\"", duration(limits::PANIC_WITHIN));
    reader.finish(&[("limit", "it is called `remove_at_most`"), ("interval", "it is called `within`")]);
    Ok(PanicSpec { share: share?.value, within: within?.value })
}

fn share(value: &Value, faults: &Faults) -> Parsed<Share> {
    let share = match &value.kind {
        Kind::Text(text) => Share::parse(text).ok_or_else(|| quote(text)),
        other => Err(other.in_words().to_owned()),
    };
    share.map_err(|found| {
        let fault = value.place.error(format!("{found} is no part of a pool")).label("not understood");
        faults.add(fault.help("write a part such as `\"30 %\"` or `\"1/3\"`"));
        Broken
    })
}
