//! The workflows that come with the program: what a town of North Rhine-Westphalia could begin with.

/// The definitions that come with the program, each under the name of its file.
pub const SHIPPED: &[(&str, &[u8])] = &[
    (
        "id-handover.toml",
        include_bytes!("../../definitions/id-handover.toml"),
    ),
    (
        "certificate-of-conduct.toml",
        include_bytes!("../../definitions/certificate-of-conduct.toml"),
    ),
    (
        "registration-certificate.toml",
        include_bytes!("../../definitions/registration-certificate.toml"),
    ),
    (
        "registration.toml",
        include_bytes!("../../definitions/registration.toml"),
    ),
    (
        "mayors-post.toml",
        include_bytes!("../../definitions/mayors-post.toml"),
    ),
    (
        "complaint.toml",
        include_bytes!("../../definitions/complaint.toml"),
    ),
    (
        "council-paper.toml",
        include_bytes!("../../definitions/council-paper.toml"),
    ),
    (
        "incoming-invoice.toml",
        include_bytes!("../../definitions/incoming-invoice.toml"),
    ),
    (
        "business-trip.toml",
        include_bytes!("../../definitions/business-trip.toml"),
    ),
    (
        "personnel-opening.toml",
        include_bytes!("../../definitions/personnel-opening.toml"),
    ),
    (
        "personnel-entry.toml",
        include_bytes!("../../definitions/personnel-entry.toml"),
    ),
    (
        "personnel-removal.toml",
        include_bytes!("../../definitions/personnel-removal.toml"),
    ),
    (
        "personnel-closure.toml",
        include_bytes!("../../definitions/personnel-closure.toml"),
    ),
];

#[cfg(test)]
mod tests;
