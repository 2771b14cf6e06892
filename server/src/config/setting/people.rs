//! Settings of people: how they sign in, what they may do, and what is recorded of it.

use super::{Setting, bytes, count, setting};
use crate::config::shape::{GIB, MIB, Shape};

/// Passwords, rights, looks, attempts to sign in, and the provider of identities.
pub(super) const PEOPLE: &[Setting] = &[
    setting(
        "auth.session_hours",
        count(1, 720),
        "12",
        "How long someone stays signed in.",
    ),
    setting(
        "auth.argon2_memory_bytes",
        bytes(8 * MIB, 4 * GIB),
        "19 MiB",
        "Memory for checking one password (argon2id); holds for passwords that are set from then on.",
    ),
    setting(
        "auth.argon2_passes",
        count(1, 20),
        "2",
        "Passes over that memory.",
    ),
    setting(
        "auth.password_chars_min",
        count(8, 128),
        "10",
        "The fewest characters of a password.",
    ),
    setting(
        "rights.role_grants_by_two",
        Shape::Flag,
        "false",
        "Whether a role that is given holds only when another administrator has approved it.",
    ),
    setting(
        "rights.inspection_days_max",
        count(1, 400),
        "90",
        "Days that an inspection of a file, a case or a document lasts at most.",
    ),
    setting(
        "rights.inspection_days_inside_max",
        count(1, 400),
        "30",
        "The same where what is inspected stands in a compartment.",
    ),
    setting(
        "rights.break_glass_hours_max",
        count(1, 72),
        "4",
        "Hours that an administrator may read in an emergency at most.",
    ),
    setting(
        "access_log.classes",
        Shape::Classes,
        "*:all:go_on",
        "What is recorded of looks at which protection class, and whether nothing is shown when that cannot be recorded.",
    ),
    setting(
        "sign_in.failures_max",
        count(1, 100),
        "5",
        "Failed attempts to sign in under one name from one network before the next has to wait.",
    ),
    setting(
        "sign_in.failures_everywhere_max",
        count(1, 1_000),
        "50",
        "The same from all networks together from which nobody has signed in lately.",
    ),
    setting(
        "sign_in.delay_seconds",
        count(1, 3_600),
        "2",
        "How long it has to wait then; doubled with each further failure.",
    ),
    setting(
        "sign_in.delay_seconds_max",
        count(1, 86_400),
        "900",
        "The longest that it has to wait.",
    ),
    setting(
        "sign_in.forget_hours",
        count(1, 720),
        "24",
        "After how long without a failure they are forgotten.",
    ),
    setting(
        "sign_in.network_days",
        count(1, 400),
        "30",
        "How long a network from which somebody signed in is known.",
    ),
    setting(
        "sign_in.idle_seconds",
        count(10, 86_400),
        "3600",
        "How long the session of a browser may go unused before it ends.",
    ),
    setting(
        "oidc.issuer",
        Shape::Url,
        "",
        "The provider of identities by which people sign in: `iss` of its tokens, to the letter. Empty: there is none.",
    ),
    setting(
        "oidc.client_id",
        Shape::Text { chars_max: 200 },
        "",
        "Who we are for it.",
    ),
    setting(
        "oidc.client_secret",
        Shape::Secret,
        "",
        "What proves that to it; empty for a public client.",
    ),
    setting(
        "oidc.scopes",
        Shape::Text { chars_max: 500 },
        "openid profile",
        "What it is asked to say, parted by spaces.",
    ),
    setting(
        "oidc.login_claim",
        Shape::Text { chars_max: 100 },
        "preferred_username",
        "Under which name it says the login.",
    ),
    setting(
        "oidc.name_claim",
        Shape::Text { chars_max: 100 },
        "name",
        "Under which it says the name for people.",
    ),
    setting(
        "oidc.groups_claim",
        Shape::Text { chars_max: 100 },
        "groups",
        "Under which it says the groups.",
    ),
    setting(
        "oidc.roles",
        Shape::GroupRoles,
        "",
        "Which roles its groups stand for. They come and end with the groups; roles that people gave are not touched.",
    ),
    setting(
        "oidc.may_give_admin",
        Shape::Flag,
        "false",
        "Whether `oidc.roles` may name the role of an administrator, and an administrator may be linked by login.",
    ),
    setting(
        "oidc.create_accounts",
        Shape::Flag,
        "false",
        "Whether an account is made for whoever comes from the provider for the first time.",
    ),
    setting(
        "oidc.link_by_login",
        Shape::Flag,
        "false",
        "Whether whoever comes for the first time is linked with the account that bears the login. Only where nobody chooses the login at the provider.",
    ),
    setting(
        "oidc.post_logout_redirect",
        Shape::Url,
        "",
        "Where the provider sends whoever has signed out there. Empty: the address that people use.",
    ),
    setting(
        "oidc.allow_http",
        Shape::Flag,
        "false",
        "Whether the provider may be reached without TLS. For trials.",
    ),
    setting(
        "oidc.seconds_max",
        count(1, 60),
        "10",
        "How long an answer of the provider is waited for.",
    ),
];
