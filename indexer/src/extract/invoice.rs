//! Invoices in XML as EN 16931 has them (XRechnung, ZUGFeRD, Factur-X), in both of their languages:
//! UBL and UN/CEFACT CII. What an invoice is about becomes facts; all that stands in it, its text.

use serde::{Deserialize, Serialize};
use time::{Date, Month};

use super::markup::{self, Item, Markup};
use super::pager::{Pager, Reading};
use super::parts::is_invisible;
use super::wire::End;
use super::{Engine, Format};

pub(super) const UBL: Engine = Engine {
    name: "ubl",
    version: "1",
};
pub(super) const CII: Engine = Engine {
    name: "cii",
    version: "1",
};

/// The longest text of a fact, in characters.
const TEXT_CHARS_MAX: usize = 500;
/// Accounts that one invoice may name.
const IBANS_MAX: usize = 10;
/// By what the root element of each language is told from others of its name.
const NAMESPACES: [(&str, &[u8], Format); 4] = [
    (
        "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        b"Invoice",
        Format::Ubl,
    ),
    (
        "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
        b"CreditNote",
        Format::Ubl,
    ),
    (
        "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:",
        b"CrossIndustryInvoice",
        Format::Cii,
    ),
    // ZUGFeRD 1.
    (
        "urn:ferd:CrossIndustryDocument:",
        b"CrossIndustryDocument",
        Format::Cii,
    ),
];
/// Attachments, which are documents of their own.
const BINARY: [&[u8]; 2] = [b"EmbeddedDocumentBinaryObject", b"AttachmentBinaryObject"];
/// So much of a name is looked at, which is more than any known one has: the path is gone through for each leaf.
const NAME_BYTES_MAX: usize = 64;
/// The parts of an invoice that are about single goods.
const LINES: [&str; 3] = [
    "InvoiceLine/",
    "CreditNoteLine/",
    "IncludedSupplyChainTradeLineItem/",
];

/// What an invoice is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoice {
    /// Rechnungsnummer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Code of its kind (UNTDID 1001): `380` is an invoice, `381` a credit note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Who sells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<String>,
    /// By what the seller is told from others: the number of his value added tax, or his tax number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_id: Option<String>,
    /// Who buys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<String>,
    /// When it was issued, YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// When it is to be paid, YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The amount with tax, with a decimal point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross: Option<String>,
    /// The currency of the amount: three capital letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What the buyer wants to be named: in Germany the Leitweg-ID of an office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_reference: Option<String>,
    /// The accounts to pay to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ibans: Vec<String>,
}

/// Facts, and by the end of which path each is found. The first that is found counts.
const FACTS: [(Fact, &str); 28] = [
    (Fact::Number, "/Invoice/ID"),
    (Fact::Number, "/CreditNote/ID"),
    (Fact::Number, "ExchangedDocument/ID"),
    (Fact::Kind, "/InvoiceTypeCode"),
    (Fact::Kind, "/CreditNoteTypeCode"),
    (Fact::Kind, "ExchangedDocument/TypeCode"),
    (Fact::Issued, "/Invoice/IssueDate"),
    (Fact::Issued, "/CreditNote/IssueDate"),
    (
        Fact::Issued,
        "ExchangedDocument/IssueDateTime/DateTimeString",
    ),
    (Fact::Due, "/Invoice/DueDate"),
    (Fact::Due, "/PaymentMeans/PaymentDueDate"),
    (
        Fact::Due,
        "/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",
    ),
    (
        Fact::Seller,
        "/AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName",
    ),
    (Fact::Seller, "/SellerTradeParty/Name"),
    (
        Fact::SellerAlso,
        "/AccountingSupplierParty/Party/PartyName/Name",
    ),
    (
        Fact::SellerId,
        "/AccountingSupplierParty/Party/PartyTaxScheme/CompanyID",
    ),
    (
        Fact::SellerId,
        "/SellerTradeParty/SpecifiedTaxRegistration/ID",
    ),
    (
        Fact::Buyer,
        "/AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName",
    ),
    (Fact::Buyer, "/BuyerTradeParty/Name"),
    (
        Fact::BuyerAlso,
        "/AccountingCustomerParty/Party/PartyName/Name",
    ),
    (Fact::Gross, "/LegalMonetaryTotal/TaxInclusiveAmount"),
    (Fact::Gross, "MonetarySummation/GrandTotalAmount"),
    (Fact::Currency, "/DocumentCurrencyCode"),
    (Fact::Currency, "/InvoiceCurrencyCode"),
    (Fact::Reference, "/Invoice/BuyerReference"),
    (Fact::Reference, "/CreditNote/BuyerReference"),
    (Fact::Reference, "TradeAgreement/BuyerReference"),
    (Fact::Iban, "/PayeePartyCreditorFinancialAccount/IBANID"),
];
/// An account in UBL may be none with an IBAN.
const UBL_ACCOUNT: &str = "/PaymentMeans/PayeeFinancialAccount/ID";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Number,
    Kind,
    Issued,
    Due,
    Seller,
    SellerAlso,
    SellerId,
    Buyer,
    BuyerAlso,
    Gross,
    Currency,
    Reference,
    Iban,
}

