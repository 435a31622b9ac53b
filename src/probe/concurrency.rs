//! How many probes may be under way at once.

/// The part of the file descriptors that probes may take: one over this. The rest is for DNS and for files.
const SHARE_OF_DESCRIPTORS: usize = 2;

/// Never more, however many descriptors there are: 4096 probes that all wait are about 40 MB.
const MAXIMUM: usize = 4096;

/// Never fewer: below this a handful of dead members would delay the live ones.
const MINIMUM: usize = 16;

/// Assumed descriptors where the limit cannot be read (POSIX systems start at 256 or more).
const ASSUMED_DESCRIPTORS: usize = 256;

/// The default bound: half of RLIMIT_NOFILE's soft limit, within `MINIMUM..=MAXIMUM`.
/// Read from `/proc`, because the system call would need `libc`, which is behind another door.
pub(super) fn default_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    of_descriptors(soft_descriptor_limit(&limits).unwrap_or(ASSUMED_DESCRIPTORS))
}

fn of_descriptors(descriptors: usize) -> usize {
    (descriptors / SHARE_OF_DESCRIPTORS).clamp(MINIMUM, MAXIMUM)
}

/// The soft limit in the line `Max open files  1024  524288  files` (proc(5)).
fn soft_descriptor_limit(limits: &str) -> Option<usize> {
    let soft =
        limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?;
    if soft == "unlimited" { Some(usize::MAX) } else { soft.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read_from_proc() {
        let text = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files     \n";
        assert_eq!(soft_descriptor_limit(text), Some(1024));
        assert_eq!(soft_descriptor_limit(&text.replace("1024 ", "unlimited ")), Some(usize::MAX));
        assert_eq!(soft_descriptor_limit("Max processes 3 3\n"), None);
    }

    #[test]
    fn half_of_the_descriptors_within_bounds() {
        for (descriptors, expected) in [(0, 16), (64, 32), (1024, 512), (20_000, 4096), (usize::MAX, 4096)] {
            assert_eq!(of_descriptors(descriptors), expected, "{descriptors} descriptors");
        }
    }
}
