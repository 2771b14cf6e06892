//! Mail as Outlook keeps it ([MS-OXMSG]): a compound file, by cfb, of which the few properties are
//! read that the mail is made of.
//!
//! A mail inside of a mail is written out as a file of its own, with the properties that it had.

use std::io::{self, Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cfb::CompoundFile;

use super::carry::Carrier;
use super::parts::{Address, Mail, PartHead};
use super::wire::End;
use super::{Engine, Reason, html, plain};

/// The version of cfb, and ours of what is built on it.
pub(super) const ENGINE: Engine = Engine {
    name: "cfb",
    version: "0.16.0+2",
};

/// Where the properties of fixed length stand.
const PROPERTIES: &str = "__properties_version1.0";
/// What names of properties mean; in the outermost mail only.
const NAMES: &str = "__nameid_version1.0";
/// So long are the words before the properties of the outermost mail.
const TOP_HEAD: usize = 32;
/// The same of a mail inside of another one.
const INNER_HEAD: usize = 24;
/// The same of recipients and attachments.
const PART_HEAD: usize = 8;
/// One property.
const ENTRY: usize = 16;
/// The longest property that is read as text.
const TEXT_BYTES_MAX: u64 = 64 << 20;
/// How an attachment is attached where the mail only says where it lies: in a folder, or in the cloud.
const BY_REFERENCE: [u64; 4] = [2, 3, 4, 7];
/// Between 1601, from which Outlook counts, and 1970.
const EPOCH_SECONDS: i64 = 11_644_473_600;
const TICKS_PER_SECOND: u64 = 10_000_000;

type File = CompoundFile<Cursor<Vec<u8>>>;

/// Numbers of properties.
mod id {
    pub(super) const SUBJECT: u16 = 0x0037;
    pub(super) const SENT: u16 = 0x0039;
    pub(super) const SENDER_NAME: u16 = 0x0c1a;
    pub(super) const SENDER_SMTP: u16 = 0x5d01;
    pub(super) const SENDER_ADDRESS: u16 = 0x0c1f;
    pub(super) const RECIPIENT_TYPE: u16 = 0x0c15;
    pub(super) const BODY: u16 = 0x1000;
    pub(super) const HTML: u16 = 0x1013;
    pub(super) const MESSAGE_ID: u16 = 0x1035;
    pub(super) const IN_REPLY_TO: u16 = 0x1042;
    pub(super) const DISPLAY_NAME: u16 = 0x3001;
    pub(super) const ADDRESS: u16 = 0x3003;
    pub(super) const SMTP: u16 = 0x39fe;
    pub(super) const DATA: u16 = 0x3701;
    pub(super) const FILE_NAME: u16 = 0x3704;
    pub(super) const METHOD: u16 = 0x3705;
    pub(super) const LONG_FILE_NAME: u16 = 0x3707;
}

/// Kinds of properties.
mod kind {
    pub(super) const OBJECT: u16 = 0x000d;
    pub(super) const NARROW: u16 = 0x001e;
    pub(super) const WIDE: u16 = 0x001f;
    pub(super) const BINARY: u16 = 0x0102;
}

/// Gives the fields, the text, and attachment after attachment.
pub(super) fn read(content: Vec<u8>, out: &mut Carrier<'_>) -> io::Result<End> {
    let Ok(mut file) = CompoundFile::open(Cursor::new(content)) else {
        return Ok(End::Damaged);
    };
    let top = Path::new("/");
    if !file.is_stream(top.join(PROPERTIES)) {
        return Ok(End::Unknown);
    }
    let mut mail = Mail {
        subject: text(&mut file, top, id::SUBJECT),
        message_id: text(&mut file, top, id::MESSAGE_ID),
        in_reply_to: text(&mut file, top, id::IN_REPLY_TO).into_iter().collect(),
        sent: sent(&mut file),
        ..Mail::default()
    };
    let address = text(&mut file, top, id::SENDER_SMTP)
        .or_else(|| text(&mut file, top, id::SENDER_ADDRESS).filter(|it| it.contains('@')));
    mail.from.push(Address {
        name: text(&mut file, top, id::SENDER_NAME),
        address,
    });
    for recipient in below(&file, "__recip_version1.0_") {
        let address = text(&mut file, &recipient, id::SMTP)
            .or_else(|| text(&mut file, &recipient, id::ADDRESS).filter(|it| it.contains('@')));
        let one = Address {
            name: text(&mut file, &recipient, id::DISPLAY_NAME),
            address,
        };
        match fixed(&mut file, &recipient, PART_HEAD, id::RECIPIENT_TYPE).map(|it| it & 0xf) {
            Some(2) => mail.cc.push(one),
            // Of blind copies whoever reads the mail is not told.
            Some(3) => {}
            Some(_) | None => mail.to.push(one),
        }
    }
    let mail = mail.bounded();
    out.mail(&mail)?;
    let mut all = mail.head();
    match text(&mut file, top, id::BODY) {
        Some(body) => all.push_str(&body),
        None => all.push_str(&page(&mut file).map_or_else(String::new, |it| html::text(&it))),
    }
    let end = out.text(&all)?;
    for attachment in below(&file, "__attach_version1.0_") {
        if out.out_of_time() {
            return Ok(End::Time);
        }
        part(&mut file, &attachment, out)?;
    }
    Ok(end)
}

/// The storages of the outermost mail whose names begin so, in the order of their numbers.
fn below(file: &File, prefix: &str) -> Vec<PathBuf> {
    let named = file.read_root_storage();
    let named = named.filter(|one| one.is_storage() && one.name().starts_with(prefix));
    let mut all: Vec<PathBuf> = named.map(|one| one.path().to_owned()).collect();
    all.sort_unstable();
    all
}

fn stream(file: &mut File, within: &Path, property: u16, kind: u16) -> Option<Vec<u8>> {
    let name = format!("__substg1.0_{property:04X}{kind:04X}");
    let stream = file.open_stream(within.join(name)).ok()?;
    let mut bytes = Vec::new();
    stream.take(TEXT_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A property that is text, in either of its two ways.
fn text(file: &mut File, within: &Path, property: u16) -> Option<String> {
    let text = match stream(file, within, property, kind::WIDE) {
        Some(wide) => {
            let units = wide.as_chunks::<2>().0.iter().copied();
            char::decode_utf16(units.map(u16::from_le_bytes))
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        None => plain::decode(&stream(file, within, property, kind::NARROW)?)?,
    };
    let text = text.trim_end_matches('\0').to_owned();
    (!text.trim().is_empty()).then_some(text)
}

/// The body where it is HTML.
fn page(file: &mut File) -> Option<String> {
    let top = Path::new("/");
    match text(file, top, id::HTML) {
        Some(text) => Some(text),
        None => stream(file, top, id::HTML, kind::BINARY).map(|page| html::decode(&page)),
    }
}

/// The eight bytes of a property of fixed length.
fn fixed(file: &mut File, within: &Path, head: usize, property: u16) -> Option<u64> {
    let stream = file.open_stream(within.join(PROPERTIES)).ok()?;
    let mut bytes = Vec::new();
    stream.take(1 << 20).read_to_end(&mut bytes).ok()?;
    let entries = bytes.get(head..)?.chunks_exact(ENTRY);
    for entry in entries {
        let (tag, rest) = entry.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*tag) >> 16 == u32::from(property) {
            let value = rest.get(4..)?.first_chunk::<8>()?;
            return Some(u64::from_le_bytes(*value));
        }
    }
    None
}

fn sent(file: &mut File) -> Option<i64> {
    let ticks = fixed(file, Path::new("/"), TOP_HEAD, id::SENT)?;
    let seconds = i64::try_from(ticks / TICKS_PER_SECOND).ok()?;
    (seconds > EPOCH_SECONDS).then_some(seconds - EPOCH_SECONDS)
}

/// Hands out an attachment: a file, or a mail.
fn part(file: &mut File, within: &Path, out: &mut Carrier<'_>) -> io::Result<()> {
    let name = text(file, within, id::LONG_FILE_NAME)
        .or_else(|| text(file, within, id::FILE_NAME))
        .or_else(|| text(file, within, id::DISPLAY_NAME));
    let inner = within.join(format!("__substg1.0_{:04X}{:04X}", id::DATA, kind::OBJECT));
    if file.is_stream(inner.join(PROPERTIES)) {
        let subject = text(file, &inner, id::SUBJECT);
        let name = subject.clone().or(name);
        let head = PartHead {
            path: format!("{}.msg", name.as_deref().unwrap_or("Nachricht")),
            title: subject,
        }
        .bounded();
        return match written_out(file, &inner) {
            Ok(bytes) => out.part(&head, bytes.as_slice(), None),
            Err(_) => out.left_out(&head.path, Reason::PartsDamaged),
        };
    }
    let head = PartHead {
        path: name.unwrap_or_default(),
        title: None,
    }
    .bounded();
    let data = within.join(format!("__substg1.0_{:04X}{:04X}", id::DATA, kind::BINARY));
    match file.open_stream(data) {
        Ok(stream) => out.part(&head, stream, None),
        Err(_) => {
            let method = fixed(file, within, PART_HEAD, id::METHOD);
            let method = method.map(|value| value & u64::from(u32::MAX));
            let is_link = method.is_some_and(|method| BY_REFERENCE.contains(&method));
            out.left_out(
                &head.path,
                if is_link {
                    Reason::PartsElsewhere
                } else {
                    // An object of a program, or one that broke off.
                    Reason::PartsDamaged
                },
            )
        }
    }
}

/// A mail inside of a mail, as a file of its own. The same bytes each time.
fn written_out(file: &mut File, inner: &Path) -> io::Result<Vec<u8>> {
    let mut own = CompoundFile::create(Cursor::new(Vec::new()))?;
    let mut copied = Vec::new();
    for entry in file.walk_storage(inner)? {
        let below = entry.path().strip_prefix(inner).map_err(io::Error::other)?;
        copied.push((
            entry.path().to_owned(),
            Path::new("/").join(below),
            entry.is_stream(),
        ));
    }
    let names = Path::new("/").join(NAMES);
    if file.is_storage(&names) {
        for entry in file.walk_storage(&names)? {
            copied.push((
                entry.path().to_owned(),
                entry.path().to_owned(),
                entry.is_stream(),
            ));
        }
    }
    for (from, to, is_stream) in copied {
        if !is_stream {
            if !own.exists(&to) {
                own.create_storage(&to)?;
                own.set_created_time(&to, SystemTime::UNIX_EPOCH)?;
                own.set_modified_time(&to, SystemTime::UNIX_EPOCH)?;
            }
            continue;
        }
        let mut bytes = Vec::new();
        file.open_stream(&from)?.read_to_end(&mut bytes)?;
        if to == Path::new("/").join(PROPERTIES) && bytes.len() >= INNER_HEAD {
            let rest = bytes.split_off(INNER_HEAD);
            bytes.resize(TOP_HEAD, 0);
            bytes.extend(rest);
        }
        let mut stream = own.create_new_stream(&to)?;
        stream.write_all(&bytes)?;
        stream.flush()?;
    }
    own.set_created_time("/", SystemTime::UNIX_EPOCH)?;
    own.set_modified_time("/", SystemTime::UNIX_EPOCH)?;
    own.flush()?;
    Ok(own.into_inner().into_inner())
}
