//! The provider of identities, as settings name it.

use std::time::Duration;

use super::read::Reader;
use super::{Secret, Server};
use crate::base::Role;

/// The provider of identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// Who it is: `iss` of its tokens, to the letter.
    pub issuer: String,
    /// Who we are for it.
    pub client_id: String,
    /// What proves that to it; empty for one that needs no proof.
    pub client_secret: Secret,
    /// What it is asked to say.
    pub scopes: String,
    /// Under which name it says the login.
    pub login_claim: String,
    /// Under which the name for people.
    pub name_claim: String,
    /// Under which the groups.
    pub groups_claim: String,
    /// Which roles its groups stand for.
    pub roles: Vec<GroupRole>,
    /// Whether one of these may be that of an administrator.
    pub may_give_admin: bool,
    /// Whether an account is made for whoever comes for the first time.
    pub create_accounts: bool,
    /// Whether whoever comes for the first time is linked with the account that bears the login.
    pub link_by_login: bool,
    /// Where it sends whoever has signed out there.
    pub post_logout: String,
    /// Whether TLS may be missing.
    pub allow_http: bool,
    /// How long it is waited for.
    pub patience: Duration,
}

/// A group that stands for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRole {
    /// What the group is called.
    pub group: String,
    /// The role.
    pub role: Role,
    /// Short name of the department, for roles that are held in one.
    pub department: Option<String>,
}

impl GroupRole {
    /// Reads `GROUP=ROLE` or `GROUP=ROLE@DEPARTMENT`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Names of groups may hold the sign themselves: `CN=Archiv,OU=Gruppen`.
        let (group, wanted) = text.rsplit_once('=')?;
        let (role, department) = match wanted.split_once('@') {
            Some((role, department)) => (role, Some(department.trim())),
            None => (wanted, None),
        };
        let role = Role::parse(role.trim()).filter(|role| Role::GIVEN.contains(role))?;
        let group = group.trim();
        let fits = role.in_a_unit() == department.is_some_and(|name| !name.is_empty());
        (fits && !group.is_empty()).then(|| Self {
            group: group.to_owned(),
            role,
            department: department.map(str::to_owned),
        })
    }
}

pub(super) fn read(reader: &mut Reader, server: &Server) -> Option<Oidc> {
    const ISSUER: &str = "oidc.issuer";
    let post_logout = match reader.text("oidc.post_logout_redirect") {
        url if url.is_empty() => format!("{}/", server.public_url),
        url => url,
    };
    let oidc = Oidc {
        issuer: reader.text(ISSUER),
        client_id: reader.text("oidc.client_id"),
        client_secret: reader.secret("oidc.client_secret"),
        scopes: reader.text("oidc.scopes"),
        login_claim: reader.text("oidc.login_claim"),
        name_claim: reader.text("oidc.name_claim"),
        groups_claim: reader.text("oidc.groups_claim"),
        roles: reader.group_roles("oidc.roles"),
        may_give_admin: reader.flag("oidc.may_give_admin"),
        create_accounts: reader.flag("oidc.create_accounts"),
        link_by_login: reader.flag("oidc.link_by_login"),
        post_logout,
        allow_http: reader.flag("oidc.allow_http"),
        patience: Duration::from_secs(reader.number("oidc.seconds_max")),
    };
    if oidc.issuer.is_empty() {
        return None;
    }
    if oidc.client_id.is_empty() {
        reader.missing("oidc.client_id", ISSUER);
    }
    if oidc.issuer.starts_with("http://") && !oidc.allow_http {
        let allowed = "eine Adresse, die mit https:// beginnt, oder oidc.allow_http = true";
        reader.refuse(ISSUER, &oidc.issuer, allowed);
    }
    if !oidc.scopes.split(' ').any(|scope| scope == "openid") {
        reader.refuse(
            "oidc.scopes",
            &oidc.scopes,
            "eine Liste von Wörtern, darunter openid",
        );
    }
    let admin = |one: &&GroupRole| one.role == Role::Admin;
    if !oidc.may_give_admin
        && let Some(one) = oidc.roles.iter().find(admin)
    {
        let allowed = "eine andere Rolle als admin, oder oidc.may_give_admin = true";
        reader.refuse("oidc.roles", &one.group, allowed);
    }
    Some(oidc)
}

#[cfg(test)]
mod tests {
    use super::GroupRole;
    use crate::base::Role;

    #[test]
    fn a_group_stands_for_a_role_where_the_role_is_held() {
        let read = |text| GroupRole::parse(text);
        let clerks = read("CN=Archiv,OU=Gruppen = clerk@buergerbuero").expect("a role");
        assert_eq!(clerks.group, "CN=Archiv,OU=Gruppen");
        assert_eq!(clerks.role, Role::Clerk);
        assert_eq!(clerks.department.as_deref(), Some("buergerbuero"));
        let auditors = read("revision=auditor").expect("a role");
        assert_eq!((auditors.role, auditors.department), (Role::Auditor, None));
        for wrong in [
            "revision",
            "=auditor",
            "revision=auditor@finanzen",
            "archiv=clerk",
            "archiv=clerk@",
            "archiv=system",
            "archiv=king",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
