//! The page that says why somebody is not signed in. Nothing of it comes from the provider but who it says that
//! somebody is, and that as text.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;

use super::model::{OidcError, Refusal};
use crate::http::{Language, Text, text};

/// The answer where there is one for people; what is our own mistake has another form.
pub(super) fn of(refusal: &Refusal, language: Language) -> Option<HttpResponse> {
    let (status, said) = said(refusal)?;
    let title = text(
        "Die Anmeldung hat nicht geklappt",
        "You could not be signed in",
    );
    let back = text("Zurück zur Anmeldung", "Back to signing in");
    let local = text(
        "Wer ein Passwort für dieses Archiv hat, kann sich damit weiterhin anmelden.",
        "Whoever has a password for this archive can still sign in with it.",
    );
    let get = |text: &Text| escaped(text.get(language));
    let (title, said, local, back) = (get(&title), get(&said), get(&local), get(&back));
    let tag = language.tag();
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} – Papierlos</title>\n\
         <link rel=\"icon\" href=\"/pages/icon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/pages/app.css\">\n</head>\n<body>\n<main id=\"main\">\n\
         <section class=\"card\">\n<h1>{title}</h1>\n<p role=\"alert\">{said}</p>\n\
         <p class=\"muted\">{local}</p>\n<p><a href=\"/\">{back}</a></p>\n</section>\n</main>\n\
         </body>\n</html>\n"
    );
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
    if let Refusal::TooMany { seconds } = refusal {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    Some(response.body(page))
}

fn said(refusal: &Refusal) -> Option<(StatusCode, Text)> {
    match refusal {
        Refusal::Stale => Some((
            StatusCode::BAD_REQUEST,
            text(
                "Diese Anmeldung wurde nicht in diesem Browser begonnen, oder sie hat zu lange gedauert. Bitte beginnen Sie noch einmal.",
                "This attempt was not begun in this browser, or it took too long. Please begin again.",
            ),
        )),
        Refusal::Used => Some((
            StatusCode::BAD_REQUEST,
            text(
                "Diese Anmeldung wurde schon verwendet. Bitte beginnen Sie noch einmal.",
                "This attempt was used before. Please begin again.",
            ),
        )),
        Refusal::Declined { code } => Some((
            StatusCode::FORBIDDEN,
            text(
                format!(
                    "Der Anmeldedienst der Stadt hat die Anmeldung nicht abgeschlossen ({code})."
                ),
                format!("The town's sign-in service did not complete the attempt ({code})."),
            ),
        )),
        Refusal::Provider(error) => Some((StatusCode::BAD_GATEWAY, provider(error))),
        Refusal::NoLogin { subject } => Some(unlinked(
            "Der Anmeldedienst nennt keinen Anmeldenamen, der hier gelten kann.",
            "The sign-in service names no login that can count here.",
            subject,
        )),
        Refusal::Unknown { subject } => Some(unlinked(
            "Für Sie gibt es hier noch kein Konto.",
            "There is no account for you here yet.",
            subject,
        )),
        Refusal::Taken { subject } => Some(unlinked(
            "Ihr Anmeldename gehört hier schon einem anderen Konto.",
            "Your login belongs to another account here.",
            subject,
        )),
        Refusal::Off => Some((
            StatusCode::FORBIDDEN,
            text(
                "Ihr Konto ist abgeschaltet. Bitte wenden Sie sich an die Administration.",
                "Your account is switched off. Please turn to an administrator.",
            ),
        )),
        Refusal::TooMany { seconds } => Some((
            StatusCode::TOO_MANY_REQUESTS,
            text(
                format!(
                    "Von dieser Adresse kommen gerade zu viele Anmeldungen. Bitte beginnen Sie in {seconds} Sekunden noch einmal."
                ),
                format!(
                    "Too many attempts come from this address just now. Please begin again in {seconds} seconds."
                ),
            ),
        )),
        Refusal::People(_) | Refusal::Db(_) | Refusal::Unrecorded => None,
    }
}

fn provider(error: &OidcError) -> Text {
    match error {
        OidcError::Unreachable(_) | OidcError::Silent | OidcError::Status { .. } => text(
            "Der Anmeldedienst der Stadt antwortet zurzeit nicht. Bitte versuchen Sie es später noch einmal.",
            "The town's sign-in service does not answer at this time. Please try again later.",
        ),
        OidcError::Answer | OidcError::Jose(_) | OidcError::Claims(_) => text(
            "Die Antwort des Anmeldedienstes der Stadt hat die Prüfung nicht bestanden. Bitte wenden Sie sich an die Administration.",
            "The answer of the town's sign-in service did not stand the test. Please turn to an administrator.",
        ),
    }
}

/// Somebody whom an administrator can link with an account, and has to be told whom.
fn unlinked(german: &str, english: &str, subject: &str) -> (StatusCode, Text) {
    let said = text(
        format!(
            "{german} Bitte nennen Sie der Administration Ihre Kennung beim Anmeldedienst: {subject}. Damit kann sie Sie mit einem Konto verknüpfen."
        ),
        format!(
            "{english} Please tell an administrator who you are for the sign-in service: {subject}. By that you can be linked with an account."
        ),
    );
    (StatusCode::FORBIDDEN, said)
}

/// Text as a page shows it, and nothing else.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
