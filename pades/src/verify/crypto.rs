//! Digests and signatures, computed by `ring`; on curves that it does not know, by the crates of those.

use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use ecdsa::signature::hazmat::PrehashVerifier as _;
use p521::NistP521;
use ring::digest as rd;
use ring::signature::{self as rs, UnparsedPublicKey, VerificationAlgorithm};

use crate::asn1::{Malformed, SEQUENCE, Value, inner};

/// A digest that signatures use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(super) fn of_oid(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.2.840.113549.2.5" => Self::Md5,
            "1.3.14.3.2.26" => Self::Sha1,
            "2.16.840.1.101.3.4.2.4" => Self::Sha224,
            "2.16.840.1.101.3.4.2.1" => Self::Sha256,
            "2.16.840.1.101.3.4.2.2" => Self::Sha384,
            "2.16.840.1.101.3.4.2.3" => Self::Sha512,
            _ => return None,
        })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) const fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }

    /// The digest of these parts, one after the other; nothing where it is not computed here.
    pub(super) fn compute(self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        let algorithm = match self {
            Self::Md5 | Self::Sha224 => return None,
            Self::Sha1 => &rd::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &rd::SHA256,
            Self::Sha384 => &rd::SHA384,
            Self::Sha512 => &rd::SHA512,
        };
        let mut context = rd::Context::new(algorithm);
        parts.iter().for_each(|part| context.update(part));
        Some(context.finish().as_ref().to_vec())
    }
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    rd::digest(&rd::SHA256, bytes).as_ref().to_vec()
}

/// Why a signature is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    Unsupported,
    Mismatch,
}

/// What a good signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    Enough,
    Weak,
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Pkcs1(Digest),
    /// With salt of so many bytes.
    Pss(Digest, usize),
    Ecdsa(Digest),
    Ed25519,
}

impl Scheme {
    pub(super) fn name(self) -> String {
        match self {
            Self::Pkcs1(digest) => format!("RSA PKCS#1 {}", digest.as_str()),
            Self::Pss(digest, _) => format!("RSA-PSS {}", digest.as_str()),
            Self::Ecdsa(digest) => format!("ECDSA {}", digest.as_str()),
            Self::Ed25519 => "Ed25519".to_owned(),
        }
    }

    /// The scheme of an algorithm identifier. `digest` is what was named beside it, for those that name none.
    pub(super) fn of(algorithm: &Value<'_>, digest: Option<Digest>) -> Result<Self, Bad> {
        let read = || -> Result<(String, Option<Value<'_>>), Malformed> {
            let mut parts = algorithm.within(SEQUENCE)?;
            let oid = parts.next()?.oid()?;
            let parameters = if parts.is_empty() {
                None
            } else {
                Some(parts.next()?)
            };
            Ok((oid, parameters))
        };
        let (oid, parameters) = read().map_err(|Malformed| Bad::Unsupported)?;
        let given = digest.ok_or(Bad::Unsupported);
        Ok(match oid.as_str() {
            "1.2.840.113549.1.1.1" => Self::Pkcs1(given?),
            "1.2.840.113549.1.1.4" => Self::Pkcs1(Digest::Md5),
            "1.2.840.113549.1.1.5" => Self::Pkcs1(Digest::Sha1),
            "1.2.840.113549.1.1.14" => Self::Pkcs1(Digest::Sha224),
            "1.2.840.113549.1.1.11" => Self::Pkcs1(Digest::Sha256),
            "1.2.840.113549.1.1.12" => Self::Pkcs1(Digest::Sha384),
            "1.2.840.113549.1.1.13" => Self::Pkcs1(Digest::Sha512),
            "1.2.840.113549.1.1.10" => {
                let parameters = parameters.ok_or(Bad::Unsupported)?;
                let (digest, salt) = pss(&parameters).map_err(|Malformed| Bad::Unsupported)?;
                Self::Pss(digest, salt)
            }
            "1.2.840.10045.2.1" => Self::Ecdsa(given?),
            "1.2.840.10045.4.1" => Self::Ecdsa(Digest::Sha1),
            "1.2.840.10045.4.3.1" => Self::Ecdsa(Digest::Sha224),
            "1.2.840.10045.4.3.2" => Self::Ecdsa(Digest::Sha256),
            "1.2.840.10045.4.3.3" => Self::Ecdsa(Digest::Sha384),
            "1.2.840.10045.4.3.4" => Self::Ecdsa(Digest::Sha512),
            "1.3.101.112" => Self::Ed25519,
            _ => return Err(Bad::Unsupported),
        })
    }

