//! Amounts of money and other decimal numbers: `1.234,56`, `1234.56`, `50 €`.

use super::atoms::Shape;
use super::complex::{Complex, Group, Line, is_blank};
use super::fold::fold;

impl Line<'_> {
    /// `1.234,56`, `1234,5`, `12.500`.
    pub(super) fn amount(&self, first: usize, count: usize) -> Option<(String, String)> {
        let atoms = self.atoms.get(first..first + count)?;
        if !atoms.iter().all(|atom| atom.shape == Shape::Digits) {
            return None;
        }
        let signs: Vec<&str> = (first..first + count - 1)
            .filter_map(|at| self.between(at))
            .collect();
        let (decimals, thousands) = match signs.split_last() {
            Some((&",", before)) => (atoms.last(), before),
            _ => (None, signs.as_slice()),
        };
        let groups = atoms.get(..atoms.len() - usize::from(decimals.is_some()))?;
        let leading = groups.first()?;
        let grouped = groups.len() == 1
            || (leading.text.len() <= 3
                && !leading.text.starts_with('0')
                && groups.iter().skip(1).all(|group| group.text.len() == 3));
        if !thousands.iter().all(|sign| *sign == ".") || !grouped {
            return None;
        }
        let whole: String = groups.iter().map(|group| group.text.as_ref()).collect();
        match decimals {
            Some(fraction) if fraction.text.len() <= 2 => {
                Some((format!("{whole},{}", fraction.text), whole))
            }
            Some(_) => None,
            None => Some((whole.clone(), whole)),
        }
    }

    /// `1234.56`: with the point of English forms. Shorter ones are times, dates or sections.
    pub(super) fn english_amount(&self, first: usize, count: usize) -> Option<String> {
        let [whole, cents] = self.atoms.get(first..first + count)? else {
            return None;
        };
        let digits = whole.shape == Shape::Digits && cents.shape == Shape::Digits;
        (digits
            && self.between(first) == Some(".")
            && (3..=9).contains(&whole.text.len())
            && cents.text.len() == 2)
            .then(|| format!("#{},{}", whole.text, cents.text))
    }

    /// `50 €`, `EUR 50`: whether the name of the currency stands beside a number.
    pub(super) fn is_money(&self, first: usize, count: usize) -> bool {
        let euro = |at: usize| {
            self.atoms.get(at).is_some_and(|atom| {
                atom.shape == Shape::Letters && matches!(fold(&atom.text).as_str(), "euro" | "eur")
            })
        };
        let near = |gap: Option<&str>| gap.is_some_and(|gap| gap.is_empty() || is_blank(gap));
        let behind = near(self.between(first + count - 1)) && euro(first + count);
        behind
            || first
                .checked_sub(1)
                .is_some_and(|before| near(self.between(before)) && euro(before))
    }

    /// `50 €` is `50,00`.
    pub(super) fn round_amount(&self, first: usize) -> Option<Complex> {
        let atom = self.atoms.get(first)?;
        let number = atom.shape == Shape::Digits && atom.text.len() <= 9;
        (number && self.is_money(first, 1)).then(|| Complex {
            group: Group::Amount,
            first,
            count: 1,
            terms: vec![format!("#{},00", atom.text)],
        })
    }
}