/// Reads a document in XML, if it is an invoice.
pub(super) fn read(content: &[u8], pager: &mut Pager<'_>) -> Reading {
    let text = markup::decode(content);
    let mut markup = Markup::new(&text);
    let Some(format) = root(&mut markup)? else {
        return Err(End::Unknown.into());
    };
    pager.format(format)?;
    let mut found = Found::default();
    let read = found.walk(&mut markup);
    let invoice = found.facts();
    invoice
        .lines()
        .iter()
        .try_for_each(|line| pager.flow(line))?;
    if invoice != Invoice::default() {
        pager.invoice(invoice)?;
    }
    found.lines.iter().try_for_each(|line| pager.flow(line))?;
    read
}

/// The facts of an invoice that is part of another document; nothing if it is none, or damaged.
pub(super) fn facts(content: &[u8]) -> Option<Invoice> {
    let text = markup::decode(content);
    let mut markup = Markup::new(&text);
    root(&mut markup).ok()??;
    let mut found = Found::default();
    found.walk(&mut markup).ok()?;
    Some(found.facts()).filter(|invoice| *invoice != Invoice::default())
}

/// Which language the document is written in, by its root element.
fn root(markup: &mut Markup<'_>) -> Reading<Option<Format>> {
    while let Some(item) = markup.next()? {
        let Item::Open(start) = item else { continue };
        let name = start.local_name();
        let mut attributes = start.attributes();
        let spaces: Vec<String> = attributes
            .with_checks(false)
            .flatten()
            .take(100)
            .map(|one| String::from_utf8_lossy(&one.value).into_owned())
            .collect();
        let known = NAMESPACES.iter().find(|(space, root, _)| {
            name.as_ref() == *root && spaces.iter().any(|one| one.starts_with(space))
        });
        return Ok(known.map(|(_, _, format)| *format));
    }
    Ok(None)
}

/// What is found on the way.
#[derive(Default)]
struct Found {
    facts: Vec<(Fact, String)>,
    /// All that stands in the invoice: what belongs together is a line.
    lines: Vec<String>,
}

