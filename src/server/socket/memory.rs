//! Memory that loading takes and serving does not need goes back to the system. The GNU allocator keeps it otherwise; others
//! give it back by themselves, or not at all.

/// Allocations from here on have pages of their own, which go back when they are freed. The allocator would raise this by
/// itself with every large one that is freed, up to 32 MiB.
#[cfg(target_env = "gnu")]
const LARGE: libc::c_int = 1 << 20;

/// Keeps large allocations apart from small ones, for the whole process, from now on.
pub fn keep_large_memory_apart() {
    // SAFETY: no pointers; it sets a number of the allocator.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Gives back what was freed of small allocations.
pub fn release_free_memory() {
    // SAFETY: no pointers; it touches only what the allocator knows to be free.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
