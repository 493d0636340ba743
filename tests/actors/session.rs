//! The work of a whole client session, asked of the actors.

use clientele::actors::auth::{
    Authenticate, GetUser, Identity, Login, Logout, LogoutScope, Proof, RefreshSession, Register, UpdateUser,
};
use clientele::actors::customers::{
    BatchUpdateCustomers, CreateCustomer, DeleteCustomer, GetCustomer, GetStatistics, ListCustomers, PatchCustomer,
    ReplaceCustomer,
};
use clientele::actors::groups::{
    ChangeMembers, CreateGroup, DeleteGroup, GetGroup, ListGroups, ListMembers, MemberChange, ReplaceGroup,
};
use clientele::actors::listing::PageRequest;
use clientele::actors::{Mailboxes, OperationError};
use clientele::model::audit::{Action, Origin};
use clientele::model::batch::Batch;
use clientele::model::customer::{CustomerDraft, CustomerStatus};
use clientele::model::group::GroupDraft;
use clientele::model::permission::Permission;
use clientele::model::statistics::{PeriodRequest, StatisticsQuery};
use clientele::model::user::{Credentials, Registration, UserPatch};
use clientele::testkit::{DAWN, run, soon};
use serde_json::json;

fn draft(name: &str, email: &str) -> CustomerDraft {
    CustomerDraft::read(json!({"name": name, "email": email, "address": {"country": "GB"}})).unwrap()
}

#[test]
fn a_whole_session_can_be_driven_without_http() {
    run(async |clientele| {
        let actors = clientele.actors();
        let admin = clientele.administrator().await;
        accounts(actors, &admin).await;
        customers(actors, &admin).await;
        groups(actors, &admin).await;
        let told: Vec<Action> = clientele.trail(18).await.iter().map(|event| event.action).collect();
        let expected = [
            Action::UserCreated,
            Action::AuthRegistered,
            Action::AuthLoggedIn,
            Action::UserUpdated,
            Action::AuthRefreshed,
            Action::AuthLoggedOut,
            Action::CustomerCreated,
            Action::CustomerCreated,
            Action::CustomerUpdated,
            Action::CustomerUpdated,
            Action::CustomerUpdated,
            Action::CustomerUpdated,
            Action::CustomerDeleted,
            Action::GroupCreated,
            Action::GroupUpdated,
            Action::GroupMembersAdded,
            Action::GroupMembersRemoved,
            Action::GroupDeleted,
        ];
        assert_eq!(told, expected);
    });
}

async fn accounts(actors: &Mailboxes, admin: &Origin) {
    let registration = json!({"email": "Ada@Example.com", "password": "correct horse battery", "name": "Ada"});
    let registration = Registration::read(registration).unwrap();
    let ada = actors.auth.ask(soon(), Register { registration, origin: Origin::default() }).await.unwrap().unwrap();
    assert_eq!((ada.user.email.as_str(), ada.user.name.as_deref()), ("ada@example.com", Some("Ada")));

    let credentials =
        Credentials::read(json!({"email": "ada@example.com", "password": "correct horse battery"})).unwrap();
    let login = Login { credentials, origin: Origin::default() };
    let tokens = actors.auth.ask(soon(), login).await.unwrap().unwrap().tokens;
    let who = || Authenticate { access_token: tokens.access_token.as_str().into(), may_presume: true };
    let identity = actors.auth.ask(soon(), who()).await.unwrap().unwrap();
    let principal = identity.principal();
    assert!(principal.user_id == ada.user.id && !principal.grants.allow(Permission::CustomersRead));

    let patch = UserPatch { roles: Some(vec!["viewer".parse().unwrap()]), ..UserPatch::default() };
    let grants = clientele::model::role::Grants::of(&["admin".parse().unwrap()]);
    let update = UpdateUser { id: ada.user.id, patch, expected: Some(1), grants, origin: admin.clone() };
    assert_eq!(actors.auth.ask(soon(), update).await.unwrap().unwrap().version, 2);
    let identity = actors.auth.ask(soon(), who()).await.unwrap().unwrap();
    assert!(matches!(identity, Identity::Settled(_)), "nobody else changes anything: {identity:?}");
    let principal = identity.principal();
    assert!(principal.grants.allow(Permission::CustomersRead), "a change of roles holds from the next question on");

    let refresh = RefreshSession { refresh_token: tokens.refresh_token.clone(), origin: Origin::default() };
    let fresh = actors.auth.ask(soon(), refresh).await.unwrap().unwrap();
    let proof = Proof::RefreshToken(fresh.refresh_token);
    let logout = Logout { proof, scope: LogoutScope::Local, origin: Origin::default() };
    actors.auth.ask(soon(), logout).await.unwrap().unwrap();
    let refused = actors.auth.ask(soon(), who()).await.unwrap().unwrap_err();
    assert!(matches!(refused, OperationError::TokenInvalid), "{refused:?}");
    assert_eq!(actors.auth.ask(soon(), GetUser { id: ada.user.id }).await.unwrap().unwrap().version, 2);
}

