//! Scripts that run inside Redis. Each also answers what the log of changes has to tell.

pub use redis::FromRedisValue as FromRedis;
use redis::{Cmd, cmd};

/// What every script begins with: `news()`, and what it needs.
const PRELUDE: &str = include_str!("news.lua");

/// A script, known to Redis by its hash.
pub struct Script {
    code: String,
    hash: String,
}

impl Script {
    /// A script that ends with `return { answer, news() }`. Its own keys begin at `KEYS[2]`, its arguments at `ARGV[5]`.
    pub fn new(code: &str) -> Self {
        let code = format!("{PRELUDE}\n{code}");
        let hash = redis::Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }

    /// The command that runs it where Redis has it already.
    pub(super) fn by_hash(&self, keys: &[&str], args: &[&str]) -> Cmd {
        invoke("EVALSHA", &self.hash, keys, args)
    }

    /// The command that hands it over and runs it.
    pub(super) fn in_full(&self, keys: &[&str], args: &[&str]) -> Cmd {
        invoke("EVAL", &self.code, keys, args)
    }
}

fn invoke(command: &str, script: &str, keys: &[&str], args: &[&str]) -> Cmd {
    let mut invocation = cmd(command);
    invocation.arg(script).arg(keys.len()).arg(keys).arg(args);
    invocation
}
