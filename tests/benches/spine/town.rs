//! An archive with a department and somebody who works in it, set up by the library.

use std::collections::BTreeMap;
use std::path::Path;

use server::archive::Archive;
use server::base::actor::Scope;
use server::base::{AccountId, Actor, DepartmentId, Role};
use server::config::{Config, Sources};
use server::departments::{self, Giving, Login, NewRole, NewToken, PeopleError, Slug};
use server::unit::Unit;

/// The departments of the measurements: the first is the one whose clerk asks.
pub(crate) const DEPARTMENTS: [&str; 3] = ["buergerbuero", "bauamt", "kaemmerei"];

/// The settings of an archive in this folder; nothing of the environment counts.
pub(crate) fn config(data: &Path) -> Config {
    config_on(data, None)
}

/// As [`config`], on another database than the file in the folder.
pub(crate) fn config_on(data: &Path, database: Option<&str>) -> Config {
    let mut arguments = vec![("data_dir", data.display().to_string())];
    arguments.extend(database.map(|url| ("database.url", url.to_owned())));
    let sources = Sources {
        file: None,
        env: &BTreeMap::new(),
        arguments: &arguments,
        read: &|path: &Path| std::fs::read_to_string(path),
    };
    Config::load(&sources).expect("settings")
}

/// An archive at work.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) archive: Archive,
    pub(crate) departments: Vec<(DepartmentId, u64)>,
    clerk: AccountId,
}

impl Town {
    /// Opens the archive in this folder; sets it up where it is new.
    pub(crate) async fn open(data: &Path) -> Self {
        Self::open_with(&config(data)).await
    }

    /// As [`Town::open`], with these settings.
    pub(crate) async fn open_with(settings: &Config) -> Self {
        let archive = Archive::open(settings).await.expect("an archive");
        let on = archive.db.read();
        let clerk = departments::account_of_login(on, "sachbearbeitung")
            .await
            .expect("a database");
        let clerk = match clerk {
            Some(clerk) => clerk,
            None => settle(&archive).await,
        };
        let all = departments::departments(archive.db.read())
            .await
            .expect("departments");
        let number = |slug: &&str| {
            let one = all
                .iter()
                .find(|one| one.slug == **slug)
                .expect("a department");
            (one.id, one.number)
        };
        let departments = DEPARTMENTS.iter().map(number).collect();
        Self {
            archive,
            departments,
            clerk,
        }
    }

    /// A token of the clerk of the first department.
    pub(crate) async fn token(&self) -> String {
        let clerk = self.clerk;
        let new = NewToken {
            label: "Messung".to_owned(),
            scope: Scope::Full,
            seconds: 86_400,
            destination: None,
        };
        let issued = self
            .archive
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                departments::issue_token(unit, clerk, new).await
            })
            .await
            .expect("a token");
        issued.value.1.0.as_str().to_owned()
    }

    pub(crate) async fn close(self) {
        self.archive.db.close().await;
    }
}

async fn settle(archive: &Archive) -> AccountId {
    let settled = archive
        .db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            let mut ids = Vec::new();
            for slug in DEPARTMENTS {
                let parsed = Slug::parse(slug).expect("a slug");
                ids.push(
                    departments::create_department(unit, parsed, slug.to_owned())
                        .await?
                        .id,
                );
            }
            let login = Login::parse("sachbearbeitung").expect("a login");
            let name = "Sachbearbeitung".to_owned();
            let account = departments::create_account(unit, login, name, None).await?;
            let first = ids.first().copied();
            let role = NewRole::of(Role::Clerk, first);
            departments::grant(unit, account.id, role, Giving::ByOne).await?;
            Ok::<_, PeopleError>(account.id)
        })
        .await
        .expect("a department with a clerk");
    settled.value
}

/// A new archive in this folder, closed again, and a token for its clerk.
pub(crate) fn set_up(runtime: &tokio::runtime::Runtime, data: &Path) -> String {
    runtime.block_on(async {
        let town = Town::open(data).await;
        let token = town.token().await;
        town.close().await;
        token
    })
}
