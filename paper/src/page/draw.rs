//! Writes pages that are laid out as PDF/A-2a and PDF/UA-1: what is seen, and what is read.

use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder, PdfVersion};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata, PageLayout};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope,
    Tag as PdfTag, TagGroup, TagKind, TagTree,
};
use krilla::{Document, SerializeSettings};

use super::flow::{Entry, Flow, Ink, Mark, PAGE_HEIGHT, PAGE_WIDTH, Tag};
use super::letters::{Letters, Weight};
use crate::{Moment, PaperError};

/// What is said of a whole document.
pub(crate) struct About {
    pub(crate) title: String,
    /// As BCP 47 has it.
    pub(crate) language: &'static str,
    pub(crate) description: String,
    pub(crate) author: String,
    pub(crate) creator: String,
    pub(crate) made: Moment,
}

/// Writes pages. The same makes the same bytes.
pub(crate) fn write(flow: &Flow<'_>, about: &About) -> Result<Vec<u8>, PaperError> {
    let letters = flow.letters;
    let mut document = Document::new_with(settings()?);
    document.set_metadata(metadata(about));
    let mut leaves: Vec<Vec<Identifier>> = vec![Vec::new(); flow.nodes.len()];
    for page in &flow.pages {
        let settings = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or_else(no_page)?;
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        for drawn in page {
            let id = surface.start_tagged(match drawn.node {
                Some(_) => ContentTag::Span(SpanTag::empty()),
                None => ContentTag::Artifact(Artifact::with_kind(kind_of(&drawn.mark))),
            });
            draw(&mut surface, letters, &drawn.mark);
            surface.end_tagged();
            if let Some(leaves) = drawn.node.and_then(|node| leaves.get_mut(node)) {
                leaves.push(id);
            }
        }
        surface.finish();
        sheet.finish();
    }
    let mut tree = TagTree::new().with_lang(Some(about.language.to_owned()));
    for root in &flow.roots {
        if let Some(group) = group(flow, &leaves, *root) {
            tree.push(group);
        }
    }
    document.set_tag_tree(tree);
    document.set_outline(outline(&flow.contents));
    document.finish().map_err(|error| PaperError::Standard {
        said: format!("{error:?}"),
    })
}

fn no_page() -> PaperError {
    PaperError::Standard {
        said: "a page has no size".to_owned(),
    }
}

fn settings() -> Result<SerializeSettings, PaperError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .with_version(PdfVersion::Pdf17)
        .finish()
        .map_err(|error| PaperError::Standard {
            said: format!("{error:?}"),
        })?;
    Ok(SerializeSettings {
        configuration,
        enable_tagging: true,
        ..SerializeSettings::default()
    })
}

fn metadata(about: &About) -> Metadata {
    let made = about.made;
    let date = DateTime::new(made.year)
        .month(made.month)
        .day(made.day)
        .hour(made.hour)
        .minute(made.minute)
        .second(made.second)
        .utc_offset_hour(0);
    Metadata::new()
        .title(about.title.clone())
        .description(about.description.clone())
        .authors(vec![about.author.clone()])
        .language(about.language.to_owned())
        .creator(about.creator.clone())
        .creation_date(date)
        .page_layout(PageLayout::OneColumn)
}

/// What something that is for the eye alone is: words stand at the edges of a page, all else parts or colours it.
const fn kind_of(mark: &Mark) -> ArtifactType {
    match mark {
        Mark::Words { line, .. } if *line < PAGE_HEIGHT / 2.0 => ArtifactType::Header,
        Mark::Words { .. } => ArtifactType::Footer,
        Mark::Filled { .. } | Mark::Box { .. } | Mark::Squares { .. } => ArtifactType::Layout,
    }
}

fn colour(ink: Ink) -> rgb::Color {
    match ink {
        Ink::Black => rgb::Color::new(0x1a, 0x1a, 0x1a),
        Ink::Grey => rgb::Color::new(0x50, 0x55, 0x5c),
        Ink::House => rgb::Color::new(0x14, 0x3a, 0x5f),
        Ink::Warning => rgb::Color::new(0x9c, 0x1c, 0x1c),
        Ink::Line => rgb::Color::new(0xb4, 0xba, 0xc2),
        Ink::Paper => rgb::Color::new(0xf2, 0xf5, 0xf8),
    }
}

fn filled(ink: Ink) -> Fill {
    Fill {
        paint: colour(ink).into(),
        ..Fill::default()
    }
}

