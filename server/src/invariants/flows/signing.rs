//! What was sent, and what was signed before: I-9 and I-12.

use uuid::Uuid;
use workflow::definition::StepKind;
use workflow::instance::{Bound, StepState, StepStatus};

use super::super::model::{Book, say};
use super::Walk;

impl Walk<'_> {
    /// Whether two versions of a document say the same: they are the same, the final signer has said so, or one is
    /// what the house made of the other, a seal for instance.
    fn is_same_text(&self, version: &Bound, signed: &Bound) -> bool {
        if version.sha512.eq_ignore_ascii_case(&signed.sha512) {
            return true;
        }
        let editorial = self.instance.as_ref();
        let same = editorial.and_then(|instance| instance.editorial.get(&version.document));
        let has = |sha: &str| {
            same.is_some_and(|one| one.same.iter().any(|it| it.eq_ignore_ascii_case(sha)))
        };
        if has(&version.sha512) && has(&signed.sha512) {
            return true;
        }
        let document = Uuid::parse_str(&version.document.0).unwrap_or_default();
        let number = |bound: &Bound| i64::try_from(bound.version).unwrap_or(i64::MAX);
        let (from, to) = (number(signed), number(version));
        let between = self.versions.get(&document).into_iter().flatten();
        let mut between = between.filter(|one| from < one.number && one.number <= to);
        from < to && between.all(super::super::journal::Version::is_made)
    }

    /// Whether the definition asks for a final signature of what a document is in it.
    fn wants_signature(&self, document: &Bound) -> bool {
        let (Some(definition), Some(instance)) = (self.definition, &self.instance) else {
            return true;
        };
        let is = |field: &str| {
            let named = instance.fields.get(field);
            matches!(named, Some(workflow::instance::Value::Document(id)) if *id == document.document)
        };
        let mut steps = definition.states.iter().flat_map(|state| &state.steps);
        steps.any(|step| step.kind == StepKind::FinalSign && step.binds.as_deref().is_some_and(is))
    }

    /// I-9 and I-12: what is sent was finally signed, and every mark in force is of it.
    pub(super) fn dispatched(&self, version: &Bound, book: &mut Book) {
        book.of(9).looked(1);
        book.of(12).looked(1);
        let flow = self.flow.id;
        self.exists(version, book);
        let signed = self
            .steps()
            .iter()
            .filter_map(|step| {
                Some((
                    step.round,
                    step.number,
                    mark(step, StepKind::FinalSign, version)?,
                ))
            })
            .max_by_key(|(round, number, _)| (*round, *number));
        match &signed {
            None if self.wants_signature(version) => {
                let why = say(
                    format!(
                        "sandte Dokument {} ohne Schlusszeichnung ab",
                        version.document.0
                    ),
                    format!(
                        "dispatched document {} without a final signature",
                        version.document.0
                    ),
                );
                book.of(12).offend("workflow", flow, why);
            }
            None => {
                let cites = self.definition.is_some_and(|one| !one.legal.is_empty());
                if !cites {
                    let why = say(
                        format!(
                            "sandte Dokument {} ohne Schlusszeichnung ab, und die Definition nennt keine Regel dafür",
                            version.document.0
                        ),
                        format!(
                            "dispatched document {} without a final signature, and the definition names no rule for that",
                            version.document.0
                        ),
                    );
                    book.of(12).offend("workflow", flow, why);
                }
            }
            Some((_, number, signed)) if !self.is_same_text(version, signed) => {
                let why = say(
                    format!(
                        "sandte Fassung {} von Dokument {} ab, schlussgezeichnet ist Fassung {} (Schritt {number})",
                        version.version, version.document.0, signed.version
                    ),
                    format!(
                        "dispatched version {} of document {}, finally signed is version {} (step {number})",
                        version.version, version.document.0, signed.version
                    ),
                );
                book.of(9).offend("workflow", flow, why);
            }
            Some(_) => {}
        }
        self.co_signed(version, book);
    }

    /// I-9: every co-signature in force is of what is sent.
    fn co_signed(&self, version: &Bound, book: &mut Book) {
        let before = self.instance.as_ref();
        let before = before.and_then(|instance| instance.sent_in.get(&version.document));
        for step in self.steps() {
            // Marks under what was sent before stand for that.
            if before.is_some_and(|round| step.round <= *round) {
                continue;
            }
            let Some(marked) = mark(step, StepKind::CoSign, version) else {
                continue;
            };
            if !self.is_same_text(version, &marked) {
                let why = super::of_step(
                    step,
                    "ist an eine andere Fassung gebunden als die abgesandte",
                    "is bound to another version than the dispatched one",
                );
                book.of(9).offend("workflow", self.flow.id, why);
            }
        }
    }

    /// I-9: that version is there, with that content, and changes no more.
    fn exists(&self, version: &Bound, book: &mut Book) {
        let document = Uuid::parse_str(&version.document.0).unwrap_or_default();
        let mut known = self.versions.get(&document).into_iter().flatten();
        let found = known.find(|one| {
            u64::try_from(one.number) == Ok(version.version)
                && one.sha512.eq_ignore_ascii_case(&version.sha512)
        });
        let why = match found {
            None => say(
                format!(
                    "nennt eine Fassung {} von Dokument {}, die es nicht gibt",
                    version.version, version.document.0
                ),
                format!(
                    "names a version {} of document {} that is not there",
                    version.version, version.document.0
                ),
            ),
            Some(one) if !one.frozen => say(
                format!(
                    "sandte Fassung {} von Dokument {} ab, die nicht festgeschrieben ist",
                    version.version, version.document.0
                ),
                format!(
                    "dispatched version {} of document {}, which is not frozen",
                    version.version, version.document.0
                ),
            ),
            Some(_) => return,
        };
        book.of(9).offend("workflow", self.flow.id, why);
    }
}

/// The version to which a mark of a kind is bound that is in force, if it is one of the document that is sent.
fn mark(step: &StepState, kind: StepKind, sent: &Bound) -> Option<Bound> {
    if step.kind != kind || step.status != StepStatus::Done {
        return None;
    }
    let bound = step.done.as_ref()?.bound.clone()?;
    (bound.document == sent.document).then_some(bound)
}