    /// The digest that belongs to it.
    pub(super) const fn digest(self) -> Option<Digest> {
        match self {
            Self::Pkcs1(digest) | Self::Pss(digest, _) | Self::Ecdsa(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }
}

/// RSASSA-PSS with one digest for everything: all that is computed here. The digest, and the length of the salt.
fn pss(parameters: &Value<'_>) -> Result<(Digest, usize), Malformed> {
    let mut parts = parameters.within(SEQUENCE)?;
    let hash = match parts.maybe(inner(0))? {
        Some(value) => digest_of(&value.reader().next()?)?.ok_or(Malformed)?,
        None => Digest::Sha1,
    };
    let mask = match parts.maybe(inner(1))? {
        Some(value) => {
            let mut inside = value.reader();
            let mut mgf = inside.expect(SEQUENCE)?.reader();
            if mgf.next()?.oid()? != "1.2.840.113549.1.1.8" {
                return Err(Malformed);
            }
            digest_of(&mgf.next()?)?.ok_or(Malformed)?
        }
        None => Digest::Sha1,
    };
    let salt = match parts.maybe(inner(2))? {
        Some(value) => value.reader().next()?.small()?,
        None => 20,
    };
    let known = matches!(hash, Digest::Sha256 | Digest::Sha384 | Digest::Sha512);
    match usize::try_from(salt) {
        Ok(salt) if known && mask == hash => Ok((hash, salt)),
        Ok(_) | Err(_) => Err(Malformed),
    }
}

/// What kind of key a certificate has.
enum Key<'a> {
    /// Its bytes, and how long the modulus is, in bits.
    Rsa(&'a [u8], usize),
    P256(&'a [u8]),
    P384(&'a [u8]),
    Other(Curve, &'a [u8]),
    Ed25519(&'a [u8]),
}

/// Curves that `ring` does not compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    P521,
    Brainpool256,
    Brainpool384,
}

impl Curve {
    fn of_oid(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.3.132.0.35" => Self::P521,
            "1.3.36.3.3.2.8.1.1.7" => Self::Brainpool256,
            "1.3.36.3.3.2.8.1.1.11" => Self::Brainpool384,
            _ => return None,
        })
    }

    /// Whether the key signed a message by its digest.
    fn verify(
        self,
        key: &[u8],
        (digest, message): (Digest, &[u8]),
        signature: &[u8],
    ) -> Result<(), Bad> {
        macro_rules! on {
            ($curve:ty, $computed:expr) => {{
                let key = ecdsa::VerifyingKey::<$curve>::from_sec1_bytes(key);
                let signature = ecdsa::Signature::<$curve>::from_der(signature);
                let (Ok(key), Ok(signature)) = (key, signature) else {
                    return Err(Bad::Mismatch);
                };
                key.verify_prehash($computed, &signature)
            }};
        }
        let fits = match digest {
            Digest::Sha256 | Digest::Sha384 | Digest::Sha512 => true,
            Digest::Md5 | Digest::Sha1 | Digest::Sha224 => false,
        };
        let computed = digest.compute(&[message]).filter(|_| fits);
        let computed = computed.ok_or(Bad::Unsupported)?;
        let done = match self {
            Self::P521 => on!(NistP521, &computed),
            Self::Brainpool256 => on!(BrainpoolP256r1, &computed),
            Self::Brainpool384 => on!(BrainpoolP384r1, &computed),
        };
        done.map_err(|_opaque| Bad::Mismatch)
    }
}

fn key(spki: &[u8]) -> Result<Key<'_>, Malformed> {
    let mut parts = Value::whole(spki)?.within(SEQUENCE)?;
    let mut algorithm = parts.expect(SEQUENCE)?.reader();
    let bits = parts.next()?.bits()?;
    let kind = algorithm.next()?.oid()?;
    match kind.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => {
            let mut numbers = Value::whole(bits)?.within(SEQUENCE)?;
            let modulus = numbers.next()?.content;
            let leading = modulus.iter().take_while(|byte| **byte == 0).count();
            let first = modulus.get(leading).ok_or(Malformed)?;
            let zeros = usize::try_from(first.leading_zeros()).unwrap_or(0);
            Ok(Key::Rsa(bits, (modulus.len() - leading) * 8 - zeros))
        }
        "1.2.840.10045.2.1" => match algorithm.next()?.oid()?.as_str() {
            "1.2.840.10045.3.1.7" => Ok(Key::P256(bits)),
            "1.3.132.0.34" => Ok(Key::P384(bits)),
            other => {
                let curve = Curve::of_oid(other).ok_or(Malformed)?;
                Ok(Key::Other(curve, bits))
            }
        },
        "1.3.101.112" => Ok(Key::Ed25519(bits)),
        _ => Err(Malformed),
    }
}

/// Below this a key of RSA is weak, in bits.
const RSA_BITS_MIN: usize = 2048;

/// Whether the key signed the message in this way.
pub(super) fn verify(
    spki: &[u8],
    scheme: Scheme,
    message: &[u8],
    signature: &[u8],
) -> Result<Strength, Bad> {
    let key = key(spki).map_err(|Malformed| Bad::Unsupported)?;
    let short = matches!(key, Key::Rsa(_, bits) if bits < RSA_BITS_MIN);
    let worth = |weak: bool| {
        if weak {
            Strength::Weak
        } else {
            Strength::Enough
        }
    };
    if let (Key::Rsa(key, _), Scheme::Pss(digest, salt)) = (&key, scheme)
        && salt != digest.bytes()
    {
        let numbers = || -> Result<_, Malformed> {
            let mut numbers = Value::whole(key)?.within(SEQUENCE)?;
            Ok((numbers.next()?.content, numbers.next()?.content))
        };
        let numbers = numbers().map_err(|Malformed| Bad::Unsupported)?;
        super::pss::verify(numbers, (digest, salt), message, signature)?;
        return Ok(worth(short));
    }
    if let (Key::Other(curve, key), Scheme::Ecdsa(digest)) = (&key, scheme) {
        curve.verify(key, (digest, message), signature)?;
        return Ok(Strength::Enough);
    }
    let (bytes, algorithm): (&[u8], &'static dyn VerificationAlgorithm) = match (key, scheme) {
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha1)) => {
            (key, &rs::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha256)) => {
            (key, &rs::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha384)) => (key, &rs::RSA_PKCS1_2048_8192_SHA384),
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha512)) => {
            (key, &rs::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha256, 32)) => (key, &rs::RSA_PSS_2048_8192_SHA256),
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha384, 48)) => (key, &rs::RSA_PSS_2048_8192_SHA384),
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha512, 64)) => (key, &rs::RSA_PSS_2048_8192_SHA512),
        (Key::P256(key), Scheme::Ecdsa(Digest::Sha256)) => (key, &rs::ECDSA_P256_SHA256_ASN1),
        (Key::P256(key), Scheme::Ecdsa(Digest::Sha384)) => (key, &rs::ECDSA_P256_SHA384_ASN1),
        (Key::P384(key), Scheme::Ecdsa(Digest::Sha256)) => (key, &rs::ECDSA_P384_SHA256_ASN1),
        (Key::P384(key), Scheme::Ecdsa(Digest::Sha384)) => (key, &rs::ECDSA_P384_SHA384_ASN1),
        (Key::Ed25519(key), Scheme::Ed25519) => (key, &rs::ED25519),
        _ => return Err(Bad::Unsupported),
    };
    UnparsedPublicKey::new(algorithm, bytes)
        .verify(message, signature)
        .map_err(|_unspecified| Bad::Mismatch)?;
    let weak = short || scheme.digest().is_some_and(Digest::is_weak);
    Ok(worth(weak))
}

