//! Token buckets in a fixed table of atomic words, which all workers write without a lock.
//!
//! A bucket is one number: the moment at which it will be full again. A response moves it on by one interval; a bucket
//! whose moment would lie further ahead than the burst is empty (GCRA, the leaky bucket of ATM Forum TM 4.0, is the same
//! arithmetic). Nothing ever has to be refilled, and a bucket whose moment is past is full, like one that was never used:
//! its cell can be taken without losing anything.
//!
//! A meter is a bucket that everything is taken out of, whether it has it or not: it tells whether there was more than
//! its rate, and forgets that only as fast as a bucket fills.
//!
//! A key has four cells to be in. When all of them hold buckets that are not full, a new key takes the fullest one. So a
//! flood of random networks, which touches each bucket once, pushes out its own and never the one of a network that is
//! being flooded; and nobody is held back for another one's sake, which would happen if a cell passed on its debt (as a
//! sketch does) or were shared by the keys that fall on it.

use std::num::NonZeroU8;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Verdict;
use crate::snapshot::{GRAIN, Rate};

/// Rows of cells. Together they take 4 MiB: half a million networks and classes at once. A random flood of a million
/// queries a second keeps 5,000 of them busy at 200 responses a second.
const ROWS: usize = 1 << 17;
/// Cells that a key can be in.
const WAYS: usize = 4;
/// How often a query tries to take its response while others change the same cell. One that loses so often is in a flood.
const ATTEMPTS: usize = 64;

/// A cell: the moment at which the bucket is full again in ticks, of which the lowest bits are never set ([`GRAIN`]); there
/// stand how many answers were held back since one slipped (4 bits), and the key's mark (20).
const MARK_BITS: u32 = 20;
const MARK: u64 = (1 << MARK_BITS) - 1;
const ONE_HELD_BACK: u64 = 1 << MARK_BITS;
const HELD_BACK: u64 = (GRAIN - 1) & !MARK;
const FULL_AT: u64 = !(GRAIN - 1);
/// Where a key's mark stands; its row is in the lowest bits.
const MARK_SHIFT: u32 = u64::BITS - MARK_BITS;
/// The bit of a mark that a cell has once it is its key's for good.
const PUBLISHED: u64 = 1;
/// A cell that nobody has.
const NEVER_USED: u64 = 0;
/// What a response costs, and when; in ticks, whole grains.
pub(super) struct Price {
    /// The moment.
    pub(super) now: u64,
    /// What a response costs.
    pub(super) interval: u64,
    /// What a full bucket holds.
    pub(super) burst: u64,
    /// A moment that seems to lie further ahead is past: moments wrap.
    pub(super) farthest: u64,
}

/// Cells that a key can be in: on one cache line.
#[repr(align(32))]
#[derive(Default)]
struct Row([AtomicU64; WAYS]);

/// All buckets. They take no memory before a limit is configured: most servers have none.
#[derive(Default)]
pub(super) struct Table {
    rows: OnceLock<Box<[Row; ROWS]>>,
}

/// The memory of the buckets.
#[derive(Clone, Copy)]
pub(super) struct Cells<'t>(&'t [Row; ROWS]);

impl Table {
    /// The buckets; the first call takes their memory.
    pub(super) fn cells(&self) -> Cells<'_> {
        Cells(self.rows.get_or_init(new_rows))
    }
}

#[cold]
fn new_rows() -> Box<[Row; ROWS]> {
    let rows: Box<[Row]> = std::iter::repeat_with(Row::default).take(ROWS).collect();
    rows.try_into().unwrap_or_else(|_| unreachable!("so many were made"))
}

impl<'t> Cells<'t> {
    /// Takes a response out of the bucket of a key, a well-mixed word. Of `slip` (at most 15) that find it empty one slips.
    pub(super) fn spend(self, key: u64, price: &Price, slip: NonZeroU8) -> Verdict {
        self.visit(key, price, |word| spent(word, price, slip), Verdict::Pass).unwrap_or(Verdict::Slip)
    }

