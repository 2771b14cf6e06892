//! Mail, as settings name it.

use std::time::Duration;

use lettre::message::Mailbox;

use super::read::Reader;
use super::{Secret, Server};

/// Where mail is handed over, and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The host that takes it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub tls: MailTls,
    /// Who we are for it; nobody, where nothing is said.
    pub user: Option<(String, Secret)>,
    /// Whose mails they are.
    pub from: Mailbox,
    /// Domains to which mail goes, in small letters.
    pub domains: Vec<String>,
    /// What links begin with, without a slash at the end.
    pub public_url: String,
    /// How long the host is waited for.
    pub patience: Duration,
}

/// How the way to the host is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all.
    None,
    /// By STARTTLS, without which nothing is said.
    StartTls,
    /// From the first byte on.
    Tls,
}

impl Mail {
    /// Whether mail goes to this address.
    #[must_use]
    pub fn takes(&self, address: &lettre::Address) -> bool {
        let domain = address.domain().to_lowercase();
        self.domains.contains(&domain)
    }
}

pub(super) fn read(reader: &mut Reader, server: &Server) -> Option<Mail> {
    const HOST: &str = "mail.host";
    let host = reader.text(HOST);
    let (user, password) = (reader.text("mail.user"), reader.secret("mail.password"));
    let tls = match reader.text("mail.tls").as_str() {
        "none" => MailTls::None,
        "tls" => MailTls::Tls,
        _ => MailTls::StartTls,
    };
    let port = reader.small("mail.port");
    let from = reader.text("mail.from");
    let domains = reader.text("mail.domains");
    let public_url = match reader.text("mail.public_url") {
        url if url.is_empty() => server.public_url.clone(),
        url => url.trim_end_matches('/').to_owned(),
    };
    let patience = Duration::from_secs(reader.number("mail.seconds_max"));
    if host.is_empty() {
        return None;
    }
    if host.contains(|one: char| one.is_whitespace() || one.is_control() || "/@:".contains(one)) {
        reader.refuse(HOST, &host, "der Name oder die IPv4-Adresse eines Rechners");
    }
    if from.is_empty() {
        reader.missing("mail.from", HOST);
        return None;
    }
    let Ok(mailbox) = from.parse::<Mailbox>() else {
        let allowed = "eine Adresse wie Papierlos <papierlos@stadt.example>";
        reader.refuse("mail.from", &from, allowed);
        return None;
    };
    // In the clear a password would be anybody's.
    if tls == MailTls::None && !password.is_empty() {
        let allowed = "starttls oder tls, wo mail.password gesetzt ist";
        reader.refuse("mail.tls", "none", allowed);
    }
    let named = domains.split(',').map(str::trim);
    let named = named.filter(|one| !one.is_empty()).map(str::to_lowercase);
    let mut domains: Vec<String> = named.collect();
    if domains.is_empty() {
        domains.push(mailbox.email.domain().to_lowercase());
    }
    Some(Mail {
        host,
        port,
        tls,
        user: (!user.is_empty()).then_some((user, password)),
        from: mailbox,
        domains,
        public_url,
        patience,
    })
}
