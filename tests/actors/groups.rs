//! Groups larger than what one commit unlinks.

use clientele::actors::customers::{CreateCustomer, GetCustomer};
use clientele::actors::groups::{ChangeMembers, CreateGroup, DeleteGroup, MemberChange};
use clientele::model::customer::{CUSTOMERS, CustomerDraft};
use clientele::model::group::GroupDraft;
use clientele::store::Filter;
use clientele::testkit::{SOON, run, soon};
use serde_json::json;

#[test]
fn deleting_a_large_group_unlinks_all_its_customers() {
    run(async |clientele| {
        let actors = clientele.actors();
        let origin = clientele.administrator().await;
        let draft = GroupDraft::read(json!({"name": "Everybody"})).unwrap();
        let group =
            actors.groups.ask(soon(), CreateGroup { draft, origin: origin.clone() }).await.unwrap().unwrap().group;
        let create = |number: usize| {
            let draft = CustomerDraft::read(json!({"name": "C", "email": format!("c{number}@example.com")})).unwrap();
            actors.customers.ask(soon(), CreateCustomer { draft, origin: origin.clone() })
        };
        let mut ids = Vec::new();
        for start in (0..1_500).step_by(500) {
            let made = futures_util::future::join_all((start..start + 500).map(create)).await;
            ids.extend(made.into_iter().map(|made| made.unwrap().unwrap().id));
        }
        for customers in ids.chunks(1_000) {
            let customers = customers.to_vec();
            let change = ChangeMembers {
                id: group.id,
                change: MemberChange::Add,
                customers,
                strict: true,
                origin: origin.clone(),
            };
            actors.groups.ask(soon(), change).await.unwrap().unwrap();
        }
        actors.groups.ask(soon(), DeleteGroup { id: group.id, expected: None, origin }).await.unwrap().unwrap();
        let linked = || {
            clientele.store().count(&CUSTOMERS, vec![Filter::Live, Filter::Eq("groupIds", group.id.object_id().into())])
        };
        let until = tokio::time::Instant::now() + SOON;
        while linked().await.unwrap() > 0 {
            assert!(tokio::time::Instant::now() < until, "customers of the deleted group stay linked");
            tokio::task::yield_now().await;
        }
        let customer = actors.customers.ask(soon(), GetCustomer { id: ids[0] }).await.unwrap().unwrap();
        assert!(customer.group_ids.is_empty() && customer.version == 3, "{customer:?}");
    });
}
