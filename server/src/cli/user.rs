//! `papierlos user`: accounts from the machine itself, for the first administrator.

use std::io::Read;

use clap::{Args, Subcommand, ValueEnum};
use zeroize::Zeroizing;

use super::{Ended, Failure, USAGE, say};
use crate::archive::Archive;
use crate::base::actor::Scope;
use crate::base::{AccountId, Actor, DepartmentId, Role, Timestamp};
use crate::config::{Auth, Config};
use crate::departments::{
    self, Attempts, Giving, Login, NewRole, NewToken, PasswordDigest, PeopleError, Slug,
};
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
        #[command(flatten)]
        giving: GivingArgs,
    },
    /// Gives a role to an account that there is.
    Grant {
        /// The account.
        login: String,
        /// The role.
        #[arg(long, value_enum)]
        role: GivenRole,
        /// Short name of the department, for roles that are held in one.
        #[arg(long)]
        department: Option<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        giving: GivingArgs,
    },
    /// Lists the roles of an account, each with its id.
    Roles {
        /// The account.
        login: String,
    },
    /// Ends a role at once, or turns down one that waits.
    EndRole {
        /// Its id, as `user roles` lists it.
        id: uuid::Uuid,
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
        /// Short name of the department into which it files, and into no other one; with `intake`.
        #[arg(long)]
        department: Option<String>,
        /// The account in whose inbox that goes.
        #[arg(long, requires = "department")]
        inbox: Option<String>,
    },
    /// Ends all sessions of an account; tokens that were issued stay.
    SignOut {
        /// The account.
        login: String,
    },
    /// Links an account with somebody whom the provider of identities knows, who signs in by it from now on.
    Link {
        /// The account.
        login: String,
        /// Who it is there: `sub` of its tokens.
        #[arg(long)]
        subject: String,
        /// The provider; that of the settings, where nothing is said.
        #[arg(long)]
        issuer: Option<String>,
    },
    /// Takes that away; sessions and roles that came of it end.
    Unlink {
        /// The account.
        login: String,
    },
    /// Lets whoever was locked out by failed attempts sign in again at once.
    Unlock {
        /// The account.
        login: String,
    },
}

/// For how long a role is given, and by how many.
#[derive(Debug, Args)]
pub(super) struct GivingArgs {
    /// From when on it holds (RFC 3339).
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// When it ends (RFC 3339).
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At once, also where the settings ask for two people; `papierlos check` names it then.
    #[arg(long)]
    alone: bool,
}

impl GivingArgs {
    /// The role with its time.
    fn role(&self, role: Role, department: Option<DepartmentId>) -> Result<NewRole, Failure> {
        let time = |said: &Option<String>| match said {
            None => Ok(None),
            Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| {
                Failure::new(
                    USAGE,
                    format!("{text}: a time looks like 2027-01-01T00:00:00Z"),
                )
            }),
        };
        Ok(NewRole {
            valid_from: time(&self.from)?,
            valid_until: time(&self.until)?,
            ..NewRole::of(role, department)
        })
    }

    /// How it is given: somebody has to be the first who approves.
    async fn giving(&self, archive: &Archive, config: &Config) -> Result<Giving, Failure> {
        let (on, now) = (archive.db.read(), archive.db.now());
        if self.alone || !departments::has_administrator(on, now).await? {
            return Ok(Giving::ByOne);
        }
        Ok(Giving::of(config.rights))
    }
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

