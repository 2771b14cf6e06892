//! Work to come, by name. The runner in `jobs` knows what each name means.

use uuid::Uuid;

use super::ids::{DeliveryId, DocumentId, MailId, ProposalId, SigningJobId, VersionId};

/// Work that a change leaves behind, enqueued in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Read the text of a version.
    ExtractText(VersionId),
    /// Read the pages of a version that are pictures.
    ReadScan(VersionId),
    /// Make pages of a version that an office program wrote.
    ConvertOffice(VersionId),
    /// Send a message to a subscriber.
    DeliverWebhook(DeliveryId),
    /// Bring the content of a document under the keys of where it stands.
    MoveContent(DocumentId),
    /// Destroy what two people have decided to destroy.
    CarryOut(ProposalId),
    /// Make the searchable copy of a version.
    MakeCopy(VersionId),
    /// Make documents of what lies between the separator sheets of a version.
    SplitBatch(VersionId),
    /// Write the readable protocol of a signature.
    WriteProtocol(SigningJobId),
    /// Send a mail about workflows.
    SendMail(MailId),
}

/// The names in the table of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// See [`Job::ExtractText`].
    ExtractText,
    /// See [`Job::ReadScan`].
    ReadScan,
    /// See [`Job::ConvertOffice`].
    ConvertOffice,
    /// See [`Job::DeliverWebhook`].
    DeliverWebhook,
    /// See [`Job::MoveContent`].
    MoveContent,
    /// See [`Job::CarryOut`].
    CarryOut,
    /// See [`Job::MakeCopy`].
    MakeCopy,
    /// See [`Job::SplitBatch`].
    SplitBatch,
    /// See [`Job::WriteProtocol`].
    WriteProtocol,
    /// See [`Job::SendMail`].
    SendMail,
}

impl JobKind {
    /// How many there are.
    pub(crate) const COUNT: usize = 10;

    /// A number of its own, below [`JobKind::COUNT`].
    pub(crate) const fn place(self) -> usize {
        match self {
            Self::ExtractText => 0,
            Self::ReadScan => 1,
            Self::ConvertOffice => 2,
            Self::DeliverWebhook => 3,
            Self::MoveContent => 4,
            Self::CarryOut => 5,
            Self::MakeCopy => 6,
            Self::SplitBatch => 7,
            Self::WriteProtocol => 8,
            Self::SendMail => 9,
        }
    }

    /// Whether it computes for a while, and nobody waits for it.
    pub(crate) const fn reads(self) -> bool {
        match self {
            Self::ExtractText | Self::ReadScan | Self::ConvertOffice => true,
            Self::DeliverWebhook
            | Self::MakeCopy
            | Self::MoveContent
            | Self::CarryOut
            | Self::SplitBatch
            | Self::WriteProtocol
            | Self::SendMail => false,
        }
    }

    /// As it stands in the row.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ExtractText => "extract_text",
            Self::ReadScan => "read_scan",
            Self::ConvertOffice => "convert_office",
            Self::DeliverWebhook => "deliver_webhook",
            Self::MoveContent => "move_content",
            Self::CarryOut => "carry_out",
            Self::MakeCopy => "make_copy",
            Self::SplitBatch => "split_batch",
            Self::WriteProtocol => "write_protocol",
            Self::SendMail => "send_mail",
        }
    }
}

impl Job {
    /// The name.
    #[must_use]
    pub const fn kind(self) -> JobKind {
        match self {
            Self::ExtractText(_) => JobKind::ExtractText,
            Self::ReadScan(_) => JobKind::ReadScan,
            Self::ConvertOffice(_) => JobKind::ConvertOffice,
            Self::DeliverWebhook(_) => JobKind::DeliverWebhook,
            Self::MoveContent(_) => JobKind::MoveContent,
            Self::CarryOut(_) => JobKind::CarryOut,
            Self::MakeCopy(_) => JobKind::MakeCopy,
            Self::SplitBatch(_) => JobKind::SplitBatch,
            Self::WriteProtocol(_) => JobKind::WriteProtocol,
            Self::SendMail(_) => JobKind::SendMail,
        }
    }

    /// What the work is about.
    #[must_use]
    pub const fn subject(self) -> Uuid {
        match self {
            Self::ExtractText(version)
            | Self::ReadScan(version)
            | Self::ConvertOffice(version)
            | Self::MakeCopy(version)
            | Self::SplitBatch(version) => version.raw(),
            Self::DeliverWebhook(delivery) => delivery.raw(),
            Self::MoveContent(document) => document.raw(),
            Self::CarryOut(proposal) => proposal.raw(),
            Self::WriteProtocol(job) => job.raw(),
            Self::SendMail(mail) => mail.raw(),
        }
    }

    /// Reads a row.
    #[must_use]
    pub fn of(kind: &str, subject: Uuid) -> Option<Self> {
        [
            JobKind::ExtractText,
            JobKind::ReadScan,
            JobKind::ConvertOffice,
            JobKind::DeliverWebhook,
            JobKind::MoveContent,
            JobKind::CarryOut,
            JobKind::MakeCopy,
            JobKind::SplitBatch,
            JobKind::WriteProtocol,
            JobKind::SendMail,
        ]
        .into_iter()
        .find(|known| known.code() == kind)
        .map(|known| match known {
            JobKind::ExtractText => Self::ExtractText(VersionId::of(subject)),
            JobKind::ReadScan => Self::ReadScan(VersionId::of(subject)),
            JobKind::ConvertOffice => Self::ConvertOffice(VersionId::of(subject)),
            JobKind::DeliverWebhook => Self::DeliverWebhook(DeliveryId::of(subject)),
            JobKind::MoveContent => Self::MoveContent(DocumentId::of(subject)),
            JobKind::CarryOut => Self::CarryOut(ProposalId::of(subject)),
            JobKind::MakeCopy => Self::MakeCopy(VersionId::of(subject)),
            JobKind::SplitBatch => Self::SplitBatch(VersionId::of(subject)),
            JobKind::WriteProtocol => Self::WriteProtocol(SigningJobId::of(subject)),
            JobKind::SendMail => Self::SendMail(MailId::of(subject)),
        })
    }
}
