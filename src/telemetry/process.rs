//! What the kernel counts of this process, by proc(5).

use std::fs;
use std::sync::LazyLock;

/// Ticks in a second, as proc(5) counts them: `USER_HZ`, which Linux shows to programs as 100 on every machine it runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// The process at one moment. What the kernel does not tell is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Time on a CPU since the start, in user and kernel mode, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory, in bytes.
    pub resident_bytes: u64,
    /// Virtual memory, in bytes.
    pub virtual_bytes: u64,
    /// File descriptors that are open.
    pub open_fds: u64,
    /// File descriptors that may be open.
    pub max_fds: u64,
    /// Threads.
    pub threads: u64,
    /// When it started, in seconds since 1970.
    pub start_time_seconds: f64,
}

/// The figures of this moment. Reads some files of `/proc`, which takes about 0.1 ms.
pub fn process() -> Process {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let stat = Stat::of(&stat);
    Process {
        cpu_seconds: (stat.number(14) + stat.number(15)) as f64 / TICKS_PER_SECOND,
        resident_bytes: super::memory::kernel_rss_bytes().unwrap_or_default(),
        virtual_bytes: stat.number(23),
        open_fds: fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
        max_fds: max_fds(&fs::read_to_string("/proc/self/limits").unwrap_or_default()),
        threads: stat.number(20),
        start_time_seconds: *BOOT_SECONDS + stat.number(22) as f64 / TICKS_PER_SECOND,
    }
}

/// When the machine was started, in seconds since 1970. Looked up once: the file is long on machines with many CPUs.
static BOOT_SECONDS: LazyLock<f64> = LazyLock::new(|| {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "));
    seconds.and_then(|seconds| seconds.trim().parse().ok()).unwrap_or_default()
});

/// The fields of `/proc/self/stat` behind the program's name, which may itself contain blanks and brackets.
struct Stat<'a>(Vec<&'a str>);

impl<'a> Stat<'a> {
    fn of(text: &'a str) -> Self {
        let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
        Stat(fields.split_ascii_whitespace().collect())
    }

    /// A field by its number in proc(5); the first one behind the name is the third.
    fn number(&self, field: usize) -> u64 {
        self.0.get(field - 3).and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// The soft limit of open files.
fn max_fds(limits: &str) -> u64 {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_ascii_whitespace().next());
    soft.and_then(|soft| soft.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let text = "42 (odd) name) S 1 2 3 4 5 6 7 8 9 10 1100 250 0 0 20 0 7 0 123456 1048576 256 0";
        let stat = Stat::of(text);
        assert_eq!((stat.number(14), stat.number(15), stat.number(20)), (1100, 250, 7));
        assert_eq!((stat.number(22), stat.number(23), stat.number(99)), (123_456, 1_048_576, 0));
    }

    #[test]
    fn the_limit_is_the_soft_one() {
        assert_eq!(max_fds("Max open files            1024                 524288               files\n"), 1_024);
        assert_eq!(max_fds("Max open files            unlimited            unlimited            files\n"), 0);
    }

    #[test]
    fn this_process_has_figures() {
        let process = process();
        assert!(process.threads >= 1 && process.open_fds >= 3 && process.max_fds >= process.open_fds, "{process:?}");
        assert!(process.resident_bytes > 1 << 20 && process.virtual_bytes >= process.resident_bytes, "{process:?}");
        // After the day this was written, and not in the future of any sane clock.
        assert!((1.7e9..1e11).contains(&process.start_time_seconds), "{process:?}");
    }
}