    /// Takes a response out of the meter of a key, also one that it does not have, until it lacks a whole burst; whether it
    /// had one left. What nearly all queries find, a meter in its place that has, costs them little.
    #[inline(always)]
    pub(super) fn meter(self, key: u64, now: u64, rate: &Rate) -> bool {
        let mark = mark(key);
        for cell in self.row(key) {
            // No answer is held back by a meter: below the moment there is the mark alone.
            let full_at = cell.load(Ordering::Relaxed) ^ mark;
            if full_at & !FULL_AT != 0 {
                continue;
            }
            let debt = ahead(full_at, now, rate.farthest()).wrapping_add(rate.interval());
            let next = now.wrapping_add(debt) ^ mark;
            let is_left = debt <= rate.meter();
            if is_left
                && cell.compare_exchange(full_at ^ mark, next, Ordering::SeqCst, Ordering::Relaxed).is_ok()
            {
                return true;
            }
            break;
        }
        self.meter_anyhow(key, now, rate)
    }

    /// The same for a meter that is nowhere yet, is empty, or is changed by another one.
    #[cold]
    #[inline(never)]
    fn meter_anyhow(self, key: u64, now: u64, rate: &Rate) -> bool {
        let price = Price { now, interval: rate.interval(), burst: rate.meter(), farthest: rate.farthest() };
        let count = |word: u64| {
            let owed = debt(word, &price);
            let debt = owed + price.interval;
            // Never less than was owed: the clock of another worker may be ahead.
            (now.wrapping_add(debt.min(rate.burst()).max(owed)) | word & MARK, debt <= price.burst)
        };
        self.visit(key, &price, count, price.interval <= price.burst).unwrap_or(false)
    }

    /// Changes the cell of a key. `new` is what comes of it for a key that has none yet. `None` when others were quicker each
    /// time.
    fn visit<T: Copy>(self, key: u64, price: &Price, change: impl Fn(u64) -> (u64, T), new: T) -> Option<T> {
        let (row, mark) = (self.row(key), mark(key));
        let attempt = || match find(row, mark) {
            Some((cell, word)) => {
                let (next, came_of_it) = change(word);
                let changed = cell.compare_exchange_weak(word, next, Ordering::SeqCst, Ordering::Relaxed);
                changed.ok().map(|_| came_of_it)
            }
            None => claim(row, mark, price).map(|()| new),
        };
        (0..ATTEMPTS).find_map(|_| attempt())
    }

    #[inline(always)]
    fn row(self, key: u64) -> &'t [AtomicU64; WAYS] {
        &self.0[key as usize % ROWS].0
    }
}

#[inline(always)]
fn mark(key: u64) -> u64 {
    key >> MARK_SHIFT | PUBLISHED
}

/// The cell with that mark, and what it holds.
#[inline]
fn find(row: &[AtomicU64; WAYS], mark: u64) -> Option<(&AtomicU64, u64)> {
    let mut words = row.iter().map(|cell| (cell, cell.load(Ordering::Relaxed)));
    words.find(|&(_, word)| word & MARK == mark)
}

/// What the cell of a bucket becomes by taking a response out of it, and what becomes of that.
#[inline]
fn spent(word: u64, price: &Price, slip: NonZeroU8) -> (u64, Verdict) {
    let debt = debt(word, price) + price.interval;
    if debt <= price.burst {
        return (price.now.wrapping_add(debt) | word & !FULL_AT, Verdict::Pass);
    }
    let held_back = (word & HELD_BACK) / ONE_HELD_BACK + 1;
    match held_back >= slip.get().into() {
        true => (word & !HELD_BACK, Verdict::Slip),
        false => (word & !HELD_BACK | (held_back * ONE_HELD_BACK), Verdict::Drop),
    }
}

