//! How people are reached: e-mail addresses, phone numbers, countries.

use std::fmt;
use std::str::FromStr;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicase::UniCase;

use super::error::ErrorCode;
use super::form::Field;

/// An e-mail address, without space around it, otherwise as it was given.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// The text is not an e-mail address (RFC 5321, with a domain of at least two parts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// Takes an e-mail address out of a body.
    pub fn read(field: Field<'_>, value: Value) -> Option<Self> {
        match value.as_str() {
            Some("") => field.fault(ErrorCode::InvalidInput, "is empty"),
            _ => field.formed(value, "is not an e-mail address", |text| text.parse().ok()),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as it is compared: without regard to case.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }

    /// The address in lower case, as accounts have it (§3).
    pub fn into_lower_case(self) -> Self {
        Self(self.folded())
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        // 254 characters are what a path of RFC 5321 leaves for an address.
        if text.len() > 254 || EmailAddress::parse_with_options(text, options).is_err() {
            return Err(InvalidEmail);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.0)
    }
}

/// A text as it is compared where case does not count, by Unicode's full case folding: `ß` is as good as `SS`.
pub fn fold(text: &str) -> String {
    UniCase::new(text).to_folded_case()
}

/// Takes a phone number of E.164 out of a body: `+` and 2 to 15 digits, the first not 0.
pub fn phone(field: Field<'_>, value: Value) -> Option<String> {
    field.formed(value, "is not a phone number of the form +491701234567", |text| {
        let digits = text.strip_prefix('+')?;
        let well_formed = (2..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        well_formed.then(|| text.to_owned())
    })
}

/// Takes a country out of a body: its two upper-case letters of ISO 3166-1.
pub fn country(field: Field<'_>, value: Value) -> Option<String> {
    field.formed(value, "is not a country of ISO 3166-1, two upper-case letters", |text| {
        let known = text.len() == 2
            && text.bytes().all(|byte| byte.is_ascii_uppercase())
            && isocountry::CountryCode::for_alpha2(text).is_ok();
        known.then(|| text.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_compared_without_case() {
        let email: Email = " Ada@Example.COM ".parse().unwrap();
        assert_eq!((email.as_str(), email.folded().as_str()), ("Ada@Example.COM", "ada@example.com"));
        assert_eq!(fold("Straße"), fold("STRASSE"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "ada@example",
            "Ada <ada@example.com>",
            "ada@[127.0.0.1]",
            "a@b@example.com",
            "ada@example..com",
        ] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text}");
        }
        assert_eq!(format!("{}@example.com", "a".repeat(300)).parse::<Email>(), Err(InvalidEmail));
    }
}