/// The digest that an algorithm identifier names.
pub(super) fn digest_of(algorithm: &Value<'_>) -> Result<Option<Digest>, Malformed> {
    let oid = algorithm.within(SEQUENCE)?.next()?.oid()?;
    Ok(Digest::of_oid(&oid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"Siegel der Stadt";

    /// Keys and signatures that openssl made: curve and digest, public key, signature.
    const OTHERS: [(&str, Digest, &str, &str); 5] = [
        (
            "P521",
            Digest::Sha512,
            "30819b301006072a8648ce3d020106052b81040023038186000401f1ef8721f420e9d5a94c05265bdfc6198b3f9308659e2c093242287de5e0524197693aa089118f399b214f7a8c3d0d9c65f6d3091d1ff568ab1155bd37788a5e2c00895887c36de109f801aee395b953c7e5b57bfd9a8263b3f8cd6cfa628b8bf4c2dee4e78ef8cfb80a7c464ee4c57e1aefda54145b7346b051a183f123f55c5347d2",
            "308188024201c585ed56b908f5cbaf3dc1aba0e59aa840d80327a04f1ce1bb2aa6aba8e48f0c5360cbf2d13da8c79378765af158fa9ea382e260ebdd97b78a3de0aea3189a6cfb024201f357c0cf8195209259518cfe808e5ab13fe78f9f400a34da8c4530492fb8a7b1f9ede43c6b4d3164c9fd4642d00eaa115f35a3564028745c8f23437011d190c9af",
        ),
        (
            "P521",
            Digest::Sha384,
            "30819b301006072a8648ce3d020106052b81040023038186000400e9355d281b4430428c510645fb8ff1a7e7b3e3ab6f3e3df578260bb52d30f772c5585953b052d2c1beb04ca96732a401ff7650f6fb770b1b81056308d63e271400003f9c42b06dc519ca8f62e3fc8a09731d4e08be712e38f37a1fc970207c7099c71ac64a83ba63a6b3228279c37daa060ad1e1820f60df69bedd0522c49498e8e658",
            "308188024201fdacfd664720ba23192b7fe7c5e50a131dba3f278f58d87da649e4216e4f65b72131d165338e26c0b38dc8561e80d7b2d63f795774bb325fd9c36ef0627c418c2b024201819b2454527dd724ae50dd47bffc32ed5b1aeec6f8c90b9de017530ebf211a1325eca160e314da1ae013c028f4f8a53e0e72e571552fa9ca767d37775ed6b96d31",
        ),
        (
            "Brainpool256",
            Digest::Sha256,
            "305a301406072a8648ce3d020106092b2403030208010107034200048a7cdc6faafd6ef9f6f862c035d27819b8b9f581d4efa3728a87ad2be479ce155133b9e3b23ba8e36faba9e2e2c2b9f88843344b2022d39f2129c54cc7d53cdd",
            "3045022029cf740574bb1d07fd388ed5c80d3153b776727d8546fc63a016d05ad82beee5022100933a3d794d1a47f728114db70574153d73d7a6546a6dede54421c4d307ca4bb2",
        ),
        (
            "Brainpool384",
            Digest::Sha384,
            "307a301406072a8648ce3d020106092b240303020801010b036200042cae2576e6a277895ba79f959075146bea52f94af396077e2a40ec6e147fc8f42dfedc5b1dbcd4a5de548a3b474ba5626f5a153a22f17b26f2f72a2fc341edac0bb5a43f9c859e2f8675c091fdee3ed8d98ce14b225995f1786b97d80ae8a33b",
            "306402303e908b96dcd24af6b730ef248c8f46de5c01eb77cae96cd7d41a422913a598e24951e784b2d44278efc78d39e6204784023053a0a1cb0bc232f3795e91905e8012f55814b9d917ee4baeb9c571eaf36e0883f51672bb5e311bcce9f4b27681d6961f",
        ),
        (
            "Brainpool256",
            Digest::Sha512,
            "305a301406072a8648ce3d020106092b2403030208010107034200046396c088b68e6feabae09ad219e3163aa53c67e14c7d877233be7406fe4813399bd3ec9c2267150f9cca5335e32b98cb44a1fc51a174d53666528231add304f8",
            "30450220232ce2262421593966be8985d4f631fbb2ab5eba2ce0e7326788e277def64a3e02210080921e772d47da4ea271c4fc70dee8aa8253a5e77c25cde8bfb5d0a5fac96bf1",
        ),
    ];
    /// A curve that nobody here computes.
    const UNKNOWN: (&str, &str) = (
        "30819b301406072a8648ce3d020106092b240303020801010d03818200042ed12013be7bc56c80faff868993cd9891c4b8a4068f2e64d203e081e6533ae51eb251396f58185d940f8c10a4c5b76eeb1c38cd5945b5d69956e1adf18943be4a6a94cd728662a013b9a6f9091a19553b15bc87a330b1da529dd4686784dd17c2868df60f6d295a322cc2e025cb528553a3dd340ff3fa42b026d29fff4e90b0",
        "308184024038dc59bc4a21e25515138657d0785f0b3d9baac6b933b83d16e14f550896fa9a6c055cb58422f0fcca44931e1b6f8af196033bb594b1b1e2ff52450a08e3ed2b02407e772b03f00f033bb1f86eb39b0512ff324e9f22a258a115ff0928d18e7a36b9c493b090fef4b4e6866262fe52a61e5f06ed458f63cf91ab6a4d9196bd69a949",
    );

    fn bytes(digits: &str) -> Vec<u8> {
        hex::decode(digits).expect("digits")
    }

    #[test]
    fn signatures_on_other_curves_are_computed() {
        for (name, digest, key, signature) in OTHERS {
            let (key, signature) = (bytes(key), bytes(signature));
            let scheme = Scheme::Ecdsa(digest);
            let good = verify(&key, scheme, MESSAGE, &signature);
            assert_eq!(good, Ok(Strength::Enough), "{name} {digest:?}");
            let other = verify(&key, scheme, b"Siegel des Landes", &signature);
            assert_eq!(other, Err(Bad::Mismatch), "{name} {digest:?}");
            for at in [0, 3, signature.len() / 2, signature.len() - 1] {
                let mut broken = signature.clone();
                broken[at] ^= 1;
                let broken = verify(&key, scheme, MESSAGE, &broken);
                assert_eq!(broken, Err(Bad::Mismatch), "{name} {at}");
            }
            let longer = [&signature[..], &[0]].concat();
            assert_eq!(verify(&key, scheme, MESSAGE, &longer), Err(Bad::Mismatch));
            let mut off_the_curve = key.clone();
            let last = off_the_curve.len() - 1;
            off_the_curve[last] ^= 1;
            let off = verify(&off_the_curve, scheme, MESSAGE, &signature);
            assert_eq!(off, Err(Bad::Mismatch), "{name}");
        }
    }

    #[test]
    fn what_is_not_computed_is_said_so() {
        let (key, signature) = (bytes(UNKNOWN.0), bytes(UNKNOWN.1));
        let unknown = verify(&key, Scheme::Ecdsa(Digest::Sha512), MESSAGE, &signature);
        assert_eq!(unknown, Err(Bad::Unsupported));
        // A digest that is not held to be safe.
        let (_, _, key, signature) = OTHERS[0];
        for digest in [Digest::Sha224, Digest::Sha1, Digest::Md5] {
            let scheme = Scheme::Ecdsa(digest);
            let said = verify(&bytes(key), scheme, MESSAGE, &bytes(signature));
            assert_eq!(said, Err(Bad::Unsupported), "{digest:?}");
        }
    }
}