/// Gives a key the fullest of its cells, with one response taken. `None` when another one was quicker.
///
/// Two workers may give the same new key two cells at once. So a cell is taken with a mark that no search finds, and
/// published only by one who then sees no rival: of two at least one sees the other, because all of this is
/// sequentially consistent. Thus a key has one bucket, and no response of it is given twice.
#[cold]
fn claim(row: &[AtomicU64; WAYS], mark: u64, price: &Price) -> Option<()> {
    let words = row.iter().map(|cell| (cell, cell.load(Ordering::SeqCst)));
    let (cell, word) = words.min_by_key(|&(_, word)| debt(word, price))?;
    let full_at = price.now.wrapping_add(price.interval);
    // With all of the bits set that count answers held back: unlike any cell that nobody has.
    let claimed = full_at | HELD_BACK | (mark ^ PUBLISHED);
    cell.compare_exchange(word, claimed, Ordering::SeqCst, Ordering::SeqCst).ok()?;
    let is_rival = |other: &AtomicU64| {
        let word = other.load(Ordering::SeqCst);
        !std::ptr::eq(other, cell) && word != NEVER_USED && word & MARK | PUBLISHED == mark
    };
    let alone = !row.iter().any(is_rival);
    let next = if alone { full_at | mark } else { NEVER_USED };
    cell.compare_exchange(claimed, next, Ordering::SeqCst, Ordering::SeqCst).ok()?;
    alone.then_some(())
}

/// How far from full the bucket in a cell is, in ticks.
#[inline]
fn debt(word: u64, price: &Price) -> u64 {
    if word == NEVER_USED { 0 } else { ahead(word & FULL_AT, price.now, price.farthest) }
}

