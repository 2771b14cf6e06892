//! RSASSA-PSS with salt of any length (RFC 8017, 9.1.2), where `ring` takes but one.
//!
//! Only what is public is computed here: nothing depends on a secret, and so time tells nobody anything.

use super::crypto::{Bad, Digest};

/// The smallest modulus, in bits.
const BITS_MIN: usize = 1024;
/// The largest, in bits.
const BITS_MAX: usize = 8192;

/// Whether a signature is good. `modulus` and `exponent` as they stand in the key, without sign.
pub(super) fn verify(
    (modulus, exponent): (&[u8], &[u8]),
    (digest, mask, salt_bytes): (Digest, Digest, usize),
    message: &[u8],
    signature: &[u8],
) -> Result<(), Bad> {
    let modulus = Number::of(modulus);
    let bits = modulus.bits();
    let exponent = exponent
        .iter()
        .try_fold(0_u64, |all, byte| {
            (all >> 56 == 0).then_some(all << 8 | u64::from(*byte))
        })
        .ok_or(Bad::Unsupported)?;
    let usual = 3..=u64::from(u32::MAX);
    if !(BITS_MIN..=BITS_MAX).contains(&bits) || !usual.contains(&exponent) {
        return Err(Bad::Unsupported);
    }
    let signature_number = Number::of(signature);
    if signature.len() != bits.div_ceil(8) || !signature_number.is_below(&modulus) {
        return Err(Bad::Mismatch);
    }
    let encoded = signature_number.power(exponent, &modulus);
    // One bit less than the modulus has.
    let bytes = (bits - 1).div_ceil(8);
    let encoded = encoded.to_bytes(bytes).ok_or(Bad::Mismatch)?;
    let hash = digest.compute(&[message]).ok_or(Bad::Unsupported)?;
    check(&encoded, bits - 1, (digest, mask, salt_bytes), &hash).ok_or(Bad::Mismatch)
}

fn check(
    encoded: &[u8],
    bits: usize,
    (digest, mask_digest, salt_bytes): (Digest, Digest, usize),
    hash: &[u8],
) -> Option<()> {
    let (masked, rest) = encoded.split_at_checked(encoded.len().checked_sub(hash.len() + 1)?)?;
    let (given, end) = rest.split_at_checked(hash.len())?;
    if end != [0xbc] {
        return None;
    }
    let unused = 8 * encoded.len() - bits;
    let mask = 0xff_u8
        .checked_shr(u32::try_from(unused).ok()?)
        .unwrap_or(0);
    if masked.first()? & !mask != 0 {
        return None;
    }
    let mut block: Vec<u8> = generated(mask_digest, given, masked.len())?
        .iter()
        .zip(masked)
        .map(|(one, other)| one ^ other)
        .collect();
    *block.first_mut()? &= mask;
    let padding = block.len().checked_sub(salt_bytes + 1)?;
    let (padding, salt) = block.split_at_checked(padding)?;
    let (one, salt) = salt.split_first()?;
    if *one != 1 || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    let expected = digest.compute(&[&[0; 8], hash, salt])?;
    (expected == given).then_some(())
}

/// MGF1.
fn generated(digest: Digest, seed: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut counter = 0_u32;
    while all.len() < bytes {
        all.extend(digest.compute(&[seed, &counter.to_be_bytes()])?);
        counter = counter.checked_add(1)?;
    }
    all.truncate(bytes);
    Some(all)
}

/// A number without sign, the least limb first, without zeros at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number(Vec<u32>);

impl Number {
    fn of(bytes: &[u8]) -> Self {
        let limbs = bytes.rchunks(4);
        let limb = |chunk: &[u8]| {
            chunk
                .iter()
                .fold(0_u32, |all, byte| all << 8 | u32::from(*byte))
        };
        Self(limbs.map(limb).collect()).trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    fn bits(&self) -> usize {
        let last = self.0.last().map_or(0, |limb| 32 - limb.leading_zeros());
        self.0.len().saturating_sub(1) * 32 + usize::try_from(last).unwrap_or(0)
    }

    fn is_below(&self, other: &Self) -> bool {
        let here = (self.0.len(), self.0.iter().rev());
        let there = (other.0.len(), other.0.iter().rev());
        here.0 < there.0 || (here.0 == there.0 && here.1.lt(there.1))
    }

    /// The number in so many bytes; nothing where it is longer.
    fn to_bytes(&self, bytes: usize) -> Option<Vec<u8>> {
        let mut all: Vec<u8> = self.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        while all.len() > bytes {
            (all.pop() == Some(0)).then_some(())?;
        }
        all.resize(bytes, 0);
        all.reverse();
        Some(all)
    }

    fn times(&self, other: &Self) -> Self {
        let mut out = vec![0_u32; self.0.len() + other.0.len()];
        for (place, one) in self.0.iter().enumerate() {
            let mut carry = 0_u64;
            let row = out.iter_mut().skip(place);
            let others = other.0.iter().chain(std::iter::once(&0));
            for (slot, two) in row.zip(others) {
                let sum = u64::from(*slot) + u64::from(*one) * u64::from(*two) + carry;
                *slot = low(sum);
                carry = sum >> 32;
            }
        }
        Self(out).trimmed()
    }

    /// Twice this number and that bit.
    fn shifted(&mut self, bit: bool) {
        let mut carry = u32::from(bit);
        for limb in &mut self.0 {
            let next = *limb >> 31;
            *limb = *limb << 1 | carry;
            carry = next;
        }
        if carry > 0 {
            self.0.push(carry);
        }
    }

    /// This number less a smaller one.
    fn less(&mut self, other: &Self) {
        let mut borrow = 0_u64;
        let others = other.0.iter().chain(std::iter::repeat(&0));
        for (limb, other) in self.0.iter_mut().zip(others) {
            let taken = u64::from(*other) + borrow;
            let whole = u64::from(*limb) + (1 << 32) - taken;
            *limb = low(whole);
            borrow = 1 - (whole >> 32);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// What is left of it by a modulus: bit by bit, which is slow enough to be seen through.
    fn modulo(&self, modulus: &Self) -> Self {
        let mut rest = Self(Vec::new());
        for limb in self.0.iter().rev() {
            for place in (0..32).rev() {
                rest.shifted(limb >> place & 1 == 1);
                if !rest.is_below(modulus) {
                    rest.less(modulus);
                }
            }
        }
        rest
    }

    fn power(&self, exponent: u64, modulus: &Self) -> Self {
        let mut result = Self(vec![1]);
        for place in (0..64 - exponent.leading_zeros()).rev() {
            result = result.times(&result).modulo(modulus);
            if exponent >> place & 1 == 1 {
                result = result.times(self).modulo(modulus);
            }
        }
        result
    }
}

/// The lower half.
fn low(sum: u64) -> u32 {
    u32::try_from(sum & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_what_they_are() {
        let number = |value: u64| Number::of(&value.to_be_bytes());
        for (base, exponent, modulus) in [
            (2, 10, 1000),
            (3, 65_537, 1_000_000_007),
            (123_456_789_012, 3, 999_999_999_989),
            (0xffff_ffff, 2, 0x1_0000_0000_0000),
            (7, 5, 7),
        ] {
            let found = number(base).power(exponent, &number(modulus));
            let reference = (0..exponent).fold(1_u128, |all, _| {
                all * u128::from(base) % u128::from(modulus)
            });
            assert_eq!(found, number(u64::try_from(reference).expect("below")));
        }
    }
}
