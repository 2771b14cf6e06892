//! `papierlos user`: accounts from the machine itself, for the first administrator.

use std::io::Read;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use zeroize::Zeroizing;

use super::{Ended, Failure, MISSING, USAGE, say};
use crate::archive::Archive;
use crate::base::actor::Scope;
use crate::base::{AccountId, Actor, DepartmentId, Role, Timestamp};
use crate::config::{Auth, Config};
use crate::departments::{
    self, Attempts, Giving, Login, NewRole, NewToken, PasswordDigest, PeopleError, Slug, Standing,
};
use crate::unit::Unit;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Legt ein Konto an; das Passwort wird von der Standardeingabe gelesen.
    Add {
        /// Der Name zum Anmelden.
        #[arg(value_name = "LOGIN")]
        login: String,
        /// Der Name, wie man ihn liest.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Die Rolle.
        #[arg(long, value_name = "ROLLE", value_parser = given())]
        role: Role,
        /// Kurzname der Abteilung, für Rollen in einer; gibt es sie noch nicht, wird sie angelegt.
        #[arg(long, value_name = "KURZNAME")]
        department: Option<String>,
        /// Kein Passwort: ein Konto für ein Programm, das nur Zugangsschlüssel hat.
        #[arg(long)]
        no_password: bool,
        #[command(flatten)]
        giving: GivingArgs,
    },
    /// Vergibt eine Rolle an ein Konto, das es gibt.
    Grant {
        /// Das Konto.
        #[arg(value_name = "LOGIN")]
        login: String,
        /// Die Rolle.
        #[arg(long, value_name = "ROLLE", value_parser = given())]
        role: Role,
        /// Kurzname der Abteilung, für Rollen in einer.
        #[arg(long, value_name = "KURZNAME")]
        department: Option<String>,
        /// Warum.
        #[arg(long, value_name = "GRUND")]
        reason: Option<String>,
        #[command(flatten)]
        giving: GivingArgs,
    },
    /// Listet die Rollen eines Kontos auf, jede mit ihrer Kennung.
    Roles {
        /// Das Konto.
        #[arg(value_name = "LOGIN")]
        login: String,
    },
    /// Beendet eine Rolle sofort oder lehnt eine ab, die noch wartet.
    EndRole {
        /// Ihre Kennung, wie `user roles` sie nennt.
        #[arg(value_name = "KENNUNG")]
        id: uuid::Uuid,
    },
    /// Gibt einen Zugangsschlüssel aus; er wird nur dieses eine Mal gezeigt.
    Token {
        /// Das Konto.
        #[arg(value_name = "LOGIN")]
        login: String,
        /// Wofür er ist.
        #[arg(long, value_name = "ZWECK", default_value = "Befehlszeile")]
        label: String,
        /// Was er erlaubt.
        #[arg(long, value_name = "UMFANG", value_enum, default_value = "full")]
        scope: GivenScope,
        /// Wie viele Tage er gilt.
        #[arg(long, value_name = "TAGE", default_value_t = 30)]
        days: i64,
        /// Kurzname der Abteilung, in die er einreicht und in keine andere; mit `intake`.
        #[arg(long, value_name = "KURZNAME")]
        department: Option<String>,
        /// Das Konto, in dessen Postkorb das kommt.
        #[arg(long, value_name = "LOGIN", requires = "department")]
        inbox: Option<String>,
    },
    /// Beendet alle Sitzungen eines Kontos; ausgegebene Zugangsschlüssel bleiben.
    SignOut {
        /// Das Konto.
        #[arg(value_name = "LOGIN")]
        login: String,
    },
    /// Verknüpft ein Konto mit jemandem beim Anmeldedienst; die Person meldet sich von da an dort an.
    Link {
        /// Das Konto.
        #[arg(value_name = "LOGIN")]
        login: String,
        /// Wer es dort ist: `sub` in dessen Token.
        #[arg(long, value_name = "KENNUNG")]
        subject: String,
        /// Der Anmeldedienst; ohne Angabe der aus den Einstellungen.
        #[arg(long, value_name = "ADRESSE")]
        issuer: Option<String>,
    },
    /// Löst diese Verknüpfung; Sitzungen und Rollen, die daher kamen, enden.
    Unlink {
        /// Das Konto.
        #[arg(value_name = "LOGIN")]
        login: String,
    },
    /// Hebt die Sperre der Anmeldung auf, die nach Fehlversuchen galt.
    Unlock {
        /// Das Konto.
        #[arg(value_name = "LOGIN")]
        login: String,
    },
}

