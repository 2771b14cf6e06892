//! A definition as a picture: SVG for whoever reads, BPMN 2.0 for whoever draws on.
//!
//! Both are made of the definition alone: the same bytes for the same definition. No script, no style sheet,
//! no font is loaded; what is said by a colour is said by a line too.

mod bpmn;
mod chart;
mod lanes;
mod measure;
mod place;
mod shapes;
mod svg;
#[cfg(test)]
mod tests;

use crate::definition::Definition;
use crate::instance::Instance;
use crate::tell::{Names, NoNames};

/// The picture of a definition, as SVG.
#[must_use]
pub fn svg(definition: &Definition) -> String {
    svg::write(&chart::chart(definition, None, &NoNames))
}

/// The picture of a definition, with functions by their names, and with the state in which an instance is.
#[must_use]
pub fn svg_of(definition: &Definition, instance: Option<&Instance>, names: &dyn Names) -> String {
    let at = instance.map(|instance| instance.state.as_str());
    svg::write(&chart::chart(definition, at, names))
}

/// A definition as BPMN 2.0, with the places of all that is drawn. It documents; nothing runs by it.
#[must_use]
pub fn bpmn(definition: &Definition) -> String {
    bpmn::write(definition, &NoNames)
}

/// Text for XML, in attributes too. What XML does not know becomes a question mark.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(' '),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                out.push('?')
            }
            other => out.push(other),
        }
    }
    out
}
