//! What a tablet has to show, on the wire. Of a job that is over it is told that it is, and nothing of what it was
//! about: whoever stands there next is told nothing of whoever stood there before.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::SigningJob;
use super::wire::SigningState;
use crate::base::Timestamp;

/// A page to show.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageToShow {
    /// 1, 2, 3 …
    pub(super) number: u32,
    /// From left to right, in points.
    pub(super) width: f64,
    /// From top to bottom, in points.
    pub(super) height: f64,
    /// Where its picture is.
    pub(super) picture: String,
    /// Its text, as far as it was read.
    pub(super) text: String,
}

/// What a tablet shows. Once the job is over, `id`, `state` and `now` are all there is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobToShow {
    /// Its id.
    id: Uuid,
    /// Where in its life it is.
    state: SigningState,
    /// The time here: milliseconds since 1970.
    now: i64,
    /// What the tablet signs along with whatever it sends in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nonce: Option<String>,
    /// What for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purpose: Option<String>,
    /// What whoever signs confirms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sentence: Option<String>,
    /// In which language the tablet begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    language: Option<&'static str>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    /// The pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pages: Option<Vec<PageToShow>>,
}

impl JobToShow {
    /// Of a job that is over.
    pub(super) fn over(job: &SigningJob, now: Timestamp) -> Self {
        Self {
            id: job.id.raw(),
            state: job.state_at(now).into(),
            now: now.micros() / 1_000,
            nonce: None,
            purpose: None,
            sentence: None,
            language: None,
            expires_at: None,
            pages: None,
        }
    }

    /// Of a job that goes on.
    pub(super) fn open(job: &SigningJob, now: Timestamp, pages: Vec<PageToShow>) -> Self {
        Self {
            nonce: Some(job.nonce.clone()),
            purpose: Some(job.purpose.clone()),
            sentence: Some(job.sentence.clone()),
            language: Some(job.language.code()),
            expires_at: Some(job.expires_at.to_string()),
            pages: Some(pages),
            ..Self::over(job, now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JobToShow;
    use crate::signing::model::Step;
    use crate::signing::tests::{at, job};

    #[test]
    fn of_a_job_that_is_over_a_tablet_is_told_that_it_is_and_nothing_else() {
        let names = |view: &JobToShow| {
            let view = serde_json::to_value(view).unwrap();
            let mut names: Vec<String> = view.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        let open = job();
        let view = JobToShow::open(&open, at(1), Vec::new());
        assert_eq!(names(&view).len(), 9);
        let cancelled = open.stepped(Step::Cancel, at(2)).unwrap();
        let view = JobToShow::over(&cancelled, at(3));
        assert_eq!(names(&view), ["id", "now", "state"]);
    }
}
