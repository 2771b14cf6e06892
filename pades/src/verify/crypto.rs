//! Digests and signatures, computed by `ring`; on curves that it does not know, by the crates of those.

use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use ring::digest as rd;
use ring::signature::{self as rs, UnparsedPublicKey, VerificationAlgorithm};

use super::bp512::BrainpoolP512r1;
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
    /// With the digest of its mask, and salt of so many bytes.
    Pss(Digest, Digest, usize),
    Ecdsa(Digest),
    Ed25519,
}

impl Scheme {
    pub(super) fn name(self) -> String {
        match self {
            Self::Pkcs1(digest) => format!("RSA PKCS#1 {}", digest.as_str()),
            Self::Pss(digest, _, _) => format!("RSA-PSS {}", digest.as_str()),
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
                let read = pss(&parameters).map_err(|Malformed| Bad::Unsupported)?;
                let (digest, mask, salt) = read;
                Self::Pss(digest, mask, salt)
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
            Self::Pkcs1(digest) | Self::Pss(digest, _, _) | Self::Ecdsa(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }
}

/// RSASSA-PSS: the digest, that of the mask, and the length of the salt.
fn pss(parameters: &Value<'_>) -> Result<(Digest, Digest, usize), Malformed> {
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
    let strong = |it| matches!(it, Digest::Sha256 | Digest::Sha384 | Digest::Sha512);
    // A mask needs no digest without collisions: SHA-1, which is what is meant where none is named, is good for it.
    let known = strong(hash) && (strong(mask) || mask == Digest::Sha1);
    match usize::try_from(salt) {
        Ok(salt) if known => Ok((hash, mask, salt)),
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

/// Curves that `ring` does not compute, or not with each digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
    Brainpool256,
    Brainpool384,
    Brainpool512,
}

impl Curve {
    fn of_oid(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.3.132.0.35" => Self::P521,
            "1.3.36.3.3.2.8.1.1.7" => Self::Brainpool256,
            "1.3.36.3.3.2.8.1.1.11" => Self::Brainpool384,
            "1.3.36.3.3.2.8.1.1.13" => Self::Brainpool512,
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
            Self::P256 => on!(NistP256, &computed),
            Self::P384 => on!(NistP384, &computed),
            Self::P521 => on!(NistP521, &computed),
            Self::Brainpool256 => on!(BrainpoolP256r1, &computed),
            Self::Brainpool384 => on!(BrainpoolP384r1, &computed),
            Self::Brainpool512 => on!(BrainpoolP512r1, &computed),
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
    if let (Key::Rsa(key, _), Scheme::Pss(digest, mask, salt)) = (&key, scheme)
        && (salt != digest.bytes() || mask != digest)
    {
        let numbers = || -> Result<_, Malformed> {
            let mut numbers = Value::whole(key)?.within(SEQUENCE)?;
            Ok((numbers.next()?.content, numbers.next()?.content))
        };
        let numbers = numbers().map_err(|Malformed| Bad::Unsupported)?;
        super::pss::verify(numbers, (digest, mask, salt), message, signature)?;
        return Ok(worth(short));
    }
    let other = match (&key, scheme) {
        (Key::Other(curve, key), Scheme::Ecdsa(digest)) => Some((*curve, *key, digest)),
        (Key::P256(key), Scheme::Ecdsa(digest @ Digest::Sha512)) => {
            Some((Curve::P256, *key, digest))
        }
        (Key::P384(key), Scheme::Ecdsa(digest @ Digest::Sha512)) => {
            Some((Curve::P384, *key, digest))
        }
        (Key::Rsa(..) | Key::P256(_) | Key::P384(_) | Key::Other(..) | Key::Ed25519(_), _) => None,
    };
    if let Some((curve, key, digest)) = other {
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
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha256, _, 32)) => {
            (key, &rs::RSA_PSS_2048_8192_SHA256)
        }
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha384, _, 48)) => {
            (key, &rs::RSA_PSS_2048_8192_SHA384)
        }
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha512, _, 64)) => {
            (key, &rs::RSA_PSS_2048_8192_SHA512)
        }
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