// For how long a role is given, and by how many.
#[derive(Debug, Args)]
pub(super) struct GivingArgs {
    /// Ab wann sie gilt (RFC 3339).
    #[arg(long, value_name = "ZEITPUNKT")]
    from: Option<String>,
    /// Wann sie endet (RFC 3339).
    #[arg(long, value_name = "ZEITPUNKT")]
    until: Option<String>,
    /// Sofort, auch wo es zwei Personen braucht; `papierlos check` nennt die Rolle dann.
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
                    format!("{text}: ein Zeitpunkt sieht so aus: 2027-01-01T00:00:00Z"),
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

/// Takes the code of a role that can be given.
fn given() -> impl TypedValueParser<Value = Role> {
    let codes = Role::GIVEN.iter().map(|role| role.code());
    PossibleValuesParser::new(codes)
        .try_map(|code| Role::parse(&code).ok_or("eine solche Rolle gibt es nicht"))
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
        // The first account may be what an archive begins with.
        let archive = if matches!(self, Self::Add { .. }) {
            Archive::open(config).await?
        } else {
            Archive::existing(config).await?
        };
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
                let role = (giving.role(role, None)?, how);
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
                    ..giving.role(role, id)?
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
        Failure::new(
            USAGE,
            format!("{login}: ein Anmeldename besteht aus a-z, 0-9, Punkt, _ und -"),
        )
    })?;
    let slug = match &department {
        Some(text) => Some(Slug::parse(text).ok_or_else(|| {
            Failure::new(
                USAGE,
                format!("{text}: der Kurzname einer Abteilung besteht aus a-z, 0-9 und -"),
            )
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
        .await
        .map_err(refused)?;
    say(&format!("{shown}: angelegt"));
    if giving == Giving::ByTwo {
        say(WAITS);
    }
    Ok(())
}

const WAITS: &str = "die Rolle wartet auf die Freigabe durch eine zweite Person der Administration";

async fn known_department(archive: &Archive, slug: &str) -> Result<DepartmentId, Failure> {
    let found = departments::department(archive.db.read(), slug).await?;
    let nowhere = || {
        Failure::new(
            USAGE,
            format!("{slug}: eine solche Abteilung gibt es nicht"),
        )
    };
    Ok(found.ok_or_else(nowhere)?.id)
}

async fn known_account(archive: &Archive, login: &str) -> Result<AccountId, Failure> {
    account(archive, login, USAGE).await
}

/// The account of this name; without one the command ends with `code`.
async fn account(archive: &Archive, login: &str, code: u8) -> Result<AccountId, Failure> {
    let found = departments::account_of_login(archive.db.read(), login).await?;
    found.ok_or_else(|| Failure::new(code, format!("{login}: ein solches Konto gibt es nicht")))
}

fn refused(error: PeopleError) -> Failure {
    Failure::refused(MISSING, error)
}

async fn grant(archive: &Archive, login: &str, role: NewRole, giving: Giving) -> Ended {
    let account = known_account(archive, login).await?;
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::grant(unit, account, role, giving).await
        })
        .await
        .map_err(refused)?;
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
        let standing = match one.standing(archive.db.now()) {
            Standing::Waiting => "wartet",
            Standing::Upcoming => "beginnt noch",
            Standing::InForce => "gilt",
            Standing::Over => "vorbei",
        };
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
        .await
        .map_err(refused)?;
    say(&format!("{id}: beendet"));
    Ok(())
}

async fn sign_out(archive: &Archive, login: &str) -> Ended {
    let account = account(archive, login, MISSING).await?;
    let done = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::end_sessions(unit, account, None).await
        })
        .await;
    let count = match done {
        Ok(written) => written.value,
        Err(PeopleError::NoToken) => 0,
        Err(error) => return Err(refused(error)),
    };
    let what = if count == 1 { "Sitzung" } else { "Sitzungen" };
    say(&format!("{login}: {count} {what} beendet"));
    Ok(())
}

async fn identify(
    archive: &Archive,
    login: &str,
    identity: Option<departments::Identity>,
) -> Ended {
    let account = account(archive, login, MISSING).await?;
    let done = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::set_identity(unit, account, None, identity).await
        })
        .await;
    match done {
        // It is as it shall be.
        Ok(_) | Err(PeopleError::Settled) => {}
        Err(error) => return Err(refused(error)),
    }
    say(login);
    Ok(())
}

async fn unlock(archive: &Archive, config: &Config, login: &str) -> Ended {
    let account = account(archive, login, MISSING).await?;
    let attempts = Attempts::new(archive.cursor_key, config.sign_in);
    archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            attempts.unlock(unit, account).await
        })
        .await
        .map_err(refused)?;
    say(&format!("{login}: Sperre aufgehoben"));
    Ok(())
}

async fn token(
    archive: &Archive,
    login: &str,
    label: String,
    (scope, days): (GivenScope, i64),
    places: (Option<&str>, Option<&str>),
) -> Ended {
    let account = account(archive, login, MISSING).await?;
    let scope = match scope {
        GivenScope::Full => Scope::Full,
        GivenScope::Read => Scope::Read,
        GivenScope::Intake => Scope::Intake,
    };
    let new = NewToken {
        label,
        scope,
        seconds: days.clamp(1, 400) * 86_400,
        destination: departments::destination(archive.db.read(), places)
            .await
            .map_err(refused)?,
    };
    let written = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            departments::issue_token(unit, account, new).await
        })
        .await
        .map_err(refused)?;
    say(&written.value.1.0);
    Ok(())
}
