//! Zip archives, by zip: members are unpacked one after the other, within limits that do not believe
//! what the archive says of itself.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};

use zip::result::ZipError;

use super::carry::Carrier;
use super::package::{ENTRIES_MAX, Package};
use super::pager::Stop;
use super::parts::PartHead;
use super::wire::End;
use super::{Engine, Reason};

/// The version of zip, and ours of what is built on it.
pub(super) const ENGINE: Engine = Engine {
    name: "zip",
    version: "9.8.1+2",
};

/// Documents of offices are archives with one of these members.
const OFFICE: [&str; 2] = ["[Content_Types].xml", "mimetype"];

/// Gives the names of the members as the text, and member after member.
pub(super) fn read(content: &[u8], out: &mut Carrier<'_>) -> io::Result<End> {
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let mut archive = match Package::open(content) {
        Ok(package) => package.into_archive(),
        Err(Stop::End(end)) => return Ok(end),
        Err(Stop::Io(error)) => return Err(error),
    };
    if OFFICE
        .iter()
        .any(|name| archive.index_for_name(name).is_some())
    {
        return Ok(End::Unknown);
    }
    let twice = archive.has_duplicate_names();
    let start = archive.central_directory_start();
    let again = if twice {
        named_again(content, start)
    } else {
        HashMap::new()
    };
    let mut hidden = Vec::new();
    let mut members = Vec::new();
    for index in 0..archive.len() {
        if let Ok(member) = archive.by_index_data(index)
            && !member.is_dir()
        {
            let name = String::from_utf8_lossy(member.name_raw()).into_owned();
            let name = member.name().map_or(name, std::borrow::Cow::into_owned);
            let others = again.get(member.name_raw()).copied().unwrap_or_default();
            hidden.extend(std::iter::repeat_n(name.clone(), others));
            let packed = member.compressed_size().min(length);
            members.push((index, name, packed, member.encrypted()));
        }
        if out.out_of_time() {
            return Ok(End::Time);
        }
    }
    if members.is_empty() {
        return Ok(End::Empty);
    }
    let names = members.iter();
    let names: String = names.flat_map(|one| [one.1.as_str(), "\n"]).collect();
    let end = out.text(&names)?;
    for (index, path, packed, encrypted) in members {
        if out.out_of_time() {
            return Ok(End::Time);
        }
        if encrypted {
            out.left_out(&path, Reason::PartsEncrypted)?;
            continue;
        }
        if !out.has_room(&path)? {
            continue;
        }
        let head = PartHead { path, title: None }.bounded();
        match archive.by_index(index) {
            Ok(member) => out.part(&head, member.take(u64::MAX), Some(packed))?,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                out.left_out(&head.path, Reason::PartsEncrypted)?;
            }
            Err(_) => out.left_out(&head.path, Reason::PartsDamaged)?,
        }
    }
    // Of members with one name the archive gives one.
    if twice && hidden.is_empty() {
        hidden.push(String::new());
    }
    for name in hidden {
        out.left_out(&name, Reason::PartsDamaged)?;
    }
    Ok(end)
}

/// The names that stand in the list of the archive more than once, and how often beside the first time.
fn named_again(content: &[u8], start: u64) -> HashMap<&[u8], usize> {
    let mut again = HashMap::new();
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let Some(mut list) = content.get(start..) else {
        return again;
    };
    let mut seen = HashSet::new();
    for _ in 0..ENTRIES_MAX {
        let Some(name) = next_name(&mut list) else {
            break;
        };
        if !seen.insert(name) {
            *again.entry(name).or_default() += 1;
        }
    }
    again
}

/// The name of the next member in the list, as it is written there.
fn next_name<'c>(list: &mut &'c [u8]) -> Option<&'c [u8]> {
    let record = *list;
    if !record.starts_with(b"PK\x01\x02") {
        return None;
    }
    let length = |at: usize| -> Option<usize> {
        let bytes = record.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(u16::from_le_bytes(*bytes)))
    };
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let found = record.get(46..46 + name)?;
    *list = record.get(46 + name + extra + comment..)?;
    Some(found)
}
