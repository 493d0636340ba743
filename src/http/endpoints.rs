//! The table of endpoints: everything there is to ask for, and who may. All that is mounted is mounted from here.

use actix_web::http::Method;

use super::error_pages;
use super::health;
use super::routes::{Access, Endpoint, endpoint};

/// The endpoints of the API, their paths under its base.
pub(super) fn api() -> Vec<Endpoint> {
    vec![]
}

/// The endpoints at the root. They are not counted against the budget of requests.
pub(super) fn root() -> Vec<Endpoint> {
    use Access::Public;
    vec![
        endpoint(Method::GET, "/health", Public, health::health),
        endpoint(Method::GET, "/health/live", Public, health::live),
        endpoint(Method::GET, "/health/ready", Public, health::ready),
        endpoint(Method::GET, "/errors/{name}", Public, error_pages::explain),
    ]
}

/// Paths that would read as ids of customers and are none (§6).
pub(super) const RESERVED: &[&str] = &["/customers/import", "/customers/export"];
