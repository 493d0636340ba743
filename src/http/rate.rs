//! What answers tell of the budget of requests (§8): `RateLimit-Policy` and `RateLimit`.

use std::cell::OnceCell;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::limiter::{Decision, Quota};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The policies as told, one per budget; they do not change while the server runs.
#[derive(Debug, Default)]
pub(super) struct PolicyHeaders([OnceCell<(&'static str, HeaderValue)>; 2]);

impl PolicyHeaders {
    fn of(&self, quota: Quota) -> HeaderValue {
        for known in &self.0 {
            let (name, header) = known.get_or_init(|| (quota.name, written(policy(quota))));
            if *name == quota.name {
                return header.clone();
            }
        }
        written(policy(quota))
    }

    /// Puts what became of a counted request on its answer. Where there is no limit, nothing is told.
    pub(super) fn tell(&self, decision: &Decision, headers: &mut HeaderMap) {
        let quota = decision.quota;
        if quota.burst == 0 {
            return;
        }
        headers.insert(RATE_LIMIT_POLICY, self.of(quota));
        let left = format!("\"{}\";r={};t={}", quota.name, decision.remaining, whole_seconds(decision.reset));
        headers.insert(RATE_LIMIT, written(left));
    }
}

fn policy(quota: Quota) -> String {
    format!("\"{}\";q={};w={}", quota.name, quota.burst, whole_seconds(quota.window))
}

fn written(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("names of quotas and numbers may stand in a header")
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(name: &'static str, burst: u32) -> Decision {
        Decision {
            allowed: true,
            quota: Quota { name, burst, window: Duration::from_secs(900) },
            remaining: 99,
            reset: Duration::from_millis(8_001),
            retry_after: Duration::ZERO,
        }
    }

    #[test]
    fn each_budget_is_told_by_its_own_name() {
        let policies = PolicyHeaders::default();
        for (name, burst) in [("default", 100), ("auth", 20), ("default", 100), ("third", 7)] {
            let mut headers = HeaderMap::new();
            policies.tell(&decision(name, burst), &mut headers);
            assert_eq!(headers.get(RATE_LIMIT_POLICY).unwrap(), &format!("\"{name}\";q={burst};w=900"));
            assert_eq!(headers.get(RATE_LIMIT).unwrap(), &format!("\"{name}\";r=99;t=9"));
        }
    }

    #[test]
    fn where_there_is_no_limit_nothing_is_told() {
        let mut headers = HeaderMap::new();
        PolicyHeaders::default().tell(&decision("default", 0), &mut headers);
        assert!(headers.is_empty());
    }
}
