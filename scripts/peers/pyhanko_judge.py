"""What pyHanko says of the signatures of PDFs: a line of JSON for each file, in the order of the files.

    pyhanko_judge.py ROOT_CERTIFICATE FILE...

Nothing is fetched: what a verdict needs stands in the file. `long` is the verdict of ETSI EN 319 102-1 with
revocation required, `now` the one of today with what is known.
"""

import asyncio
import json
import logging
import sys

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import SimpleTrustManager

logging.disable(logging.CRITICAL)


def name(value):
    return None if value is None else value.name


def now(signature, roots):
    context = ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")
    status = validate_pdf_signature(signature, context)
    stamp = status.timestamp_validity
    return {
        "good": status.bottom_line,
        "intact": status.intact,
        "valid": status.valid,
        "trusted": status.trusted,
        "coverage": name(status.coverage),
        "changes": name(status.modification_level),
        "certified": status.docmdp_ok,
        "stamp": stamp and {"valid": stamp.valid and stamp.intact, "trusted": stamp.trusted},
    }


def long(signature, roots):
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=roots),
        revinfo_policy=CertRevTrustPolicy(
            REQUIRE_REVINFO,
            freshness=None,
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        ),
    )
    spec = PdfSignatureValidationSpec(
        signature_validation_spec=SignatureValidationSpec(
            cert_validation_policy=policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
        ),
        diff_policy=DEFAULT_DIFF_POLICY,
    )
    result = asyncio.run(ades_lta_validation(signature, spec, timing_info=ValidationTimingInfo.now()))
    # A list of revoked certificates may be older than the signature, and no timestamp may follow on it: then pyHanko
    # lacks a proof (NO_POE), and its bottom line says what else it found.
    status = result.api_status
    return {
        "verdict": result.ades_subindic.standard_name if result.ades_subindic else None,
        "good": bool(status and status.bottom_line),
        "revoked": bool(status and status.revoked),
    }


def attempt(judge, *arguments):
    try:
        return judge(*arguments)
    except Exception as error:  # a verdict of its own
        return {"error": f"{type(error).__name__}: {error}"}


def stamp(signature, roots):
    context = ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")
    status = validate_pdf_timestamp(signature, context)
    good = status.intact and status.valid and status.trusted
    return {"good": good, "coverage": name(status.coverage)}


def judge(path, roots):
    with open(path, "rb") as file:
        reader = PdfFileReader(file)
        return {
            "file": path,
            "signatures": [
                {
                    "field": signature.field_name,
                    "now": attempt(now, signature, roots),
                    "long": attempt(long, signature, roots),
                }
                for signature in reader.embedded_regular_signatures
            ],
            "timestamps": [
                {"field": signature.field_name, "now": attempt(stamp, signature, roots)}
                for signature in reader.embedded_timestamp_signatures
            ],
        }


def main():
    roots = list(load_certs_from_pemder([sys.argv[1]]))
    for path in sys.argv[2:]:
        try:
            verdict = judge(path, roots)
        except Exception as error:
            verdict = {"file": path, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(verdict))


main()
