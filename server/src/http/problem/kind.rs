//! The closed set of problems.

use actix_web::http::StatusCode;

use super::super::language::{Text, text};

/// What every problem URI begins with.
const URN: &str = "urn:papierlos:problem:";

macro_rules! kinds {
    ($($name:ident = $slug:literal, $status:ident, $german:literal, $english:literal, $when:literal;)+) => {
        /// What can go wrong, as a caller can act on it. The set is closed: `docs/http.md` and
        /// `openapi.yaml` list exactly these.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $when] $name,)+
        }

        impl Kind {
            /// All of them, by status.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The last part of the `type` URI.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// The `type` URI.
            pub fn uri(self) -> &'static str {
                match self { $(Self::$name => concat!("urn:papierlos:problem:", $slug),)+ }
            }

            /// The status that goes with it.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The short title, the same for every occurrence.
            pub fn title(self) -> Text {
                match self { $(Self::$name => text($german, $english),)+ }
            }

            /// When it is answered and what to do next, for the documents.
            pub fn when(self) -> &'static str {
                match self { $(Self::$name => $when,)+ }
            }
        }
    };
}

kinds! {
    BadRequest = "bad-request", BAD_REQUEST, "Ungültige Anfrage", "Bad request",
        "The request cannot be understood: a malformed header, for instance. Correct it.";
    MalformedJson = "malformed-json", BAD_REQUEST, "Kein gültiges JSON", "Malformed JSON",
        "The body is not JSON; `detail` names line and column.";
    MalformedMultipart = "malformed-multipart", BAD_REQUEST, "Kein gültiger Upload", "Malformed upload",
        "The body is not the `multipart/form-data` that the operation takes: a part is missing, doubled, unknown or cut off.";
    QueryInvalid = "query-invalid", BAD_REQUEST, "Ungültige Abfrage", "Invalid query",
        "A query parameter is unknown or has a wrong value, a cursor was edited, or a search cannot be read; `errors` names each parameter.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Nicht angemeldet", "Not signed in",
        "No valid credentials came with the request. Sign in or send a token.";
    Forbidden = "forbidden", FORBIDDEN, "Nicht erlaubt", "Not allowed",
        "You may know that it exists but may not do this with it. Ask someone who has the right.";
    NotFound = "not-found", NOT_FOUND, "Nicht gefunden", "Not found",
        "Nothing is there, or nothing that you may know of.";
    NoPicture = "no-picture", NOT_FOUND, "Kein Bild vorhanden", "No picture",
        "There is such a page, and no picture of it: its format is not drawn, or it cannot be; `detail` says which. Show its text.";
    NoCopy = "no-copy", NOT_FOUND, "Keine durchsuchbare Kopie", "No searchable copy",
        "The version is there, and no searchable copy of it: it is no scan, it is signed, or a copy cannot be made; `detail` says which. Take its content.";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "Methode nicht erlaubt", "Method not allowed",
        "The address exists but not with this method; `Allow` lists those that do.";
    NotAcceptable = "not-acceptable", NOT_ACCEPTABLE, "Format nicht verfügbar", "Not acceptable",
        "None of the media types in `Accept` can be served.";
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT, "Anfrage zu langsam", "Request too slow",
        "The body stopped arriving. Send it again.";
    Conflict = "conflict", CONFLICT, "Konflikt", "Conflict",
        "The request contradicts what is there, or somebody else was faster. Read it again, then decide.";
    StateConflict = "state-conflict", CONFLICT, "Zustand lässt das nicht zu", "State does not allow this",
        "The thing is in a state (`current_state`) in which this cannot be done.";
    AlreadyExists = "already-exists", CONFLICT, "Schon vorhanden", "Already exists",
        "Something with this name or number exists already. Choose another.";
    IdempotencyInProgress = "idempotency-in-progress", CONFLICT, "Anfrage läuft noch", "Request still running",
        "The same `Idempotency-Key` is being worked on. Wait `retry_after` seconds, then repeat.";
    ContentDestroyed = "content-destroyed", GONE, "Inhalt vernichtet", "Content destroyed",
        "Two people had the content of this version destroyed. It does not come back; what is said about the document stays.";
    PreconditionFailed = "precondition-failed", PRECONDITION_FAILED, "Inzwischen geändert", "Changed meanwhile",
        "`If-Match` names a state that is no longer current (`current_etag`). Read again, then decide.";
    PayloadTooLarge = "payload-too-large", PAYLOAD_TOO_LARGE, "Zu groß", "Too large",
        "The body or one of its parts is larger than `limit` bytes.";
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "Format nicht unterstützt", "Unsupported media type",
        "The body's `Content-Type` or `Content-Encoding` is not one that the operation takes.";
    RangeNotSatisfiable = "range-not-satisfiable", RANGE_NOT_SATISFIABLE, "Bereich nicht vorhanden", "Range not satisfiable",
        "The range begins behind the end; `Content-Range` says how long the content is.";
    Validation = "validation", UNPROCESSABLE_ENTITY, "Angaben unvollständig oder falsch", "Invalid fields",
        "Well-formed but wrong; `errors` has one entry with a JSON pointer for each field.";
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "Idempotency-Key schon benutzt", "Idempotency key reused",
        "The same `Idempotency-Key` came before with another request. Use a new key.";
    BiometricContent = "biometric-content", UNPROCESSABLE_ENTITY, "Biometrische Daten", "Biometric data",
        "The content is a biometric record, such as one of fingerprints or of a face. Nothing was stored. Hand in what was declared about it, and delete the content where it came from.";
    Infected = "infected", UNPROCESSABLE_ENTITY, "Schadsoftware gefunden", "Infected content",
        "The virus scanner knows a signature (`signature`) that fits the content. It was put into quarantine and is no document. Tell whoever sent it, and whoever runs the server.";
    PreconditionRequired = "precondition-required", PRECONDITION_REQUIRED, "If-Match fehlt", "If-Match required",
        "A change must say which state it is based on. Send `If-Match` with the `ETag` you read.";
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS, "Zu viele Anfragen", "Too many requests",
        "Slow down; try again after `retry_after` seconds.";
    ContentWithheld = "content-withheld", UNAVAILABLE_FOR_LEGAL_REASONS, "Inhalt gesperrt", "Content withheld",
        "A biometric record was found in this version, or it is to be removed from a file: neither content nor text is handed out. Of a record tell whoever is responsible for data protection, and add a version without it.";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Interner Fehler", "Internal error",
        "Our fault. The log knows more under the request id in `instance`.";
    NotImplemented = "not-implemented", NOT_IMPLEMENTED, "Noch nicht verfügbar", "Not implemented",
        "Foreseen but not available in this version or with this configuration.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Vorübergehend nicht verfügbar", "Temporarily unavailable",
        "A part that is needed does not answer or is held by somebody else, or the server is about to stop. Try again after `retry_after` seconds.";
    AccessLogUnavailable = "access-log-unavailable", SERVICE_UNAVAILABLE, "Zugriff kann nicht protokolliert werden", "The look cannot be recorded",
        "Whoever looks at this is recorded, and that is not possible at the moment: so nothing is shown. Try again after `retry_after` seconds, and tell whoever runs the server.";
    KeyMissing = "key-missing", SERVICE_UNAVAILABLE, "Schlüssel fehlt", "Key missing",
        "There is no key for the compartment in which it shall stand, and content goes under no other: nothing was stored, moved or created. Tell whoever runs the server.";
    ScannerUnavailable = "scanner-unavailable", SERVICE_UNAVAILABLE, "Virenprüfung nicht möglich", "Virus scanner unavailable",
        "The virus scanner does not answer, and nothing is taken in without it. Try again after `retry_after` seconds, and tell whoever runs the server.";
    IndexBehind = "index-behind", SERVICE_UNAVAILABLE, "Suche noch nicht so weit", "Search not that far yet",
        "`min_seq` has not reached the index yet (`index_seq` has). Try again after `retry_after` seconds.";
    Timeout = "timeout", SERVICE_UNAVAILABLE, "Zeit überschritten", "Took too long",
        "The server took too long and gave up. Whether a change took effect is unknown: repeat it with the same `Idempotency-Key`.";
    InsufficientStorage = "insufficient-storage", INSUFFICIENT_STORAGE, "Speicher voll", "Storage full",
        "There is no room for the content. Tell whoever runs the server.";
}

impl Kind {
    /// The kind that stands for a bare status, as the framework answers it.
    pub fn of_status(status: StatusCode) -> Self {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.status() == status)
            .unwrap_or(if status.is_client_error() {
                Self::BadRequest
            } else {
                Self::Internal
            })
    }

    /// The table that `docs/http.md` must contain, word for word.
    pub fn table() -> String {
        let mut table = String::from(
            "| `type` (after `urn:papierlos:problem:`) | status | when, and what to do |\n| --- | --- | --- |\n",
        );
        for kind in Self::ALL {
            table.push_str(&format!(
                "| `{}` | {} | {} |\n",
                kind.slug(),
                kind.status().as_u16(),
                kind.when()
            ));
        }
        table
    }

    /// The kind with this `type` URI.
    pub fn parse(uri: &str) -> Option<Self> {
        let slug = uri.strip_prefix(URN)?;
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }
}
