//! Settings of workflows.

use super::{Setting, setting, words};
use crate::config::shape::Shape;

/// Workflows.
pub(super) const WORKFLOWS: &[Setting] = &[
    setting(
        "workflows.folder",
        words(1_000),
        "",
        "The folder with your own definitions: what `papierlos workflow check` looks at where no file is named. They hold when they were proposed and approved by two others (`docs/workflows.md`).",
    ),
    setting(
        "workflows.shipped",
        Shape::Flag,
        "true",
        "Whether the definitions that come with the program are offered.",
    ),
    setting(
        "workflows.free_days",
        words(8_000),
        "",
        "Days that are no working days besides Saturdays, Sundays and the holidays of North Rhine-Westphalia, such as `2026-12-24, 2026-12-31`.",
    ),
    setting(
        "workflows.export_folder",
        words(1_000),
        "",
        "The folder into which exports of workflows are written, one file for each step, once. Empty: steps that export wait.",
    ),
    setting(
        "workflows.export_webhooks",
        words(4_000),
        "",
        "To whom exports of workflows are handed over instead, as targets and logins of applications such as `finance=finanzverfahren`: by the webhook of that account that names `workflow.export` (`docs/webhooks.md`). Targets that are not named are written into the folder.",
    ),
];
