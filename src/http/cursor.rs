//! Cursors: places in lists that clients carry about without reading or altering them (§1).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::actors::listing::Position;

/// How many bytes of the MAC a cursor carries.
const TAG_LENGTH: usize = 16;

/// A longer text is no cursor of ours: bounds the work that a forged one makes. In characters.
const LONGEST: usize = 4_096;

/// Signs cursors, so that only what this server told is taken back, and only for the list it was told for.
#[derive(Clone)]
pub struct CursorKey(hmac::Key);

impl CursorKey {
    /// The key that follows from a secret that all nodes share. Nothing about the secret can be learnt from cursors.
    pub fn derived_from(secret: &[u8]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"clientele: cursors of lists");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The cursor of a place in the list that `scope` tells apart from all others.
    pub(super) fn seal(&self, scope: &str, position: &Position) -> String {
        let mut sealed = serde_json::to_vec(position).expect("a position is a value and an id");
        let tag = self.tag(scope, &sealed);
        sealed.extend_from_slice(&tag.as_ref()[..TAG_LENGTH]);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The place that a cursor names; `None`: it is forged, or belongs to another list, sort or filter.
    pub(super) fn open(&self, scope: &str, cursor: &str) -> Option<Position> {
        if cursor.len() > LONGEST {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (position, given) = sealed.split_at(sealed.len().checked_sub(TAG_LENGTH)?);
        let tag = self.tag(scope, position);
        aws_lc_rs::constant_time::verify_slices_are_equal(&tag.as_ref()[..TAG_LENGTH], given).ok()?;
        serde_json::from_slice(position).ok()
    }

    fn tag(&self, scope: &str, position: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        // The length keeps a scope's end and a position's beginning apart.
        context.update(&(scope.len() as u64).to_be_bytes());
        context.update(scope.as_bytes());
        context.update(position);
        context.sign()
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ObjectId;

    fn key() -> CursorKey {
        CursorKey::derived_from(b"a secret of at least thirty-two bytes")
    }

    fn position() -> Position {
        Position { value: 1_774_260_000_000.into(), id: ObjectId::from_bytes([7; 12]) }
    }

    #[test]
    fn a_cursor_opens_for_the_list_it_was_sealed_for_alone() {
        let cursor = key().seal("/customers?", &position());
        assert_eq!(key().open("/customers?", &cursor), Some(position()));
        assert_eq!(key().open("/customers/groups?", &cursor), None);
        assert_eq!(CursorKey::derived_from(b"another secret").open("/customers?", &cursor), None);
    }

    #[test]
    fn no_altered_cursor_opens() {
        let cursor = key().seal("/customers?", &position());
        for index in 0..cursor.len() {
            let mut altered = cursor.clone().into_bytes();
            altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(key().open("/customers?", &altered), None, "{altered}");
        }
        for forged in ["", "AAAA", "not base64!", &cursor[1..], &"A".repeat(10_000)] {
            assert_eq!(key().open("/customers?", forged), None, "{forged}");
        }
    }
}
