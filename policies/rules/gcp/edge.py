"""Google Cloud: the checks of the rules in policies/rules/edge.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import all_of, must_be, must_be_in, must_have, only_when
from policies.resource import UNKNOWN, Resource, Stack, type_of
from policies.rule import Check, Config, NotApplicable
from policies.rules.gcp.network import PUBLIC_SCHEMES
from policies.rules.gcp.types import ARMOR, BACKEND, HTTP_PROXY, HTTPS_PROXY, TLS_POLICY, URL_MAP
from policies.verdict import Undecided

REDIRECT = "defaultUrlRedirect.httpsRedirect"

balancer_tls_version = (
    Check((HTTPS_PROXY,), must_have("sslPolicy")),  # without one: TLS 1.0 and old ciphers
    Check(
        (TLS_POLICY,),
        all_of(
            must_be_in("minTlsVersion", ("TLS_1_2", "TLS_1_3"), default="TLS_1_0"),
            must_be_in("profile", ("MODERN", "RESTRICTED", "FIPS_202205"), default="COMPATIBLE"),
        ),
    ),
)
balancer_headers = NotApplicable("Google's front ends refuse requests that are not valid, and have no switch for it")
balancer_logs = Check(
    (BACKEND,), all_of(must_be("logConfig.enable", True, default=False), must_be("logConfig.sampleRate", 1, default=1))
)
balancer_deletion_protected = NotApplicable("Google has no protection against deletion for any part of a load balancer")
cdn_https = NotApplicable("Cloud CDN is a part of the load balancer: balancer-https")


def balancer_https(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """Whatever listens without TLS has a URL map that does nothing but send to HTTPS."""
    for proxy in stack.of_type(HTTP_PROXY):
        maps = [
            found for urn in proxy.property_depends_on.get("urlMap", ()) if type_of(urn) == URL_MAP and (found := stack.get(urn))
        ]
        if not maps:
            yield Undecided(("urlMap",), proxy.urn)
        for url_map in maps:
            redirects = url_map.fact(REDIRECT)
            if redirects is UNKNOWN:
                yield Undecided((REDIRECT,), url_map.urn)
            elif redirects is not True:
                yield url_map.urn, f"{REDIRECT} must be true: a TargetHttpProxy listens for it without TLS"
            paths = url_map.fact("pathMatchers")
            if paths is UNKNOWN:
                yield Undecided(("pathMatchers",), url_map.urn)
            elif paths:
                yield url_map.urn, "pathMatchers must not be set: a TargetHttpProxy listens for them without TLS"


def balancer_waf(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """A backend of a public load balancer has a policy of Cloud Armor, and a policy really refuses something."""
    judges = {
        BACKEND: only_when("loadBalancingScheme", PUBLIC_SCHEMES, must_have("securityPolicy"), default="EXTERNAL"),
        ARMOR: _refuses,
    }
    for resource in stack.of_type(*judges):
        for said in judges[resource.type](resource, config):
            yield Undecided(said.properties, resource.urn) if isinstance(said, Undecided) else (resource.urn, said)


def _refuses(policy: Resource, config: Config) -> Iterator[str | Undecided]:
    """In preview a rule only writes what it would do."""
    rules = policy.fact("rules")
    items = rules if isinstance(rules, list) else []
    found = [(item.get("action"), item.get("preview")) for item in items if isinstance(item, dict)]
    if any(str(action).startswith("deny") and not (preview or preview is UNKNOWN) for action, preview in found):
        return
    if UNKNOWN in (rules, *items) or any(UNKNOWN in pair for pair in found):
        yield Undecided(("rules",))
    else:
        yield "rules must hold one whose action is deny and that is not in preview"
