//! When: hours of the week in a named time zone. Pure functions of the moment (seconds since 1970) and of a database of
//! time zones that the program carries along, so that every server of a fleet says the same, whatever its own zone is.
//!
//! The hours are those of the clock on the wall. Where it jumps forward, an hour that it does not show does not come that
//! day; where it jumps back, an hour that it shows twice comes twice.

mod hours;
mod zone;

pub use hours::{Days, HORIZON, Hours, HoursError, MINUTES_A_DAY};
pub use zone::{Zone, parse_moment};
