//! Sign-in, lockout and refresh, by a clock that the test turns.

use std::net::IpAddr;
use std::time::Duration;

use clientele::actors::auth::{Login, RefreshSession, Register, SignedIn, Tokens};
use clientele::actors::{Mailboxes, OperationError};
use clientele::model::audit::Origin;
use clientele::model::user::{Credentials, Registration};
use clientele::testkit::{run, run_with, soon};
use serde_json::json;

const RIGHT: &str = "correct horse battery";

async fn register(actors: &Mailboxes, email: &str) -> SignedIn {
    let registration = Registration::read(json!({"email": email, "password": RIGHT})).unwrap();
    actors.auth.ask(soon(), Register { registration, origin: Origin::default() }).await.unwrap().unwrap()
}

async fn login(actors: &Mailboxes, email: &str, password: &str, from: &str) -> u16 {
    let credentials = Credentials::read(json!({"email": email, "password": password})).unwrap();
    let address: IpAddr = from.parse().unwrap();
    let origin = Origin { address: Some(address), ..Origin::default() };
    match actors.auth.ask(soon(), Login { credentials, origin }).await.unwrap() {
        Ok(_) => 0,
        Err(error) => error.code().number(),
    }
}

async fn refresh(actors: &Mailboxes, refresh_token: &str) -> Result<Tokens, OperationError> {
    let message = RefreshSession { refresh_token: refresh_token.to_owned(), origin: Origin::default() };
    actors.auth.ask(soon(), message).await.unwrap()
}

#[test]
fn five_failures_lock_an_account_whether_or_not_it_exists() {
    run(async |clientele| {
        let (actors, clock) = (clientele.actors(), clientele.clock());
        register(actors, "ada@example.com").await;
        for email in ["ada@example.com", "nobody@example.com"] {
            for attempt in 1..=5 {
                assert_eq!(login(actors, email, "wrong", "192.0.2.1").await, 1002, "attempt {attempt} at {email}");
            }
            assert_eq!(login(actors, email, RIGHT, "192.0.2.1").await, 1006);
        }
        clock.advance(Duration::from_secs(59));
        assert_eq!(login(actors, "ada@example.com", RIGHT, "192.0.2.1").await, 1006);
        clock.advance(Duration::from_secs(1));
        assert_eq!(login(actors, "ada@example.com", "wrong", "192.0.2.1").await, 1002);
        clock.advance(Duration::from_secs(119));
        assert_eq!(
            login(actors, "ada@example.com", RIGHT, "192.0.2.1").await,
            1006,
            "the second lock lasts two minutes"
        );
        clock.advance(Duration::from_secs(1));
        assert_eq!(login(actors, "ada@example.com", RIGHT, "192.0.2.1").await, 0);
        assert_eq!(
            login(actors, "ada@example.com", "wrong", "192.0.2.1").await,
            1002,
            "a success forgets the failures"
        );
    });
}

#[test]
fn a_burst_of_failures_locks_once() {
    run(async |clientele| {
        let (actors, clock) = (clientele.actors(), clientele.clock());
        register(actors, "ada@example.com").await;
        let attempts = (0..7).map(|_| login(actors, "ada@example.com", "wrong", "192.0.2.1"));
        let told = futures_util::future::join_all(attempts).await;
        assert_eq!(told.iter().filter(|code| **code == 1002).count(), 5, "{told:?}");
        assert_eq!(told.iter().filter(|code| **code == 1006).count(), 2, "{told:?}");
        assert_eq!(login(actors, "ada@example.com", RIGHT, "192.0.2.1").await, 1006);
        clock.advance(Duration::from_secs(60));
        assert_eq!(login(actors, "ada@example.com", RIGHT, "192.0.2.1").await, 0, "it was one lock, of a minute");
    });
}

/// Which of them comes first is open. But a lock that anybody was told of is not forgotten by a right password that was
/// under way meanwhile.
#[test]
fn a_lock_stands_although_a_right_password_came_at_the_same_time() {
    run(async |clientele| {
        let actors = clientele.actors();
        for round in 0..8 {
            let email = format!("ada{round}@example.com");
            register(actors, &email).await;
            let passwords = ["wrong"; 7].into_iter().chain([RIGHT]);
            let attempts = passwords.map(|password| login(actors, &email, password, "192.0.2.1"));
            let told = futures_util::future::join_all(attempts).await;
            let right = *told.last().expect("eight were told");
            assert!([0, 1006].contains(&right), "{told:?}");
            if told.contains(&1006) {
                assert_eq!(login(actors, &email, RIGHT, "192.0.2.1").await, 1006, "after {told:?}");
            }
        }
    });
}

#[test]
fn an_address_that_tries_many_accounts_has_to_wait() {
    run_with(&[("LOGIN_ADDRESS_MAX_FAILURES", "3")], async |clientele| {
        let (actors, clock) = (clientele.actors(), clientele.clock());
        register(actors, "ada@example.com").await;
        for stranger in ["a@example.com", "b@example.com", "c@example.com"] {
            assert_eq!(login(actors, stranger, "wrong", "192.0.2.1").await, 1002);
        }
        assert_eq!(login(actors, "ada@example.com", RIGHT, "192.0.2.1").await, 5004);
        assert_eq!(login(actors, "ada@example.com", RIGHT, "192.0.2.2").await, 0, "another address is another matter");
        clock.advance(Duration::from_secs(15 * 60));
        assert_eq!(login(actors, "ada@example.com", RIGHT, "192.0.2.1").await, 0);
    });
}

#[test]
fn sixty_four_refreshes_with_one_token_leave_one_live_token() {
    run(async |clientele| {
        let actors = clientele.actors();
        let first = register(actors, "ada@example.com").await.tokens;
        let racing = (0..64).map(|_| refresh(actors, &first.refresh_token));
        let answers = futures_util::future::join_all(racing).await;
        let tokens: std::collections::HashSet<_> =
            answers.into_iter().map(|answer| answer.expect("each is let in").refresh_token).collect();
        assert_eq!(tokens.len(), 1, "all got the same one");
        assert!(!tokens.contains(&first.refresh_token));
        for token in &tokens {
            refresh(actors, token).await.expect("that one is live");
        }
    });
}

#[test]
fn a_retired_refresh_token_ends_the_session() {
    run(async |clientele| {
        let (actors, clock) = (clientele.actors(), clientele.clock());
        let first = register(actors, "ada@example.com").await.tokens;
        let second = refresh(actors, &first.refresh_token).await.unwrap();
        let repeated = refresh(actors, &first.refresh_token).await.unwrap();
        assert_eq!(
            repeated.refresh_token, second.refresh_token,
            "within the grace the current one again, byte for byte"
        );
        clock.advance(Duration::from_millis(10_001));
        let reused = refresh(actors, &first.refresh_token).await.unwrap_err();
        assert!(matches!(reused, OperationError::TokenInvalid), "{reused:?}");
        let ended = refresh(actors, &second.refresh_token).await.unwrap_err();
        assert!(matches!(ended, OperationError::TokenInvalid), "{ended:?}");
    });
}
