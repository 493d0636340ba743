//! Many who change the same thing at once.

use clientele::actors::customers::{CreateCustomer, DeleteCustomer, GetCustomer, PatchCustomer};
use clientele::actors::groups::{ChangeMembers, CreateGroup, GetGroup, MemberChange};
use clientele::model::customer::CustomerDraft;
use clientele::model::group::GroupDraft;
use clientele::testkit::{run, soon};
use futures_util::future::join_all;
use serde_json::json;

#[test]
fn all_changes_of_one_customer_are_made_however_many_come_at_once() {
    run(async |clientele| {
        let workers = [clientele.actors().clone(), clientele.another_worker()];
        let origin = clientele.administrator().await;
        let draft = CustomerDraft::read(json!({"name": "Ada", "email": "ada@example.com"})).unwrap();
        let create = CreateCustomer { draft, origin: origin.clone() };
        let id = workers[0].customers.ask(soon(), create).await.unwrap().unwrap().id;
        let changes = (0..48).map(|number| {
            let patch = json!({"metadata": {format!("key{number}"): "x"}});
            let message = PatchCustomer { id, patch, expected: None, origin: origin.clone() };
            workers[number % 2].customers.ask(soon(), message)
        });
        for answer in join_all(changes).await {
            answer.unwrap().expect("nobody asked for a version");
        }
        let customer = workers[1].customers.ask(soon(), GetCustomer { id }).await.unwrap().unwrap();
        assert_eq!((customer.version, customer.draft.metadata.len()), (49, 48));
    });
}

#[test]
fn a_group_changes_with_the_deletion_of_a_member() {
    run(async |clientele| {
        let actors = clientele.actors();
        let origin = clientele.administrator().await;
        let draft = GroupDraft::read(json!({"name": "Friends"})).unwrap();
        let group =
            actors.groups.ask(soon(), CreateGroup { draft, origin: origin.clone() }).await.unwrap().unwrap().group.id;
        let creating = (0..8).map(|number| {
            let draft = CustomerDraft::read(json!({"name": "C", "email": format!("c{number}@example.com")})).unwrap();
            actors.customers.ask(soon(), CreateCustomer { draft, origin: origin.clone() })
        });
        let customers: Vec<_> = join_all(creating).await.into_iter().map(|made| made.unwrap().unwrap().id).collect();
        let change = MemberChange::Add;
        let add =
            ChangeMembers { id: group, change, customers: customers.clone(), strict: true, origin: origin.clone() };
        actors.groups.ask(soon(), add).await.unwrap().unwrap();
        let deleting = customers
            .into_iter()
            .map(|id| actors.customers.ask(soon(), DeleteCustomer { id, expected: None, origin: origin.clone() }));
        for answer in join_all(deleting).await {
            answer.unwrap().unwrap();
        }
        let counted = actors.groups.ask(soon(), GetGroup { id: group }).await.unwrap().unwrap();
        assert_eq!((counted.member_count, counted.group.version), (0, 10));
    });
}
