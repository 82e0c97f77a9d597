"""Nothing of the catalogues that the anchors name is forgotten: each id is a rule's, or stated as not adopted, and never both."""

from __future__ import annotations

from policies.catalogue import RULES
from policies.rule import Reference
from policies.rules.not_adopted import NOT_ADOPTED, WRONG
from policies.rules.references import references

ANCHORS = references(
    hub="""
        RDS.1 RDS.2 RDS.3 RDS.4 RDS.5 RDS.6 RDS.7 RDS.8 RDS.9 RDS.10 RDS.11 RDS.12 RDS.13 RDS.14 RDS.15 RDS.16 RDS.17 RDS.19
        RDS.20 RDS.21 RDS.22 RDS.23 RDS.24 RDS.25 RDS.26 RDS.27 RDS.35 RDS.36 RDS.37 RDS.38 RDS.43 RDS.45 RDS.46 RDS.47
        RDS.50 RDS.51
        ECS.1 ECS.2 ECS.3 ECS.4 ECS.5 ECS.8 ECS.9 ECS.10 ECS.12 ECS.16 ECS.17 ECS.20
        ElastiCache.1 ElastiCache.3 ElastiCache.4 ElastiCache.5 ElastiCache.6 S3.1 S3.5 S3.8 S3.9 S3.13 S3.14 S3.15 S3.17
        ECR.1 ECR.2 ECR.3 ECR.5 ELB.1 ELB.4 ELB.5 ELB.6 ELB.16 ELB.17 ELB.18 ELB.21 ELB.22 SecretsManager.1 SecretsManager.4
        EC2.2 EC2.6 EC2.13 EC2.14 EC2.15 EC2.18 EC2.19 KMS.4
    """,
    cis_aws="3.1.1 3.2.1 3.2.2 3.2.3 3.2.4 4.6 4.7 6.3 6.4 6.5",
    cis_gcp="1.11 3.6 3.7 3.10 3.11 5.1 5.2 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.4 6.5 6.6 6.7 6.8 6.9",
    checkov="""
        AWS_2 AWS_7 AWS_16 AWS_17 AWS_18 AWS_21 AWS_24 AWS_25 AWS_29 AWS_30 AWS_31 AWS_51 AWS_53 AWS_54 AWS_55 AWS_56 AWS_65
        AWS_66 AWS_91 AWS_96 AWS_103 AWS_118 AWS_129 AWS_130 AWS_131 AWS_133 AWS_134 AWS_136 AWS_139 AWS_143 AWS_145 AWS_146
        AWS_149
        AWS_150 AWS_157 AWS_158 AWS_161 AWS_162 AWS_163 AWS_191 AWS_211 AWS_223 AWS_224 AWS_226 AWS_245 AWS_249 AWS_250 AWS_260
        AWS_266 AWS_277 AWS_293 AWS_302 AWS_304 AWS_313 AWS_324 AWS_325 AWS_326 AWS_327 AWS_332 AWS_333 AWS_334 AWS_335 AWS_336
        AWS_338 AWS_353 AWS_354 AWS_388 AWS2_6 AWS2_8 AWS2_11 AWS2_12 AWS2_20 AWS2_27 AWS2_28 AWS2_30 AWS2_50 AWS2_57
        AWS2_60 AWS2_61 AWS2_69 GCP_2 GCP_3 GCP_4 GCP_6 GCP_11 GCP_14 GCP_26 GCP_28 GCP_29 GCP_43 GCP_51 GCP_52 GCP_53 GCP_54
        GCP_55 GCP_56 GCP_57 GCP_60 GCP_62 GCP_74 GCP_78 GCP_79 GCP_82 GCP_84 GCP_88 GCP_95 GCP_97 GCP_101 GCP_102 GCP_106
        GCP_108 GCP_109 GCP_110 GCP_111 GCP_114 GCP2_12 GCP2_13 GCP2_14 GCP2_15 GCP2_16 GCP2_17 GCP2_20
    """,
)
"""The ids in the rule tables (1a, 1b) of the anchors."""

ADOPTED = {reference for rule in RULES for reference in rule.frameworks}
LEFT_OUT = {reference for group in NOT_ADOPTED for reference in group}


def test_every_rule_of_the_anchors_is_adopted_or_refused_with_a_reason() -> None:
    assert [one for one in ANCHORS if one not in ADOPTED | LEFT_OUT] == []


def test_none_is_both() -> None:
    assert set() == ADOPTED & LEFT_OUT


def test_a_reason_is_a_sentence() -> None:
    assert [reason for reason in NOT_ADOPTED.values() if len(reason) < 15 or not reason.endswith(".")] == []
    assert all(id_.startswith(("CKV_", "CKV2_")) for id_ in WRONG)


def test_ids_are_written_out() -> None:
    assert references(checkov="AWS_16 GCP2_12", hub="RDS.3") == (
        Reference("Security Hub", "2026-08", "RDS.3"),
        Reference("checkov", "3.3.30", "CKV_AWS_16"),
        Reference("checkov", "3.3.30", "CKV2_GCP_12"),
    )
