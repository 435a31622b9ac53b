//! Memory that the allocator keeps for later goes back to the system.

/// Gives back what was freed. Loading takes more memory than serving, and the GNU allocator keeps the difference; others give
/// it back by themselves, or not at all.
pub fn release_free_memory() {
    // SAFETY: no pointers; it touches only what the allocator knows to be free.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
