//! Token buckets in a fixed table of atomic words, which all workers write without a lock.
//!
//! A bucket is one number: the moment at which it will be full again. A response moves it on by one interval; a bucket
//! whose moment would lie further ahead than the burst is empty (GCRA, the leaky bucket of ATM Forum TM 4.0, is the same
//! arithmetic). Nothing ever has to be refilled, and a bucket whose moment is past is full, like one that was never used:
//! its cell can be taken without losing anything.
//!
//! A key has four cells to be in. When all of them hold buckets that are not full, a new key takes the fullest one. So a
//! flood of random networks, which touches each bucket once, pushes out its own and never the one of a network that is
//! being flooded; and nobody is held back for another one's sake, which would happen if a cell passed on its debt (as a
//! sketch does) or were shared by the keys that fall on it.

use std::num::NonZeroU8;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Verdict;

/// Rows of cells. Together they take 4 MiB: half a million networks and classes at once. A random flood of a million
/// queries a second keeps 5,000 of them busy at 200 responses a second.
const ROWS: usize = 1 << 17;
/// Cells that a key can be in.
const WAYS: usize = 4;
/// How often a query tries to take its response while others change the same cell. One that loses so often is in a flood.
const ATTEMPTS: usize = 64;

/// A cell: the key's mark (20 bits), how many answers were held back since one slipped (4), the moment at which the bucket
/// is full again (40).
const FULL_AT_BITS: u32 = 40;
const HELD_BACK_BITS: u32 = 4;
const MARK_SHIFT: u32 = FULL_AT_BITS + HELD_BACK_BITS;
const FULL_AT: u64 = (1 << FULL_AT_BITS) - 1;
const HELD_BACK: u64 = (1 << HELD_BACK_BITS) - 1;
/// The bit of a mark that a cell has once it is its key's for good.
const PUBLISHED: u64 = 1;
/// A cell that nobody has.
const NEVER_USED: u64 = 0;
/// How far the clock of one worker may lag behind that of another, in ticks: 4 s. Moments wrap after three days, so one that
/// lies further ahead than a burst and this is in the past.
const LAG: u64 = 1 << 24;

/// What a response costs, and when.
pub(super) struct Spending {
    /// In ticks.
    pub(super) now: u64,
    /// What a response costs, in ticks.
    pub(super) interval: u64,
    /// What a full bucket holds, in ticks.
    pub(super) burst: u64,
    /// Of so many that find the bucket empty one slips; at most 15.
    pub(super) slip: NonZeroU8,
}

/// Cells that a key can be in: on one cache line.
#[repr(align(32))]
#[derive(Default)]
struct Row([AtomicU64; WAYS]);

/// All buckets. They take no memory before a limit is configured: most servers have none.
#[derive(Default)]
pub(super) struct Table {
    rows: OnceLock<Box<[Row]>>,
}

impl Table {
    /// Takes the memory of the buckets now, if it has not been taken.
    pub(super) fn prepare(&self) {
        self.rows();
    }

    /// Takes a response out of the bucket of a key, a well-mixed word.
    pub(super) fn spend(&self, key: u64, spending: &Spending) -> Verdict {
        let rows = self.rows();
        let row = &rows[key as usize % ROWS].0;
        let mark = key >> MARK_SHIFT | PUBLISHED;
        for _ in 0..ATTEMPTS {
            let tried = match find(row, mark) {
                Some((cell, word)) => spend(cell, word, spending),
                None => claim(row, mark, spending),
            };
            if let Some(verdict) = tried {
                return verdict;
            }
        }
        Verdict::Slip
    }

    fn rows(&self) -> &[Row] {
        self.rows.get_or_init(|| std::iter::repeat_with(Row::default).take(ROWS).collect())
    }
}

/// The cell with that mark, and what it holds.
#[inline]
fn find(row: &[AtomicU64; WAYS], mark: u64) -> Option<(&AtomicU64, u64)> {
    let mut words = row.iter().map(|cell| (cell, cell.load(Ordering::Relaxed)));
    words.find(|&(_, word)| word >> MARK_SHIFT == mark)
}

