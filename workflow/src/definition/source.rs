//! Where fields come from.

/// Where a field comes from when the workflow begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `case.subject`, `case.reference`, `case.opened_on`.
    Case(CaseFact),
    /// `document`: the document with which it was begun.
    Document,
    /// `document.field.CODE`: what that document says in a field of its type.
    DocumentField(String),
    /// `document.title`, `document.correspondent`, `document.received_on`, `document.dated`.
    DocumentFact(DocumentFact),
    /// `document.invoice.number` and so on: what that document says of itself as an invoice in XML.
    Invoice(InvoiceFact),
    /// `initiator`: who began it.
    Initiator,
    /// `today`.
    Today,
}

/// What a case tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseFact {
    /// Vorgangszeichen.
    Reference,
    /// Betreff.
    Subject,
    /// Its first day.
    OpenedOn,
}

/// What a document tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFact {
    /// Its title.
    Title,
    /// Who stands on the other side.
    Correspondent,
    /// The day on which it came in.
    ReceivedOn,
    /// The day that is written on it.
    Dated,
}

/// What an invoice in XML (XRechnung, `ZUGFeRD`) says of itself, and what the house knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceFact {
    /// Its number.
    Number,
    /// The amount with tax, where it is in euro.
    Gross,
    /// The day on which it is to be paid.
    DueOn,
    /// Its own day.
    IssuedOn,
    /// What the buyer wants to be named (BT-10), in Germany the Leitweg-ID.
    LeitwegId,
    /// By what the seller is told from others: the number of his value added tax (BT-31) or tax number (BT-32).
    SellerId,
    /// The name of the seller.
    Seller,
    /// Whether another invoice of that seller with that number, day and amount was there before.
    Duplicate,
}
