//! HTTP: turns requests into questions to actors, and their replies into answers.
//!
//! The way of a request: [`envelope`] (request id, limits, security headers, access log) → the table of
//! [`endpoints`], mounted by [`routes`] → [`gate`] (who is it, may they, is their budget spent) → the handler's
//! extractors ([`body`], [`query`], [`page`], [`id`], [`conditional`]) → the handler, which asks an actor → a responder.
//! Whatever fails on this way is answered by [`error`], the only place that knows statuses.

pub mod address;
pub mod api;
pub mod audit;
pub mod auth;
pub mod batch;
pub mod body;
pub mod caller;
pub mod compression;
pub mod conditional;
mod connection;
pub mod cors;
pub mod cursor;
pub mod customers;
pub mod docs;
pub mod drain;
pub mod endpoint;
pub mod endpoints;
pub mod envelope;
pub mod error;
pub mod error_pages;
pub mod figures;
pub mod gate;
pub mod groups;
pub mod health;
pub mod id;
mod isolation;
pub mod me;
pub mod members;
mod methods;
pub mod metrics;
pub mod ops;
pub mod page;
mod page_file;
pub mod problem;
pub mod query;
pub mod rate;
pub mod representation;
pub mod request_id;
pub mod routes;
pub mod schema;
pub mod security;
pub mod server;
mod span;
pub mod statistics;
#[cfg(test)]
mod testing;
pub mod users;

pub use api::{Api, ApiSettings};
pub use body::{JsonBody, OptionalJsonBody};
pub use caller::Caller;
pub use conditional::{IfMatch, Versioned};
pub use endpoint::{Access, Endpoint, endpoint, endpoint_with_query};
pub use error::ApiError;
pub use id::PathId;
pub use page::{Listing, PageParameters};
pub use query::Parameters;
pub use representation::Represent;
pub use routes::EndpointInfo;
