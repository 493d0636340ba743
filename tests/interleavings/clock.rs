//! A moment that one sets and clears while others look.

use std::time::Duration;

use loom::model;
use loom::sync::Arc;
use loom::thread;
use tokio::time::Instant;

use super::clock::Moment;

#[test]
fn a_moment_is_seen_whole_or_not_at_all() {
    model(|| {
        let epoch = Instant::now();
        let (early, late) = (epoch + Duration::from_nanos(1), epoch + Duration::from_secs(1 << 30));
        let moment = Arc::new(Moment::unset(epoch));
        let setting = {
            let moment = moment.clone();
            thread::spawn(move || {
                moment.set(early);
                moment.set(late);
                moment.clear();
            })
        };
        let seen = moment.get();
        assert!([None, Some(early), Some(late)].contains(&seen), "{seen:?}");
        setting.join().unwrap();
        assert_eq!(moment.get(), None);
    });
}