impl Found {
    fn walk(&mut self, markup: &mut Markup<'_>) -> Reading {
        // The path of elements, each with whether it holds others. The root is open already.
        let mut path = String::from("/root");
        let mut holds_others = vec![true];
        let (mut value, mut line) = (String::new(), Vec::new());
        while let Some(item) = markup.next()? {
            match item {
                Item::Open(start) if BINARY.contains(&start.local_name().as_ref()) => {
                    markup.skip()?;
                }
                Item::Open(start) => {
                    if let Some(last) = holds_others.last_mut() {
                        *last = true;
                    }
                    holds_others.push(false);
                    path.push('/');
                    let name = start.local_name();
                    let name = name.as_ref();
                    let name = name.get(..NAME_BYTES_MAX).unwrap_or(name);
                    path.push_str(&String::from_utf8_lossy(name));
                    value.clear();
                }
                Item::Text(text) => value.push_str(&text),
                Item::Close(_) => {
                    let is_leaf = holds_others.pop() == Some(false);
                    let said = std::mem::take(&mut value).trim().to_owned();
                    if is_leaf && !said.is_empty() {
                        self.note(&path, &said);
                        line.push(said.replace(['\n', '\t'], " "));
                    } else if !is_leaf && !line.is_empty() {
                        self.lines.push(line.join("\t"));
                        line.clear();
                    }
                    path.truncate(path.rfind('/').unwrap_or(0));
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, path: &str, said: &str) {
        if LINES.iter().any(|line| path.contains(line)) {
            return;
        }
        let path = path.strip_prefix("/root").unwrap_or(path);
        // What stands directly in the root is named with it in the table.
        let whole = [format!("/Invoice{path}"), format!("/CreditNote{path}")];
        let mut add = |fact| self.facts.push((fact, said.to_owned()));
        for (fact, end) in FACTS {
            let is_direct = end.starts_with("/Invoice/") || end.starts_with("/CreditNote/");
            if (is_direct && whole.iter().any(|whole| whole == end))
                || (!is_direct && path.ends_with(end))
            {
                add(fact);
                return;
            }
        }
        if path.ends_with(UBL_ACCOUNT) {
            add(Fact::Iban);
        }
    }

    /// The number of the seller's value added tax, if he names one; else what he is taxed by.
    fn seller_id(&self) -> Option<String> {
        let all = self
            .facts
            .iter()
            .filter(|(fact, _)| *fact == Fact::SellerId);
        let mut all = all.map(|(_, said)| bare(said));
        let first = all.next()?;
        if is_vat(&first) {
            return Some(first);
        }
        Some(all.find(|said| is_vat(said)).unwrap_or(first))
    }

    fn facts(&self) -> Invoice {
        let first = |wanted: Fact| {
            let found = self.facts.iter().find(|(fact, _)| *fact == wanted);
            found.map(|(_, said)| said.clone())
        };
        let accounts = self.facts.iter().filter(|(fact, _)| *fact == Fact::Iban);
        Invoice {
            number: first(Fact::Number),
            kind: first(Fact::Kind),
            seller: first(Fact::Seller).or_else(|| first(Fact::SellerAlso)),
            seller_id: self.seller_id(),
            buyer: first(Fact::Buyer).or_else(|| first(Fact::BuyerAlso)),
            issued: first(Fact::Issued),
            due: first(Fact::Due),
            gross: first(Fact::Gross),
            currency: first(Fact::Currency),
            buyer_reference: first(Fact::Reference),
            ibans: accounts.map(|(_, said)| said.clone()).collect(),
        }
        .sound()
    }
}

impl Invoice {
    /// Only what is what it should be: dates that are dates, amounts that are numbers. Whoever sent
    /// the invoice wrote anything there.
    #[must_use]
    pub fn sound(self) -> Self {
        let text = |said: Option<String>| {
            let said = said?;
            let clean: String = said
                .chars()
                .filter(|c| !is_invisible(*c))
                .map(|c| if c.is_control() { ' ' } else { c })
                .take(TEXT_CHARS_MAX)
                .collect();
            Some(clean.trim().to_owned()).filter(|clean| !clean.is_empty())
        };
        let date = |said: Option<String>| said.and_then(|said| day(&said));
        let mut ibans: Vec<String> = self.ibans.iter().filter_map(|said| iban(said)).collect();
        ibans.sort_unstable();
        ibans.dedup();
        ibans.truncate(IBANS_MAX);
        Self {
            number: text(self.number),
            kind: text(self.kind).filter(|kind| kind.len() <= 10),
            seller: text(self.seller),
            seller_id: text(self.seller_id),
            buyer: text(self.buyer),
            issued: date(self.issued),
            due: date(self.due),
            gross: self.gross.filter(|said| is_amount(said)),
            currency: self.currency.filter(|said| {
                said.len() == 3 && said.bytes().all(|byte| byte.is_ascii_uppercase())
            }),
            buyer_reference: text(self.buyer_reference),
            ibans,
        }
    }

    /// The facts as a person reads them.
    fn lines(&self) -> Vec<String> {
        let german = |day: &String| {
            let mut parts: Vec<&str> = day.split('-').collect();
            parts.reverse();
            parts.join(".")
        };
        let gross = self.gross.as_ref().map(|gross| {
            let currency = self.currency.as_deref().unwrap_or_default();
            format!("{} {currency}", gross.replace('.', ","))
        });
        let title = if self.kind.as_deref() == Some("381") {
            "Gutschrift"
        } else {
            "Rechnung"
        };
        let said = [
            (title, self.number.clone()),
            ("Verkäufer", self.seller.clone()),
            ("Käufer", self.buyer.clone()),
            ("Rechnungsdatum", self.issued.as_ref().map(german)),
            ("Fällig", self.due.as_ref().map(german)),
            ("Bruttobetrag", gross),
            ("Leitweg-ID/Käuferreferenz", self.buyer_reference.clone()),
            (
                "IBAN",
                Some(self.ibans.join(", ")).filter(|all| !all.is_empty()),
            ),
        ];
        let said = said.into_iter();
        said.filter_map(|(name, said)| said.map(|said| format!("{name}\t{said}")))
            .collect()
    }
}

/// A day as `2026-03-01` or, in CII, `20260301`; the same day as `2026-03-01`.
fn day(said: &str) -> Option<String> {
    let digits: String = said.chars().filter(|c| *c != '-').collect();
    // A time or a zone may stand behind a date.
    let digits = digits
        .get(..8)
        .filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let real = Date::from_calendar_date(
        year.parse().ok()?,
        Month::try_from(month.parse::<u8>().ok()?).ok()?,
        day.parse().ok()?,
    );
    real.ok().map(|_| format!("{year}-{month}-{day}"))
}

fn is_amount(said: &str) -> bool {
    let digits = said.strip_prefix('-').unwrap_or(said);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| {
        (1..=18).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    are_digits(whole) && are_digits(places)
}

/// A number as it is compared: without spaces.
fn bare(said: &str) -> String {
    said.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether it begins as a number of value added tax does: with the letters of a state.
fn is_vat(said: &str) -> bool {
    let mut letters = said.bytes().take(2);
    said.len() > 2 && letters.all(|letter| letter.is_ascii_uppercase())
}

fn iban(said: &str) -> Option<String> {
    let bare: String = said
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(35)
        .collect();
    let bytes = bare.as_bytes();
    let is_iban = (15..=34).contains(&bytes.len())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric);
    is_iban.then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_only_what_they_should_be() {
        assert_eq!(day("2026-03-01").as_deref(), Some("2026-03-01"));
        assert_eq!(day("20260301").as_deref(), Some("2026-03-01"));
        assert_eq!(day("2026-03-01+01:00").as_deref(), Some("2026-03-01"));
        assert_eq!(day("2026-02-30"), None);
        assert_eq!(day("gestern"), None);
        assert!(is_amount("336.9") && is_amount("-5") && !is_amount("1,5") && !is_amount("1e9"));
        assert_eq!(
            iban("DE79 0000 0000 1234 5678 90").as_deref(),
            Some("DE79000000001234567890")
        );
        assert_eq!(iban("1234567"), None);
        let said = Invoice {
            number: Some(format!(" R\u{1}{} ", "9".repeat(600))),
            gross: Some("viel".into()),
            currency: Some("Euro".into()),
            ..Invoice::default()
        };
        let sound = said.sound();
        assert_eq!(sound.number.map(|number| number.chars().count()), Some(499));
        assert_eq!((sound.gross, sound.currency), (None, None));
    }
}