/// Takes a response out of the bucket in a cell. `None` when somebody else changed the cell meanwhile.
#[inline]
fn spend(cell: &AtomicU64, word: u64, spending: &Spending) -> Option<Verdict> {
    let debt = debt(word, spending) + spending.interval;
    let (next, verdict) = if debt <= spending.burst {
        let full_at = spending.now.wrapping_add(debt) & FULL_AT;
        (word & !FULL_AT | full_at, Verdict::Pass)
    } else {
        let held_back = (word >> FULL_AT_BITS & HELD_BACK) + 1;
        let slips = held_back >= spending.slip.get().into();
        let counted = if slips { 0 } else { held_back };
        let next = word & !(HELD_BACK << FULL_AT_BITS) | counted << FULL_AT_BITS;
        (next, if slips { Verdict::Slip } else { Verdict::Drop })
    };
    cell.compare_exchange_weak(word, next, Ordering::SeqCst, Ordering::Relaxed).ok().map(|_| verdict)
}

/// Gives a key the fullest of its cells, with one response taken. `None` when another one was quicker.
///
/// Two workers may give the same new key two cells at once. So a cell is taken with a mark that no search finds, and
/// published only by one who then sees no rival: of two at least one sees the other, because all of this is
/// sequentially consistent. Thus a key has one bucket, and no response of it is given twice.
#[cold]
fn claim(row: &[AtomicU64; WAYS], mark: u64, spending: &Spending) -> Option<Verdict> {
    let words = row.iter().map(|cell| (cell, cell.load(Ordering::SeqCst)));
    let (cell, word) = words.min_by_key(|&(_, word)| debt(word, spending))?;
    let full_at = spending.now.wrapping_add(spending.interval) & FULL_AT;
    let claimed = (mark ^ PUBLISHED) << MARK_SHIFT | HELD_BACK << FULL_AT_BITS | full_at;
    cell.compare_exchange(word, claimed, Ordering::SeqCst, Ordering::SeqCst).ok()?;
    let is_rival = |other: &AtomicU64| {
        let word = other.load(Ordering::SeqCst);
        !std::ptr::eq(other, cell) && word != NEVER_USED && word >> MARK_SHIFT | PUBLISHED == mark
    };
    let alone = !row.iter().any(is_rival);
    let next = if alone { mark << MARK_SHIFT | full_at } else { NEVER_USED };
    cell.compare_exchange(claimed, next, Ordering::SeqCst, Ordering::SeqCst).ok()?;
    alone.then_some(Verdict::Pass)
}

/// How far from full a bucket is, in ticks.
#[inline]
fn debt(word: u64, spending: &Spending) -> u64 {
    let ahead = word.wrapping_sub(spending.now) & FULL_AT;
    if word == NEVER_USED || ahead > spending.burst + LAG { 0 } else { ahead }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;
    use crate::snapshot::TICKS_PER_MS;

    const INTERVAL: u64 = 5 * TICKS_PER_MS;

    fn at(now_ms: u64, burst: u64) -> Spending {
        let slip = NonZeroU8::new(2).unwrap();
        Spending { now: now_ms * TICKS_PER_MS, interval: INTERVAL, burst: burst * INTERVAL, slip }
    }

    fn passes(table: &Table, key: u64, spending: &Spending, tries: usize) -> usize {
        (0..tries).filter(|_| table.spend(key, spending) == Verdict::Pass).count()
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
        let verdicts: Vec<Verdict> = (0..5).map(|_| table.spend(7, &at(0, 1))).collect();
        use Verdict::{Drop, Pass, Slip};
        assert_eq!(verdicts, [Pass, Drop, Slip, Drop, Slip]);
        let always = Spending { slip: NonZeroU8::MIN, ..at(0, 1) };
        assert!((0..5).all(|_| table.spend(7, &always) == Slip));
    }

    #[test]
    fn a_clock_that_lags_behind_gives_nothing_extra() {
        let table = Table::default();
        assert_eq!(passes(&table, 7, &at(60_000, 10), 100), 10);
        for behind in [1, 500, 4_000] {
            assert_eq!(passes(&table, 7, &at(60_000 - behind, 10), 100), 0, "{behind}");
        }
    }

    #[test]
    fn moments_wrap() {
        let wrap = (1u64 << FULL_AT_BITS) / TICKS_PER_MS;
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
            assert_eq!(table.spend(key(0, mark), &at(1, 10)), Verdict::Pass, "{mark}");
            assert_ne!(table.spend(key(0, 1), &at(1, 10)), Verdict::Pass, "{mark}");
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
        let held_back = keys.filter(|&key| table.spend(key, &at(0, 1)) != Verdict::Pass).count();
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
        let marks: HashSet<u64> = (0..100).map(|mark| key(5, mark) >> MARK_SHIFT | PUBLISHED).collect();
        assert_eq!(marks.len(), 100);
        assert!((0..100).all(|mark| key(5, mark) as usize % ROWS == 5));
    }
}