async fn customers(actors: &Mailboxes, admin: &Origin) {
    let mailbox = &actors.customers;
    let origin = || admin.clone();
    let create = |name, email| mailbox.ask(soon(), CreateCustomer { draft: draft(name, email), origin: origin() });
    let one = create("One", "one@example.com").await.unwrap().unwrap();
    let two = create("Two", "two@example.com").await.unwrap().unwrap();
    let taken = create("Three", "ONE@example.com").await.unwrap().unwrap_err();
    assert!(matches!(taken, OperationError::Taken { .. }), "{taken:?}");

    let replace =
        ReplaceCustomer { id: one.id, draft: draft("Uno", "one@example.com"), expected: Some(1), origin: origin() };
    assert_eq!(mailbox.ask(soon(), replace.clone()).await.unwrap().unwrap().version, 2);
    let stale = mailbox.ask(soon(), replace).await.unwrap().unwrap_err();
    assert!(matches!(stale, OperationError::VersionMismatch), "{stale:?}");
    let patch = PatchCustomer { id: one.id, patch: json!({"status": "lead"}), expected: None, origin: origin() };
    let patched = mailbox.ask(soon(), patch.clone()).await.unwrap().unwrap();
    assert_eq!((patched.version, patched.draft.status), (3, CustomerStatus::Lead));
    let unchanged = mailbox.ask(soon(), patch).await.unwrap().unwrap();
    assert_eq!(unchanged.version, 3, "what changes nothing makes no version");

    let batch =
        Batch::read(json!({"ids": [one.id, two.id, "0123456789abcdef01234567"], "data": {"company": "ACME"}})).unwrap();
    let report = mailbox.ask(soon(), BatchUpdateCustomers { batch, origin: origin() }).await.unwrap().unwrap();
    let outcomes: Vec<_> = report.rows.iter().map(|row| row.outcome.is_ok()).collect();
    assert_eq!((outcomes, report.refused), (vec![true, true, false], false));

    let read = mailbox.ask(soon(), GetCustomer { id: two.id }).await.unwrap().unwrap();
    assert_eq!(read.draft.company.as_deref(), Some("ACME"));
    let query = StatisticsQuery::new(PeriodRequest::default(), None, DAWN).unwrap();
    let statistics = mailbox.ask(soon(), GetStatistics { query }).await.unwrap().unwrap();
    assert_eq!((statistics.total, statistics.new_in_period, statistics.ungrouped), (2, 2, 2));
    assert_eq!(statistics.by_country, [("GB".to_owned(), 2)]);

    mailbox.ask(soon(), DeleteCustomer { id: two.id, expected: None, origin: origin() }).await.unwrap().unwrap();
    let gone = mailbox.ask(soon(), GetCustomer { id: two.id }).await.unwrap().unwrap_err();
    assert!(matches!(gone, OperationError::Deleted(_)), "{gone:?}");
    let page = mailbox.ask(soon(), ListCustomers { page: PageRequest { total: true, ..PageRequest::default() } }).await;
    let page = page.unwrap().unwrap();
    assert_eq!((page.items.len(), page.total, page.next), (1, Some(1), None));
}

async fn groups(actors: &Mailboxes, admin: &Origin) {
    let mailbox = &actors.groups;
    let origin = || admin.clone();
    let group = |name: &str| GroupDraft::read(json!({"name": name})).unwrap();
    let made = mailbox.ask(soon(), CreateGroup { draft: group("Friends"), origin: origin() }).await.unwrap().unwrap();
    let id = made.group.id;
    let replace = ReplaceGroup { id, draft: group("Best friends"), expected: None, origin: origin() };
    assert_eq!(mailbox.ask(soon(), replace).await.unwrap().unwrap().group.version, 2);

    let page = actors.customers.ask(soon(), ListCustomers { page: PageRequest::default() }).await.unwrap().unwrap();
    let member = page.items[0].id;
    let change = |change| ChangeMembers { id, change, customers: vec![member], strict: true, origin: origin() };
    let added = mailbox.ask(soon(), change(MemberChange::Add)).await.unwrap().unwrap();
    assert_eq!((added.changed, added.member_count), (1, 1));
    let members = mailbox.ask(soon(), ListMembers { id, page: PageRequest::default() }).await.unwrap().unwrap();
    assert_eq!(members.items[0].group_ids, [id]);
    let again = mailbox.ask(soon(), change(MemberChange::Add)).await.unwrap().unwrap();
    assert_eq!((again.changed, again.unchanged), (0, 1));
    let removed = mailbox.ask(soon(), change(MemberChange::Remove)).await.unwrap().unwrap();
    assert_eq!((removed.changed, removed.member_count), (1, 0));

    let counted = mailbox.ask(soon(), GetGroup { id }).await.unwrap().unwrap();
    assert_eq!((counted.group.version, counted.member_count), (4, 0));
    mailbox.ask(soon(), DeleteGroup { id, expected: None, origin: origin() }).await.unwrap().unwrap();
    let list = mailbox.ask(soon(), ListGroups { page: PageRequest::default() }).await.unwrap().unwrap();
    assert!(list.items.is_empty());
}