impl From<GivenRole> for Role {
    fn from(role: GivenRole) -> Self {
        match role {
            GivenRole::Tablet => Self::Tablet,
            GivenRole::Archive => Self::Archive,
            GivenRole::Integrator => Self::Integrator,
            GivenRole::MailRoom => Self::MailRoom,
            GivenRole::Clerk => Self::Clerk,
            GivenRole::Head => Self::Head,
            GivenRole::Mayor => Self::Mayor,
            GivenRole::RecordsManager => Self::RecordsManager,
            GivenRole::Auditor => Self::Auditor,
            GivenRole::Admin => Self::Admin,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum GivenScope {
    Full,
    Read,
    Intake,
}

impl User {
    #[expect(clippy::too_many_lines, reason = "an arm for each command")]
    pub(super) async fn run(self, config: &Config) -> Ended {
        let archive = Archive::open(config).await?;
        let ended = match self {
            Self::Add {
                login,
                name,
                role,
                department,
                no_password,
                giving,
            } => {
                let password = if no_password {
                    None
                } else {
                    Some(PasswordDigest::of(&config.auth, read_password(&config.auth)?).await?)
                };
                let how = giving.giving(&archive, config).await?;
                let role = (giving.role(role.into(), None)?, how);
                add(&archive, &login, name, role, department, password).await
            }
            Self::Grant {
                login,
                role,
                department,
                reason,
                giving,
            } => {
                let how = giving.giving(&archive, config).await?;
                let id = match &department {
                    Some(slug) => Some(known_department(&archive, slug).await?),
                    None => None,
                };
                let role = NewRole {
                    reason,
                    ..giving.role(role.into(), id)?
                };
                grant(&archive, &login, role, how).await
            }
            Self::Roles { login } => list(&archive, &login).await,
            Self::EndRole { id } => end(&archive, id).await,
            Self::Token {
                login,
                label,
                scope,
                days,
                department,
                inbox,
            } => {
                let places = (department.as_deref(), inbox.as_deref());
                token(&archive, &login, label, (scope, days), places).await
            }
            Self::SignOut { login } => sign_out(&archive, &login).await,
            Self::Link {
                login,
                subject,
                issuer,
            } => {
                let issuer = issuer.or_else(|| config.oidc.as_ref().map(|it| it.issuer.clone()));
                let issuer = issuer.ok_or_else(|| {
                    Failure::new(USAGE, "ohne oidc.issuer braucht es --issuer".to_owned())
                });
                match issuer {
                    Ok(issuer) => {
                        let identity = departments::Identity { issuer, subject };
                        identify(&archive, &login, Some(identity)).await
                    }
                    Err(failure) => Err(failure),
                }
            }
            Self::Unlink { login } => identify(&archive, &login, None).await,
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
    (role, giving): (NewRole, Giving),
    department: Option<String>,
    password: Option<PasswordDigest>,
) -> Ended {
    let login = Login::parse(login).ok_or_else(|| {
        Failure::new(USAGE, format!("{login}: a login is a-z, 0-9, dot, _ and -"))
    })?;
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
            let role = NewRole { department, ..role };
            departments::grant(unit, account.id, role, giving).await?;
            Ok::<_, PeopleError>(())
        })
        .await?;
    say(&format!("{shown}: created"));
    if giving == Giving::ByTwo {
        say(WAITS);
    }
    Ok(())
}

const WAITS: &str = "the role waits for the approval of an administrator";

async fn known_department(archive: &Archive, slug: &str) -> Result<DepartmentId, Failure> {
    let found = departments::department(archive.db.read(), slug).await?;
    let nowhere = || Failure::new(USAGE, format!("{slug}: there is no such department"));
    Ok(found.ok_or_else(nowhere)?.id)
}

async fn known_account(archive: &Archive, login: &str) -> Result<AccountId, Failure> {
    let found = departments::account_of_login(archive.db.read(), login).await?;
    found.ok_or_else(|| Failure::new(USAGE, format!("{login}: there is no such account")))
}

async fn grant(archive: &Archive, login: &str, role: NewRole, giving: Giving) -> Ended {
    let account = known_account(archive, login).await?;
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::grant(unit, account, role, giving).await
        })
        .await?;
    say(&written.value.id.to_string());
    if giving == Giving::ByTwo {
        say(WAITS);
    }
    Ok(())
}

async fn list(archive: &Archive, login: &str) -> Ended {
    let id = known_account(archive, login).await?;
    let account = departments::account(archive.db.read(), id).await?;
    let all = departments::departments(archive.db.read()).await?;
    for one in account.map(|account| account.given).unwrap_or_default() {
        let standing = one.standing(archive.db.now()).code();
        let department = all.iter().find(|known| Some(known.id) == one.department);
        let department = department.map_or("-", |known| known.slug.as_str());
        let at = |time: Option<Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
        let (from, until) = (at(one.valid_from), at(one.valid_until));
        let role = one.role.code();
        say(&format!(
            "{} {standing} {role} {department} {from} {until}",
            one.id
        ));
    }
    Ok(())
}

async fn end(archive: &Archive, id: uuid::Uuid) -> Ended {
    archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::end_role(unit, id).await
        })
        .await?;
    say(&format!("{id}: ended"));
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

async fn identify(
    archive: &Archive,
    login: &str,
    identity: Option<departments::Identity>,
) -> Ended {
    let found = departments::account_of_login(archive.db.read(), login).await?;
    let account = found.ok_or(PeopleError::NoAccount)?;
    archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::set_identity(unit, account, None, identity).await
        })
        .await?;
    say(login);
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
    (scope, days): (GivenScope, i64),
    places: (Option<&str>, Option<&str>),
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
        destination: departments::destination(archive.db.read(), places).await?,
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
