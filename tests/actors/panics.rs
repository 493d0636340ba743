//! A panic in an actor costs the message that met it, and nothing else.

use actix::{Actor, Context};
use clientele::actors::Mailboxes;
use clientele::actors::audit::ListEvents;
use clientele::actors::auth::HasAdmin;
use clientele::actors::customers::ListCustomers;
use clientele::actors::groups::ListGroups;
use clientele::actors::listing::PageRequest;
use clientele::actors::rate_limiter::{Policy, TakeRequest};
use clientele::actors::supervision::{AskError, Fault, Mailbox};
use clientele::limiter::Subject;
use clientele::testkit::{SOON, run, soon};

/// Lets an actor panic between two questions; both are answered, by two incarnations.
async fn survives<A, F>(name: &str, mailbox: &Mailbox<A>, question: impl Fn() -> F)
where
    A: Actor<Context = Context<A>>,
    F: Future<Output = Result<(), AskError>>,
{
    assert_eq!(question().await, Ok(()), "{name} answers");
    let before = mailbox.status();
    mailbox.inject(Fault::Panic);
    let until = tokio::time::Instant::now() + SOON;
    while mailbox.status().incarnation == before.incarnation {
        assert!(tokio::time::Instant::now() < until, "{name} is not replaced");
        assert_eq!(question().await, Ok(()), "{name} answers, whatever it is going through");
    }
    assert_eq!(question().await, Ok(()), "{name} answers after a panic");
    let after = mailbox.status();
    assert_eq!((after.panics, after.incarnation), (before.panics + 1, before.incarnation + 1), "{name}");
    let failure = after.last_failure.expect("the failure is kept");
    assert!(failure.reason.contains("injected"), "{name}: {failure:?}");
}

#[test]
fn each_actor_goes_on_after_a_panic() {
    run(async |clientele| {
        let Mailboxes { auth, customers, groups, audit, rate_limiter } = clientele.actors();
        let page = PageRequest::default;
        survives("auth", auth, async || auth.ask(soon(), HasAdmin).await.map(|_| ())).await;
        survives("customers", customers, async || {
            customers.ask(soon(), ListCustomers { page: page() }).await.map(|_| ())
        })
        .await;
        survives("groups", groups, async || groups.ask(soon(), ListGroups { page: page() }).await.map(|_| ())).await;
        survives("audit", audit, async || audit.ask(soon(), ListEvents { page: page() }).await.map(|_| ())).await;
        let take = TakeRequest { subject: Subject::Address([192, 0, 2, 1].into()), policy: Policy::Default };
        survives("rate-limiter", rate_limiter, async || rate_limiter.ask(soon(), take).await.map(|_| ())).await;
    });
}
