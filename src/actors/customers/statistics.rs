//! Statistics: counts by the store's indexes, taken side by side.

use std::collections::HashMap;

use futures_util::try_join;

use crate::actors::error::OperationError;
use crate::model::customer::{CUSTOMERS, CustomerStatus};
use crate::model::document::Document;
use crate::model::group::{GROUPS, Group};
use crate::model::id::{GroupId, ObjectId};
use crate::model::statistics::{GroupShare, MAX_SHARES, Statistics, StatisticsQuery};
use crate::store::{Filter, StoreError, Value};

use super::actor::Customers;
use super::messages::GetStatistics;

impl Customers {
    pub(super) async fn statistics(&self, message: GetStatistics) -> Result<Statistics, OperationError> {
        let GetStatistics { query } = message;
        let store = self.records.store();
        store.has_room()?;
        let counted = |first: Filter| {
            let group = query.group.map(|id| Filter::Eq("groupIds", id.object_id().into()));
            std::iter::once(first).chain(group).collect::<Vec<_>>()
        };
        let created = |from, to| Filter::Range("createdAt", Some(Value::from(from)), Some(Value::from(to)));
        let previous = [counted(Filter::Live), vec![created(query.previous_from(), query.from)]].concat();
        let ungrouped = [counted(Filter::Live), vec![Filter::Eq("ungrouped", Value::Number(1))]].concat();
        let (by_status, deleted, counts, previous_period, by_country, by_group, ungrouped) = try_join!(
            store.group_by(&CUSTOMERS, counted(Filter::Live), "status", CustomerStatus::CHOICES.len()),
            self.count_deleted(&query),
            store.histogram(&CUSTOMERS, counted(Filter::Live), "createdAt", query.edges()),
            store.count(&CUSTOMERS, previous),
            store.group_by(&CUSTOMERS, counted(Filter::Live), "country", MAX_SHARES),
            // Groups that were just deleted may still have members: the names tell which they are.
            store.group_by(&CUSTOMERS, counted(Filter::Live), "groupIds", MAX_SHARES * 2),
            store.count(&CUSTOMERS, ungrouped),
        )?;
        let by_status = statuses(&by_status);
        Ok(Statistics {
            total: by_status.iter().map(|(_, count)| count).sum(),
            by_status,
            deleted,
            new_in_period: counts.iter().sum(),
            previous_period,
            by_country: by_country.into_iter().filter_map(|(value, count)| Some((text(value)?, count))).collect(),
            by_group: self.shares(by_group).await?,
            ungrouped,
            series: query.starts.iter().copied().zip(counts).collect(),
            generated_at: self.records.now(),
        })
    }

    /// Deleted customers belong to no group any more.
    async fn count_deleted(&self, query: &StatisticsQuery) -> Result<u64, StoreError> {
        match query.group {
            Some(_) => Ok(0),
            None => self.records.store().count(&CUSTOMERS, vec![Filter::Deleted]).await,
        }
    }

    /// Puts names to the groups, and leaves out those that were deleted.
    async fn shares(&self, counts: Vec<(Value, u64)>) -> Result<Vec<GroupShare>, OperationError> {
        let counts: Vec<(ObjectId, u64)> =
            counts.into_iter().filter_map(|(value, count)| Some((text(value)?.parse().ok()?, count))).collect();
        let ids = counts.iter().map(|(id, _)| *id).collect();
        let mut names = HashMap::new();
        for group in self.records.store().get_many(&GROUPS, ids).await?.iter().map(Document::parse::<Group>) {
            let group = group?;
            if group.deleted_at.is_none() {
                names.insert(group.id, group.draft.name.clone());
            }
        }
        let share = |(id, count)| {
            let id = GroupId::from(id);
            Some(GroupShare { id, name: names.remove(&id)?, count })
        };
        Ok(counts.into_iter().filter_map(share).take(MAX_SHARES).collect())
    }
}

/// Each status with its count, 0 where the store has none.
fn statuses(counts: &[(Value, u64)]) -> Vec<(CustomerStatus, u64)> {
    let count_of = |name: &str| {
        let found = counts.iter().find(|(value, _)| matches!(value, Value::Text(text) if text == name));
        found.map_or(0, |(_, count)| *count)
    };
    CustomerStatus::CHOICES.iter().map(|(name, status)| (*status, count_of(name))).collect()
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        Value::Number(_) => None,
    }
}
