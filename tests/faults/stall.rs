//! An actor that keeps its thread: it is told of within an interval, and readiness names it.

use std::time::Duration;

use clientele::actors::supervision::{Events, Happening};
use serde_json::json;

use crate::harness::{SOON, TestServer};

#[actix_web::test]
async fn a_stuck_actor_is_told_of_and_named_by_readiness_until_it_goes_on() {
    let server = TestServer::with(&[("HEALTH_CHECK_INTERVAL", "100"), ("HEALTH_CHECK_TIMEOUT", "1500")]);
    let mut events = server.backend().supervisor().events();
    let audit = server.backend().workers()[0].audit.clone();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let stuck = actix_web::rt::spawn(async move { audit.inspect(move |_, _| released.recv().is_err()).await });
    let Happening::Stalled { silent } = of_audit(&mut events).await else { panic!("it is not stalled") };
    assert!(silent >= Duration::from_millis(1_500), "{silent:?}");
    let client = server.client();
    let answer = client.get("//health/ready").await;
    assert_eq!(answer.failure(), (503, 5001), "{answer:?}");
    assert_eq!(answer.body["unready"], json!(["audit/0"]), "{answer:?}");
    client.get("//health/live").await.expect(200);
    drop(release);
    assert_eq!(stuck.await.expect("no panic"), Some(true));
    let happening = of_audit(&mut events).await;
    assert!(matches!(happening, Happening::Recovered), "{happening:?}");
    client.get("//health/ready").await.expect(200);
}

/// What happens to the AuditActor next.
async fn of_audit(events: &mut Events) -> Happening {
    loop {
        let event = tokio::time::timeout(SOON, events.next()).await;
        let event = event.expect("something happens").expect("nothing is missed");
        if &*event.actor == "audit/0" {
            return event.happening.clone();
        }
    }
}
