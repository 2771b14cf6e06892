//! `papierlos user`: accounts from the machine itself, for the first administrator.

use std::io::Read;

use clap::{Subcommand, ValueEnum};
use zeroize::Zeroizing;

use super::{Ended, Failure, USAGE, say};
use crate::archive::Archive;
use crate::base::actor::Scope;
use crate::base::{Actor, Role};
use crate::config::{Auth, Config};
use crate::departments::{self, Attempts, Login, NewToken, PasswordDigest, PeopleError, Slug};
use crate::unit::Unit;

/// Accounts, from this machine.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Creates an account; its password is read from standard input.
    Add {
        /// The name to sign in with.
        login: String,
        /// The name for people.
        #[arg(long)]
        name: String,
        /// The role.
        #[arg(long, value_enum)]
        role: GivenRole,
        /// Short name of the department, for roles that are held in one; created if there is none.
        #[arg(long)]
        department: Option<String>,
        /// No password: an account for a service, which has tokens only.
        #[arg(long)]
        no_password: bool,
    },
    /// Issues a token and prints it; it is shown only once.
    Token {
        /// The account.
        login: String,
        /// What it is for.
        #[arg(long, default_value = "Kommandozeile")]
        label: String,
        /// What it may be used for.
        #[arg(long, value_enum, default_value = "full")]
        scope: GivenScope,
        /// How many days it lives.
        #[arg(long, default_value_t = 30)]
        days: i64,
    },
    /// Ends all sessions of an account; tokens that were issued stay.
    SignOut {
        /// The account.
        login: String,
    },
    /// Lets whoever was locked out by failed attempts sign in again at once.
    Unlock {
        /// The account.
        login: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum GivenRole {
    Tablet,
    Archive,
    Integrator,
    MailRoom,
    Clerk,
    Head,
    Mayor,
    RecordsManager,
    Auditor,
    Admin,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum GivenScope {
    Full,
    Read,
    Intake,
}

impl User {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::open(config).await?;
        let ended = match self {
            Self::Add {
                login,
                name,
                role,
                department,
                no_password,
            } => {
                let password = if no_password {
                    None
                } else {
                    Some(PasswordDigest::of(&config.auth, read_password(&config.auth)?).await?)
                };
                add(&archive, &login, name, role, department, password).await
            }
            Self::Token {
                login,
                label,
                scope,
                days,
            } => token(&archive, &login, label, scope, days).await,
            Self::SignOut { login } => sign_out(&archive, &login).await,
            Self::Unlock { login } => unlock(&archive, config, &login).await,
        };
        archive.db.close().await;
        ended
    }
}

fn read_password(auth: &Auth) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    let password = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.chars().count() < auth.password_chars_min {
        let said = format!(
            "das Passwort auf der Standardeingabe braucht mindestens {} Zeichen",
            auth.password_chars_min
        );
        return Err(Failure::new(USAGE, said));
    }
    Ok(password)
}

async fn add(
    archive: &Archive,
    login: &str,
    name: String,
    role: GivenRole,
    department: Option<String>,
    password: Option<PasswordDigest>,
) -> Ended {
    let login = Login::parse(login).ok_or_else(|| {
        Failure::new(USAGE, format!("{login}: a login is a-z, 0-9, dot, _ and -"))
    })?;
    let role = match role {
        GivenRole::Tablet => Role::Tablet,
        GivenRole::Archive => Role::Archive,
        GivenRole::Integrator => Role::Integrator,
        GivenRole::MailRoom => Role::MailRoom,
        GivenRole::Clerk => Role::Clerk,
        GivenRole::Head => Role::Head,
        GivenRole::Mayor => Role::Mayor,
        GivenRole::RecordsManager => Role::RecordsManager,
        GivenRole::Auditor => Role::Auditor,
        GivenRole::Admin => Role::Admin,
    };
    let slug = match &department {
        Some(text) => Some(Slug::parse(text).ok_or_else(|| {
            Failure::new(USAGE, format!("{text}: a department is a-z, 0-9 and -"))
        })?),
        None => None,
    };
    let known = match &slug {
        Some(slug) => departments::department(archive.db.read(), slug.as_str()).await?,
        None => None,
    };
    let shown = login.as_str().to_owned();
    archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            let department = match (known, slug) {
                (Some(known), _) => Some(known.id),
                (None, Some(slug)) => {
                    let name = slug.as_str().to_owned();
                    Some(departments::create_department(unit, slug, name).await?.id)
                }
                (None, None) => None,
            };
            let account = departments::create_account(unit, login, name, password).await?;
            departments::grant(unit, account.id, role, department).await?;
            Ok::<_, PeopleError>(())
        })
        .await?;
    say(&format!("{shown}: created"));
    Ok(())
}

async fn sign_out(archive: &Archive, login: &str) -> Ended {
    let found = departments::account_of_login(archive.db.read(), login).await?;
    let account = found.ok_or(PeopleError::NoAccount)?;
    let done = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::end_sessions(unit, account, None).await
        })
        .await;
    let count = match done {
        Ok(written) => written.value,
        Err(PeopleError::NoToken) => 0,
        Err(error) => return Err(error.into()),
    };
    say(&format!("{login}: {count} ended"));
    Ok(())
}

async fn unlock(archive: &Archive, config: &Config, login: &str) -> Ended {
    let found = departments::account_of_login(archive.db.read(), login).await?;
    let account = found.ok_or(PeopleError::NoAccount)?;
    let attempts = Attempts::new(archive.cursor_key, config.sign_in);
    archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            attempts.unlock(unit, account).await
        })
        .await?;
    say(&format!("{login}: unlocked"));
    Ok(())
}

async fn token(
    archive: &Archive,
    login: &str,
    label: String,
    scope: GivenScope,
    days: i64,
) -> Ended {
    let found = departments::account_of_login(archive.db.read(), login).await?;
    let account = found.ok_or(PeopleError::NoAccount)?;
    let scope = match scope {
        GivenScope::Full => Scope::Full,
        GivenScope::Read => Scope::Read,
        GivenScope::Intake => Scope::Intake,
    };
    let new = NewToken {
        label,
        scope,
        seconds: days.clamp(1, 400) * 86_400,
    };
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::issue_token(unit, account, new).await
        })
        .await?;
    say(&written.value.1.0);
    Ok(())
}