/// Whether the key made this signature by ECDSA, where both are given in DER. None: that is not computed here.
pub(crate) fn ecdsa(
    spki: &[u8],
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let algorithm = Value::whole(algorithm).ok()?;
    let scheme = Scheme::of(&algorithm, None).ok()?;
    if !matches!(scheme, Scheme::Ecdsa(_)) {
        return None;
    }
    match verify(spki, scheme, message, signature) {
        Ok(Strength::Enough) => Some(true),
        Err(Bad::Mismatch) => Some(false),
        Ok(Strength::Weak) | Err(Bad::Unsupported) => None,
    }
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
    const OTHERS: [(&str, Digest, &str, &str); 10] = [
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
        (
            "Brainpool512",
            Digest::Sha256,
            "30819b301406072a8648ce3d020106092b240303020801010d0381820004133ca9c567428c5625b5f3cfa8c942d911e971f4f4aa10cb635b7d0c67145a77333d01073477fbeb8ee64ee99ec64744e6ac587d737f6ddf53528014c3166174a44cbbad84c1dacf6cd40add623e244785ae0a810fd9369606304d986dd0efd0f9e77050fdfa220ed671376a6a44f356d45b0b66885d9bc92b7f4ff3bf12052e",
            "3081840240194b8e9294fa3c387a0f463faeda1c45a45fad5aba10e322479ba891df7c7e71e9e5a601d203d6fc7123e7812b2effe1d52f1e74121774224843e67178a18d7a02400358bc7cde5d4bc4b35718d642a6bc994b3ea24cf27da13faf4a9a3ab4332d34127329c034aca219b0745b3b98d488b1cbecccee9cf68732b3cb03f74f895469",
        ),
        (
            "Brainpool512",
            Digest::Sha384,
            "30819b301406072a8648ce3d020106092b240303020801010d038182000404aa5e72f9ca43bac99619e1bfe40d3b63fb190a78df78cced1966788f9461a5d1678cb6878f7ef3ea010ec831fab65b1224662e9156d8aff4f0509e4cfb6f6819c1d4f8dc8559bf56bccf756ef6ff7fee364abc1fb3c944b3a6988943c5137e75818240bd5a889ec4ea215fecc4711cae660b2d6db6f7b576fde8d10a1393f7",
            "308185024100908eb6157bcff7fcdbc908de49a2889e82e1d915bab3e8043364556e8c30991b4a0a3c7bcafb5f9d427b0fb60dae945849c3e8e298b07b4962ce319a3a33f98d024024dab438b491649f58a3848862b5f2a4f7cadb5d0a72e2cd959f5f3a409b99c9c9fb4a6013d2e880ec45f140c0719d03b0eb7821b48dfabf1e572d3223fd2211",
        ),
        (
            "Brainpool512",
            Digest::Sha512,
            "30819b301406072a8648ce3d020106092b240303020801010d038182000413544c1342b30faf22f43d6e28acae2367ff8b6b8f9cd6bc58ba108f1fa69d452441a9649d06353eb9106ae12645b55c007bd62e1bf18aab40989539824c2ee0014d679ac192aa5e0bb149bad521866dea0be16dac5cecc5fc7d597d7a31650a0c3aaff49a050c78877cdca8b0758a9121aa8a4c638ba6ddc01cf5c205f604f8",
            "308185024100a217cea44a423a9f3b0c9f0fc694d2c4ce9637faed37872b3ee123f56f3a43917088d9552563a8e9be94d511f34ae796d95d526483336eb6f771a29c113981db024061d4ac3f1494ce127b7fe105394d03a955fb4e7d3aa63619bc13dc8cc92ece29867be431203be608ea696cc520d583302e9efaac47b92dcb8fd96759b33c8dff",
        ),
        (
            "P256",
            Digest::Sha512,
            "3059301306072a8648ce3d020106082a8648ce3d03010703420004d44e979f40d683449e978d29ad416aa6799c6e544d0ebead668896326d293d173fd9c32637274441b1c7d57adfb080b769f3ad18eb186ee5777e889eb479ce0c",
            "3044022060038fb9b594dce59519f4e843eebf51246082571aca48a044f78dd8b8f9b18702205228b17776a67d8920bff00ff2b644c4842e077a9c69f6734f7a89c61c8899d3",
        ),
        (
            "P384",
            Digest::Sha512,
            "3076301006072a8648ce3d020106052b81040022036200044d73684e72e0856490c9225bead1c4efca2f8acf38754312a422f46275b802b7d35250bf12026d0ac9c8934e9ee37e2c23bd6c4e6f053b175a20fbc54c1007777a95dadaa2a97af57c9baf1913851936f44065d8828d444a9f0862bf7fc3af13",
            "306502306b123640e600f3ec3d307df4b7067619b402063596ff1321dddeef0445dd69263f77531619fd0ae12a53122d0ac69ea1023100f0551566e2cefc002d5519b5cf5deafbc0d84f60cae7725a94584787cf03a2547aedf794a801d442e895ccb0f46e14c2",
        ),
    ];
    /// A curve that nobody here computes.
    const UNKNOWN: (&str, &str) = (
        "30819b301406072a8648ce3d020106092b240303020801010e0381820004101543509bb5797f19e3d4e35009ee6187f60e2aa34dc855075e7f5a4c8512a8ede9cd7053d198db6e0d1f9511fb62e8e5348de7dbf35988085745727ea0a0054aa0af0a6c55e6e9c8b6c734d97e3839e1ad195eb29a947a23ae5a3c8881b481c23e310e4fc6300ad04b0117cde3200d0584217b5c16a716c5fea1f9ecf5d6c1",
        "308186024100854cc027ffc4065467cf6f7054235b91890797bc544e94678b60c1a4e2bfe828a11ca97b739d153fd1ca427c12fa8f5d1a3811f7589764d9770e5768d81b1b9a0241009f3b299eec0426bb8d1813b1c682ce3661f6c7ff933ec2c9631f61bc50633b10a543e1514ee52835e9b2953763d36992ce9510e6cedcd7f81a1a79d3fb23ca0f",
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
