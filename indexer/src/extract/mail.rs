//! Mail as it travels, RFC 5322 and MIME, by mail-parser.
//!
//! A mail inside of a mail is a part of it, as it is, and is not taken apart here: it becomes a
//! document of its own and gets a worker of its own. So no depth of nesting asks for more than one
//! level at a time.

use std::borrow::Cow;
use std::io;
use std::mem::ManuallyDrop;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Address as Parsed, Encoding, Message, MessageParser, MessagePart};
use mail_parser::{MimeHeaders as _, PartType};

use super::carry::Carrier;
use super::parts::{Address, Mail, PartHead};
use super::wire::End;
use super::{Engine, detect, html};

/// The version of mail-parser, and ours of what is built on it.
pub(super) const ENGINE: Engine = Engine {
    name: "mail-parser",
    version: "0.11.9+2",
};

/// Gives the fields, the text, and part after part.
pub(super) fn read(content: &[u8], out: &mut Carrier<'_>) -> io::Result<End> {
    let raw = detect::without_envelope(content);
    let Some(message) = MessageParser::default().parse(raw) else {
        return Ok(End::Damaged);
    };
    // Mails in mails in mails would be taken down one inside the other, by a stack that ends.
    let message = ManuallyDrop::new(message);
    let mail = fields(&message).bounded();
    out.mail(&mail)?;
    let mut text = mail.head();
    for id in &message.text_body {
        let Some(part) = message.part(*id) else {
            continue;
        };
        match &part.body {
            PartType::Text(words) => text.push_str(words),
            PartType::Html(page) => text.push_str(&html::text(page)),
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => continue,
        }
        text.push('\n');
    }
    let end = out.text(&text)?;
    for id in &message.attachments {
        if out.out_of_time() {
            return Ok(End::Time);
        }
        if let Some(part) = message.part(*id) {
            let bytes = bytes_of(raw, part);
            out.part(&head_of(part), bytes.as_ref(), None)?;
        }
    }
    Ok(end)
}

fn fields(message: &Message<'_>) -> Mail {
    let people = |parsed: Option<&Parsed<'_>>| -> Vec<Address> {
        let all = parsed.map(|all| all.iter().collect::<Vec<_>>());
        let all = all.unwrap_or_default().into_iter();
        all.map(|one| Address {
            name: one.name.as_ref().map(ToString::to_string),
            address: one.address.as_ref().map(ToString::to_string),
        })
        .collect()
    };
    let answered = message.in_reply_to();
    let answered = match answered.as_text_list() {
        Some(all) => all.iter().map(ToString::to_string).collect(),
        None => answered
            .as_text()
            .map(ToOwned::to_owned)
            .into_iter()
            .collect(),
    };
    Mail {
        from: people(message.from().or_else(|| message.sender())),
        to: people(message.to()),
        cc: people(message.cc()),
        subject: message.subject().map(ToOwned::to_owned),
        sent: message
            .date()
            .filter(|date| date.is_valid())
            .map(mail_parser::DateTime::to_timestamp),
        message_id: message.message_id().map(ToOwned::to_owned),
        in_reply_to: answered,
    }
}

fn head_of(part: &MessagePart<'_>) -> PartHead {
    let name = part.attachment_name().map(ToOwned::to_owned);
    match &part.body {
        PartType::Message(inner) => {
            let subject = inner.subject().filter(|it| !it.trim().is_empty());
            PartHead {
                path: name.unwrap_or_else(|| format!("{}.eml", subject.unwrap_or("Nachricht"))),
                title: subject.map(ToOwned::to_owned),
            }
        }
        PartType::Text(_)
        | PartType::Html(_)
        | PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Multipart(_) => PartHead {
            path: name.unwrap_or_default(),
            title: None,
        },
    }
    .bounded()
}

/// The bytes of a part as whoever sent it had them: a text keeps its own encoding of letters.
fn bytes_of<'a>(raw: &'a [u8], part: &'a MessagePart<'_>) -> Cow<'a, [u8]> {
    let own = || {
        let (from, to) = (part.offset_body, part.offset_end);
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        raw.get(place(from)..place(to)).unwrap_or_default()
    };
    match (&part.body, part.encoding) {
        (PartType::Binary(bytes) | PartType::InlineBinary(bytes), _) => Cow::Borrowed(bytes),
        (PartType::Message(inner), Encoding::Base64 | Encoding::QuotedPrintable) => {
            Cow::Borrowed(inner.raw_message())
        }
        (PartType::Text(_) | PartType::Html(_), Encoding::Base64) => {
            base64_decode(own()).map_or_else(|| Cow::Borrowed(own()), Cow::Owned)
        }
        (PartType::Text(_) | PartType::Html(_), Encoding::QuotedPrintable) => {
            quoted_printable_decode(own()).map_or_else(|| Cow::Borrowed(own()), Cow::Owned)
        }
        (_, _) => Cow::Borrowed(own()),
    }
}