/// How far a moment lies ahead, in ticks; 0 for one that is past.
#[inline(always)]
fn ahead(moment: u64, now: u64, farthest: u64) -> u64 {
    let ahead = moment.wrapping_sub(now);
    if ahead > farthest { 0 } else { ahead }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroU32;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::snapshot::{LAG, TICKS_PER_MS};

    const INTERVAL: u64 = 5 * TICKS_PER_MS;
    const SLIP: NonZeroU8 = NonZeroU8::new(2).unwrap();

    fn at(now_ms: u64, burst: u64) -> Price {
        let burst = burst * INTERVAL;
        let now = now_ms.wrapping_mul(TICKS_PER_MS);
        Price { now, interval: INTERVAL, burst, farthest: burst + LAG }
    }

    fn passes(table: &Table, key: u64, price: &Price, tries: usize) -> usize {
        (0..tries).filter(|_| table.cells().spend(key, price, SLIP) == Verdict::Pass).count()
    }

    /// A key of row `row` with a mark of its own.
    fn key(row: u64, mark: u64) -> u64 {
        mark << (MARK_SHIFT + 1) | row
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_in_each_interval() {
        let table = Table::default();
        assert_eq!(passes(&table, 7, &at(0, 10), 100), 10);
        assert_eq!(passes(&table, 7, &at(4, 10), 100), 0);
        assert_eq!(passes(&table, 7, &at(5, 10), 100), 1);
        assert_eq!(passes(&table, 7, &at(29, 10), 100), 4);
        assert_eq!(passes(&table, 7, &at(1_000_000, 10), 100), 10);
    }

    #[test]
    fn every_second_one_held_back_slips() {
        let table = Table::default();
        let verdicts: Vec<Verdict> = (0..5).map(|_| table.cells().spend(7, &at(0, 1), SLIP)).collect();
        use Verdict::{Drop, Pass, Slip};
        assert_eq!(verdicts, [Pass, Drop, Slip, Drop, Slip]);
        assert!((0..5).all(|_| table.cells().spend(7, &at(0, 1), NonZeroU8::MIN) == Slip));
    }

    /// What is found at once and what is not count the same.
    #[test]
    fn a_meter_has_something_left_where_no_more_than_its_rate_was_counted() {
        let table = Table::default();
        // A response in 5 ms; of seven that may be saved up three are in the meter.
        let rate = Rate::new(NonZeroU32::new(200).unwrap(), Duration::from_millis(35));
        let left = |now_ms: u64, tries: usize| {
            (0..tries).filter(|_| table.cells().meter(7, now_ms * TICKS_PER_MS, &rate)).count()
        };
        assert_eq!(left(0, 5), 3);
        assert_eq!(left(9, 1), 0, "it owes five, and forgets one in 5 ms");
        assert_eq!(left(30, 3), 3);
        // As deep as it gets: what else comes is forgotten at once.
        assert_eq!(left(30, 1000), 0);
        assert_eq!(left(30 + 5 * 4, 1), 0);
        assert_eq!(left(30 + 5 * 6, 1), 1);
        let other = |tries: usize| (0..tries).filter(|_| table.cells().meter_anyhow(8, 0, &rate)).count();
        assert_eq!(other(5), 3);
    }

    #[test]
    fn a_clock_that_lags_behind_gives_nothing_extra() {
        let table = Table::default();
        assert_eq!(passes(&table, 7, &at(60_000, 10), 100), 10);
        for behind in [1, 500, 4_000] {
            assert_eq!(passes(&table, 7, &at(60_000 - behind, 10), 100), 0, "{behind}");
        }
        let rate = Rate::new(NonZeroU32::new(200).unwrap(), Duration::from_millis(50));
        let left = |now_ms: u64| table.cells().meter(9, now_ms * TICKS_PER_MS, &rate);
        assert_eq!((0..100).filter(|_| left(60_000)).count(), 5);
        assert!(!(0..100).any(|_| left(56_000)) && !left(60_029) && left(60_036));
    }

    #[test]
    fn moments_wrap() {
        let wrap = (1u64 << 63) / TICKS_PER_MS * 2;
        for start in [wrap - 10, wrap, 7 * wrap - 10] {
            let table = Table::default();
            assert_eq!(passes(&table, 7, &at(start, 10), 100), 10, "{start}");
            assert_eq!(passes(&table, 7, &at(start + 15, 10), 100), 3, "{start}");
            assert_eq!(passes(&table, 7, &at(start + wrap / 2, 10), 100), 10, "{start}");
        }
        // A cell that was never used is full however late it is.
        let table = Table::default();
        assert_eq!(passes(&table, 1, &at(wrap - 20, 10), 100), 10);
    }

    #[test]
    fn a_flood_of_other_keys_neither_refills_an_empty_bucket_nor_holds_anybody_back() {
        let table = Table::default();
        assert_eq!(passes(&table, key(0, 1), &at(0, 10), 100), 10);
        for mark in 2..1000 {
            assert_eq!(table.cells().spend(key(0, mark), &at(1, 10), SLIP), Verdict::Pass, "{mark}");
            assert_ne!(table.cells().spend(key(0, 1), &at(1, 10), SLIP), Verdict::Pass, "{mark}");
        }
    }

    /// Four times as many keys as there are cells, all at once. A key is taken for another one where row and mark (19 bits)
    /// are the same.
    #[test]
    fn a_full_table_holds_nearly_nobody_back() {
        let table = Table::default();
        let mixed = |number: u64| {
            let word = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let word = (word ^ word >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word ^ word >> 32
        };
        let keys = (0..4 * (ROWS * WAYS) as u64).map(mixed);
        let held_back =
            keys.filter(|&key| table.cells().spend(key, &at(0, 1), SLIP) != Verdict::Pass).count();
        assert!(held_back < 40, "{held_back}");
    }

    /// Threads that race for new and for known buckets get no more than one alone would. They may get less of what flows
    /// back: one that the system stops while it takes a cell keeps the others from having the bucket earlier.
    #[test]
    fn workers_together_get_what_one_would() {
        const THREADS: usize = 4;
        const KEYS: u64 = 3;
        let table = Table::default();
        for round in 0..2000 {
            // 20 tries leave nothing at any moment: 10 responses at first, 12 by the 14th millisecond.
            let spend_all = || {
                let at_moment = |now| (1..=KEYS).map(move |mark| (now, key(round, mark)));
                let tried = [0, 7, 14].into_iter().flat_map(at_moment);
                tried.map(|(now, key)| passes(&table, key, &at(now, 10), 20)).sum::<usize>()
            };
            let total: usize = thread::scope(|scope| {
                let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(spend_all)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            let left: usize = (1..=KEYS).map(|mark| passes(&table, key(round, mark), &at(14, 10), 20)).sum();
            let burst = 10 * KEYS as usize;
            assert!(
                (burst..=burst + 2 * KEYS as usize).contains(&(total + left)),
                "{total} in round {round}"
            );
        }
    }

    #[test]
    fn marks_and_rows_come_from_different_bits() {
        let marks: HashSet<u64> = (0..100).map(|number| mark(key(5, number))).collect();
        assert_eq!(marks.len(), 100);
        assert!((0..100).all(|number| key(5, number) as usize % ROWS == 5));
    }
}
