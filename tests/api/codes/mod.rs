//! Every error code of the contract (§2), produced for real over HTTP.

mod refusals;
mod store;
mod waits;

use clientele::model::error::ErrorCode;
use futures_util::future::LocalBoxFuture;

use crate::harness::client::Answer;
use crate::harness::{Client, TestServer};
use crate::problem::assert_problem;

/// How a code is produced.
enum Way {
    /// By a request that a healthy server refuses.
    Asked(for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, Answer>),
    /// By a request to a server of its own, to which something was done.
    Broken(fn() -> LocalBoxFuture<'static, Answer>),
    /// This build cannot produce it, for this reason.
    Never(&'static str),
}

/// A healthy server.
struct Stage {
    server: TestServer,
    admin: Client,
}

/// Every code, the status it comes with here, and the way to it.
fn table() -> Vec<(ErrorCode, u16, Way)> {
    use ErrorCode as E;
    use Way::{Asked, Broken, Never};
    vec![
        (E::Unauthorized, 401, Asked(|stage| Box::pin(refusals::no_token(stage)))),
        (E::InvalidCredentials, 401, Asked(|stage| Box::pin(refusals::wrong_password(stage)))),
        (E::TokenExpired, 401, Broken(|| Box::pin(refusals::expired_token()))),
        (E::TokenInvalid, 401, Asked(|stage| Box::pin(refusals::forged_token(stage)))),
        (E::InsufficientPermissions, 403, Asked(|stage| Box::pin(refusals::no_permission(stage)))),
        (E::AccountLocked, 423, Asked(|stage| Box::pin(refusals::locked_account(stage)))),
        (E::ValidationError, 400, Asked(|stage| Box::pin(refusals::faults_of_two_kinds(stage)))),
        (E::InvalidInput, 400, Asked(|stage| Box::pin(refusals::unknown_field(stage)))),
        (E::MissingRequiredField, 400, Asked(|stage| Box::pin(refusals::missing_fields(stage)))),
        (E::InvalidFormat, 400, Asked(|stage| Box::pin(refusals::no_email_address(stage)))),
        (E::ResourceNotFound, 404, Asked(|stage| Box::pin(refusals::unknown_customer(stage)))),
        (E::ResourceAlreadyExists, 409, Asked(|stage| Box::pin(refusals::taken_email(stage)))),
        (E::ResourceConflict, 409, Asked(|stage| Box::pin(refusals::last_administrator(stage)))),
        (E::ResourceDeleted, 410, Asked(|stage| Box::pin(refusals::deleted_customer(stage)))),
        (E::DatabaseError, 500, Broken(|| Box::pin(store::damaged_document()))),
        (E::TransactionFailed, 500, Broken(|| Box::pin(store::refused_insert()))),
        (E::QueryFailed, 500, Broken(|| Box::pin(store::dropped_collection()))),
        (E::ConnectionError, 503, Broken(|| Box::pin(store::locked_file()))),
        (E::ServiceUnavailable, 503, Broken(|| Box::pin(waits::stopped_actor()))),
        (
            E::ExternalApiError,
            502,
            Never("the embedded build asks no other service; deliveries and remote stores will"),
        ),
        (E::Timeout, 504, Broken(|| Box::pin(waits::suspended_actor()))),
        (E::RateLimitExceeded, 429, Broken(|| Box::pin(waits::spent_budget()))),
    ]
}

#[test]
fn the_table_names_every_code_and_why_one_cannot_be_produced() {
    let named: Vec<_> = table().iter().map(|(code, ..)| *code).collect();
    assert_eq!(named, ErrorCode::ALL);
    let never = table().into_iter().filter_map(|(code, _, way)| match way {
        Way::Never(reason) => Some((code, reason)),
        _ => None,
    });
    let never: Vec<_> = never.collect();
    assert!(matches!(never[..], [(ErrorCode::ExternalApiError, reason)] if !reason.is_empty()), "{never:?}");
}

#[tokio::test]
async fn every_code_that_a_healthy_server_has_is_produced() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let stage = Stage { server, admin };
    for (code, status, way) in table() {
        if let Way::Asked(ask) = way {
            assert_problem(&ask(&stage).await, status, code.number().into());
        }
    }
}

#[test]
fn every_code_of_something_broken_is_produced() {
    // Side by side, each in a runtime of its own: some have to wait for a limit of the server's, others for a server to start.
    std::thread::scope(|scope| {
        for (code, status, way) in table() {
            if let Way::Broken(ask) = way {
                scope
                    .spawn(move || assert_problem(&actix::System::new().block_on(ask()), status, code.number().into()));
            }
        }
    });
}
