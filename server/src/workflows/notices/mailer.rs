//! Hands mails over by SMTP, and knows after a failure whether one may have been taken.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use thiserror::Error;

use super::model::Letter;
use crate::base::Timestamp;
use crate::config::{Mail, MailTls};

/// How mails cannot be sent at all.
#[derive(Debug, Error)]
pub enum MailerError {
    /// TLS cannot be had.
    #[error("mail.tls: what is trusted cannot be read")]
    Tls(#[source] SmtpError),
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The host has taken it.
    Taken,
    /// It has not, and may another time: why.
    Later(String),
    /// It never will: why.
    Never(String),
    /// Nobody knows whether it has: why.
    Unsure(String),
}

/// Hands mails over.
#[derive(Clone)]
pub struct Mailer {
    settings: Arc<Mail>,
    tls: Option<TlsParameters>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// In a word or a number, without what the other side has written: it may hold addresses.
fn why(error: &SmtpError) -> String {
    match error.status() {
        Some(code) => code.to_string(),
        None if error.is_tls() => "tls".to_owned(),
        None if error.is_timeout() => "timeout".to_owned(),
        None if error.is_client() => "refused".to_owned(),
        None => "connection".to_owned(),
    }
}

/// Before its text was handed over nothing of a mail has been taken.
fn before(error: &SmtpError) -> Sent {
    let why = why(error);
    tracing::warn!(error = %error, cause = ?error, "a mail was not handed over");
    if error.is_permanent() {
        Sent::Never(why)
    } else {
        Sent::Later(why)
    }
}

impl Mailer {
    /// By these settings.
    ///
    /// # Errors
    /// Where TLS is asked for and the certificates of this machine cannot be read.
    pub fn new(settings: &Mail) -> Result<Self, MailerError> {
        let tls = match settings.tls {
            MailTls::None => None,
            MailTls::StartTls | MailTls::Tls => {
                Some(TlsParameters::new_rustls(settings.host.clone()).map_err(MailerError::Tls)?)
            }
        };
        Ok(Self {
            settings: Arc::new(settings.clone()),
            tls,
        })
    }

    /// Whether mail goes to this address: it can be written, and its domain is one of ours.
    #[must_use]
    pub(super) fn takes(&self, address: &str) -> bool {
        let read = address.parse::<lettre::Address>();
        address.is_ascii() && read.is_ok_and(|address| self.settings.takes(&address))
    }

    /// The domains to which mail goes.
    #[must_use]
    pub(super) fn domains(&self) -> &[String] {
        &self.settings.domains
    }

    /// The mail as it goes over the line.
    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let wrong = |error: &dyn std::error::Error| {
            tracing::error!(error = %error, "a mail could not be written");
            "address".to_owned()
        };
        let address = letter.to.parse::<lettre::Address>();
        let address = address.map_err(|error| wrong(&error))?;
        if !self.settings.takes(&address) {
            return Err("domain".to_owned());
        }
        let from = self.settings.from.clone();
        let id = format!("<{}@{}>", letter.id, from.email.domain());
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(from)
            .to(Mailbox::new(None, address))
            .subject(letter.subject())
            .date(at(letter.at))
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text(&self.settings.public_url));
        message.map_err(|error| wrong(&error))
    }

    /// Hands a mail over, once.
    pub(crate) async fn send(&self, letter: &Letter) -> Sent {
        let message = match self.message(letter) {
            Ok(message) => message,
            Err(why) => return Sent::Never(why),
        };
        let patience = self.settings.patience;
        let timeout = || Sent::Later("timeout".to_owned());
        let ready = tokio::time::timeout(patience, self.ready(&message)).await;
        let mut connection = match ready {
            Ok(Ok(connection)) => connection,
            Ok(Err(sent)) => return sent,
            Err(_elapsed) => return timeout(),
        };
        // From here on it may be taken though nobody says so.
        let text = message.formatted();
        let sent = match tokio::time::timeout(patience, connection.message(&text)).await {
            Ok(Ok(_taken)) => Sent::Taken,
            Ok(Err(error)) if error.status().is_some() => before(&error),
            Ok(Err(error)) => {
                tracing::warn!(error = %error, cause = ?error, "nobody knows whether a mail was taken");
                Sent::Unsure(why(&error))
            }
            Err(_elapsed) => Sent::Unsure("timeout".to_owned()),
        };
        // What is said goodbye to does not matter any more.
        drop(tokio::time::timeout(Duration::from_secs(2), connection.quit()).await);
        sent
    }

    /// A connection on which the text of a mail is waited for.
    async fn ready(&self, message: &Message) -> Result<AsyncSmtpConnection, Sent> {
        let settings = &self.settings;
        let hello = ClientId::Domain(settings.from.email.domain().to_owned());
        let place = (settings.host.as_str(), settings.port);
        let wrapped = match settings.tls {
            MailTls::Tls => self.tls.clone(),
            MailTls::None | MailTls::StartTls => None,
        };
        let patience = Some(settings.patience);
        let connected =
            AsyncSmtpConnection::connect_tokio1(place, patience, &hello, wrapped, None).await;
        let mut connection = connected.map_err(|error| before(&error))?;
        if let (MailTls::StartTls, Some(tls)) = (settings.tls, self.tls.clone()) {
            let upgraded = connection.starttls(tls, &hello).await;
            upgraded.map_err(|error| before(&error))?;
        }
        if let Some((user, password)) = &settings.user {
            let known = Credentials::new(user.clone(), password.expose().to_owned());
            let known = connection.auth(DEFAULT_MECHANISMS, &known).await;
            // That we are not let in is no fault of the mail.
            known.map_err(|error| {
                tracing::error!(error = %error, "the host for mail does not let us in");
                Sent::Later(why(&error))
            })?;
        }
        let envelope = message.envelope();
        let from = MailFrom::new(envelope.from().cloned(), Vec::new());
        let begun = connection.command(from).await;
        begun.map_err(|error| before(&error))?;
        for to in envelope.to() {
            let taken = connection.command(Rcpt::new(to.clone(), Vec::new())).await;
            taken.map_err(|error| before(&error))?;
        }
        let go_on = connection.command(Data).await;
        go_on.map_err(|error| before(&error))?;
        Ok(connection)
    }
}

/// For the head of a mail.
fn at(at: Timestamp) -> SystemTime {
    let micros = u64::try_from(at.micros()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}
