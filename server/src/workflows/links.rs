//! What addresses begin with that are given out.

use crate::config::Config;

/// What addresses in mails and of calendars begin with, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links(String);

impl Links {
    /// By the settings.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let of_mail = config.mail.as_ref().map(|mail| mail.public_url.clone());
        Self(of_mail.unwrap_or_else(|| config.server.public_url.clone()))
    }

    /// What they begin with.
    pub(super) fn url(&self) -> &str {
        &self.0
    }
}
