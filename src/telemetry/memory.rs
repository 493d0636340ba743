//! What the program takes of memory, by the allocator and by the kernel.

use std::fs;

use tikv_jemalloc_ctl::{epoch, stats};

/// The allocator of every binary and test that links this library: the one whose figures [`memory`] tells.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Memory at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What the program holds on the heap, in bytes.
    pub heap_used_bytes: u64,
    /// The pages that the allocator has given out for it, in bytes.
    pub heap_total_bytes: u64,
    /// What the kernel counts as resident, in bytes.
    pub rss_bytes: u64,
}

/// The figures of this moment, as [`allocator`] and the kernel tell them. The allocator sums its own up at each call, which takes some microseconds.
pub fn memory() -> Memory {
    let allocator = allocator();
    Memory {
        heap_used_bytes: allocator.allocated,
        heap_total_bytes: allocator.active,
        rss_bytes: kernel_rss_bytes().unwrap_or(allocator.resident),
    }
}

/// What the allocator has and holds at one moment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocator {
    /// What the program holds.
    pub allocated: u64,
    /// The pages that hold it.
    pub active: u64,
    /// The pages that are resident, the allocator's own and unused ones included.
    pub resident: u64,
    /// The pages that it has mapped and not given up.
    pub mapped: u64,
    /// Address space that it has given up the pages of, and keeps.
    pub retained: u64,
}

/// The allocator's figures of this moment.
pub fn allocator() -> Allocator {
    // A failed call leaves the figures of the moment before, which are as good an answer as there is.
    let _ = epoch::advance();
    let bytes = |figure: Result<usize, _>| figure.map_or(0, |bytes| bytes as u64);
    Allocator {
        allocated: bytes(stats::allocated::read()),
        active: bytes(stats::active::read()),
        resident: bytes(stats::resident::read()),
        mapped: bytes(stats::mapped::read()),
        retained: bytes(stats::retained::read()),
    }
}

/// `VmRSS` of proc(5); `None` where there is no such file.
pub(super) fn kernel_rss_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let figure = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = figure.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1_024 * 1_024;

    #[test]
    fn what_is_allocated_shows_at_once() {
        let block = vec![1_u8; 64 * MIB as usize];
        let memory = memory();
        assert_eq!(block.iter().filter(|byte| **byte == 1).count() as u64, 64 * MIB);
        assert!(memory.heap_used_bytes >= 64 * MIB, "{memory:?}");
        assert!(memory.heap_total_bytes >= memory.heap_used_bytes, "{memory:?}");
        assert!(memory.rss_bytes >= 64 * MIB, "{memory:?}");
    }
}