fn draw(surface: &mut Surface<'_>, letters: &Letters, mark: &Mark) {
    surface.set_stroke(None);
    match mark {
        Mark::Words {
            left,
            line,
            text,
            style,
        } => {
            surface.set_fill(Some(filled(style.ink)));
            let glyphs = letters.glyphs(text, style.weight);
            let font = letters.font(style.weight);
            surface.draw_glyphs(
                Point::from_xy(*left, *line),
                &glyphs,
                font,
                text,
                style.size,
                false,
            );
        }
        Mark::Filled {
            left,
            top,
            width,
            height,
            ink,
        } => {
            surface.set_fill(Some(filled(*ink)));
            rectangle(surface, (*left, *top), (*width, *height));
        }
        Mark::Box {
            left,
            top,
            side,
            crossed,
        } => {
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: colour(Ink::Black).into(),
                width: 0.9,
                ..Stroke::default()
            }));
            rectangle(surface, (*left, *top), (*side, *side));
            surface.set_stroke(None);
            if *crossed {
                surface.set_fill(Some(filled(Ink::Black)));
                cross(surface, letters, (*left, *top, *side));
            }
        }
        Mark::Squares {
            left,
            top,
            side,
            dark,
        } => {
            surface.set_fill(Some(filled(Ink::Black)));
            squares(surface, (*left, *top), *side, dark);
        }
    }
}

/// All of them in one go: between two that are drawn by themselves a line of light may be seen.
fn squares(surface: &mut Surface<'_>, (left, top): (f32, f32), side: f32, dark: &[(u16, u16)]) {
    let mut path = PathBuilder::new();
    for (across, down) in dark {
        let (x, y) = (
            left + f32::from(*across) * side,
            top + f32::from(*down) * side,
        );
        if let Some(rect) = Rect::from_xywh(x, y, side, side) {
            path.push_rect(rect);
        }
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

fn rectangle(surface: &mut Surface<'_>, (left, top): (f32, f32), (width, height): (f32, f32)) {
    let mut path = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(left, top, width, height) {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// The cross is a letter, so that it is found in the text too.
fn cross(surface: &mut Surface<'_>, letters: &Letters, (left, top, side): (f32, f32, f32)) {
    const CROSS: &str = "X ";
    let glyphs = letters.glyphs(CROSS, Weight::Bold);
    let size = side * 1.05;
    let width = letters.width("X", Weight::Bold) * size;
    let at = Point::from_xy(left + (side - width) / 2.0, top + side * 0.5 + size * 0.357);
    surface.draw_glyphs(at, &glyphs, letters.font(Weight::Bold), CROSS, size, false);
}

/// A node with all that is in it; nothing where nothing of it was drawn.
fn group(flow: &Flow<'_>, leaves: &[Vec<Identifier>], id: usize) -> Option<TagGroup> {
    let node = flow.nodes.get(id)?;
    let own = leaves.get(id).into_iter().flatten();
    let mut children: Vec<Node> = own.map(|leaf| Node::Leaf(*leaf)).collect();
    let below = node.children.iter();
    children.extend(below.filter_map(|child| group(flow, leaves, *child).map(Node::Group)));
    (!children.is_empty()).then(|| TagGroup::with_children(tag(&node.tag), children))
}

fn tag(tag: &Tag) -> TagKind {
    match tag {
        Tag::Heading(level, title) => {
            let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
            PdfTag::Hn(level, Some(title.clone())).into()
        }
        Tag::Paragraph => PdfTag::P.into(),
        Tag::Words => PdfTag::Span.into(),
        Tag::Figure(told) => PdfTag::Figure(Some(told.clone())).into(),
        Tag::List => PdfTag::L(ListNumbering::Disc).into(),
        Tag::Item => PdfTag::LI.into(),
        Tag::Bullet => PdfTag::Lbl.into(),
        Tag::ItemBody => PdfTag::LBody.into(),
        Tag::Table => PdfTag::Table.into(),
        Tag::Row => PdfTag::TR.into(),
        Tag::Label => PdfTag::TH(TableHeaderScope::Row).into(),
        Tag::ColumnLabel => PdfTag::TH(TableHeaderScope::Column).into(),
        Tag::Value => PdfTag::TD.into(),
    }
}

/// The list of contents. Each heading goes below the last one that is higher.
fn outline(contents: &[Entry]) -> Outline {
    let mut outline = Outline::new();
    for node in nodes(contents, 0) {
        outline.push_child(node);
    }
    outline
}

fn nodes(contents: &[Entry], above: u16) -> Vec<OutlineNode> {
    let mut all = Vec::new();
    let mut rest = contents;
    while let Some((entry, after)) = rest.split_first() {
        if entry.level <= above {
            break;
        }
        let below = after
            .iter()
            .take_while(|one| one.level > entry.level)
            .count();
        let (own, next) = after.split_at(below);
        let place = XyzDestination::new(entry.page, Point::from_xy(0.0, entry.top));
        let mut node = OutlineNode::new(entry.text.clone(), place);
        for child in nodes(own, entry.level) {
            node.push_child(child);
        }
        all.push(node);
        rest = next;
    }
    all
}
