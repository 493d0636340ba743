//! The table of endpoints: everything there is to ask for, and who may. All that is mounted is mounted from here.

use actix_web::http::Method;

use crate::model::permission::Permission;

use super::endpoint::{Access, Endpoint, endpoint, endpoint_with_query};
use super::{
    audit, auth, batch, customers, docs, error_pages, groups, health, me, members, metrics, ops, statistics, users,
};

/// The endpoints of the API, their paths under its base.
pub(super) fn api() -> Vec<Endpoint> {
    use Access::{Needs, Public, Registration, SignedIn};
    use Permission::{
        AuditRead, CustomersBatchUpdate, CustomersCreate, CustomersDelete, CustomersRead, CustomersStatistics,
        CustomersUpdate, GroupsCreate, GroupsDelete, GroupsManageMembers, GroupsRead, GroupsUpdate, UsersRead,
        UsersUpdate,
    };
    vec![
        endpoint(Method::POST, "/auth/register", Registration, auth::register),
        endpoint(Method::POST, "/auth/login", Public, auth::login),
        endpoint(Method::POST, "/auth/refresh-token", Public, auth::refresh),
        endpoint(Method::POST, "/auth/logout", Public, auth::logout),
        endpoint(Method::GET, "/auth/me", SignedIn, me::read),
        endpoint(Method::PATCH, "/auth/me", SignedIn, me::patch),
        endpoint(Method::GET, "/users/{id}", Needs(UsersRead), users::read),
        endpoint(Method::PATCH, "/users/{id}", Needs(UsersUpdate), users::patch),
        endpoint(Method::POST, "/customers", Needs(CustomersCreate), customers::create),
        endpoint_with_query(Method::GET, "/customers", Needs(CustomersRead), customers::list),
        endpoint(Method::GET, "/customers/{id}", Needs(CustomersRead), customers::read),
        endpoint(Method::PUT, "/customers/{id}", Needs(CustomersUpdate), customers::replace),
        endpoint(Method::PATCH, "/customers/{id}", Needs(CustomersUpdate), customers::patch),
        endpoint(Method::DELETE, "/customers/{id}", Needs(CustomersDelete), customers::delete),
        endpoint_with_query(Method::GET, "/customers/statistics", Needs(CustomersStatistics), statistics::read),
        endpoint(Method::PATCH, "/customers/batch", Needs(CustomersBatchUpdate), batch::patch),
        endpoint(Method::POST, "/customers/groups", Needs(GroupsCreate), groups::create),
        endpoint_with_query(Method::GET, "/customers/groups", Needs(GroupsRead), groups::list),
        endpoint(Method::GET, "/customers/groups/{id}", Needs(GroupsRead), groups::read),
        endpoint(Method::PUT, "/customers/groups/{id}", Needs(GroupsUpdate), groups::replace),
        endpoint(Method::DELETE, "/customers/groups/{id}", Needs(GroupsDelete), groups::delete),
        endpoint_with_query(Method::GET, "/customers/groups/{id}/customers", Needs(GroupsRead), members::list),
        endpoint_with_query(Method::POST, "/customers/groups/{id}/customers", Needs(GroupsManageMembers), members::add),
        endpoint_with_query(
            Method::DELETE,
            "/customers/groups/{id}/customers",
            Needs(GroupsManageMembers),
            members::remove,
        ),
        endpoint_with_query(Method::GET, "/audit/events", Needs(AuditRead), audit::list),
        endpoint(Method::GET, "/audit/events/{id}", Needs(AuditRead), audit::read),
    ]
}

/// The endpoints at the root. They are not counted against the budget of requests.
pub(super) fn root() -> Vec<Endpoint> {
    use Access::{Needs, Public};
    use Permission::{SystemOperate, SystemRead};
    vec![
        endpoint(Method::GET, "/health", Public, health::health),
        endpoint(Method::GET, "/health/live", Public, health::live),
        endpoint(Method::GET, "/health/ready", Public, health::ready),
        endpoint(Method::GET, "/errors/{name}", Public, error_pages::explain),
        endpoint(Method::GET, "/metrics", Public, metrics::scrape),
        endpoint(Method::GET, "/openapi.json", Public, docs::openapi),
        endpoint(Method::GET, "/docs", Public, docs::page),
        endpoint(Method::GET, "/docs/{file}", Public, docs::file),
        endpoint(Method::GET, "/ops", Public, ops::console::page),
        endpoint(Method::GET, "/ops/console.css", Public, ops::console::style),
        endpoint(Method::GET, "/ops/console.js", Public, ops::console::script),
        endpoint(Method::GET, "/ops/icon.svg", Public, ops::console::icon),
        endpoint(Method::GET, "/ops/actors", Needs(SystemRead), ops::actors::list),
        endpoint(Method::POST, "/ops/actors/{name}/restart", Needs(SystemOperate), ops::actors::restart),
        endpoint(Method::GET, "/ops/events", Needs(SystemRead), ops::events::follow),
        endpoint(Method::GET, "/ops/log-level", Needs(SystemOperate), ops::log_level::read),
        endpoint(Method::PUT, "/ops/log-level", Needs(SystemOperate), ops::log_level::replace),
    ]
}

/// Paths that would read as ids of customers and are none (§6).
pub(super) const RESERVED: &[&str] = &["/customers/import", "/customers/export"];
