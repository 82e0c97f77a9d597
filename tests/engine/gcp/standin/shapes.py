"""Ids and computed outputs as Google would give them."""

from __future__ import annotations

import secrets
from typing import Any

from operations.review.create_only import Kind
from tests.engine.standin.cloud import short
from tests.engine.standin.kinds import GCP
from tests.engine.standin.shapes import random_outputs, template
from tests.engine.standin.world import World

Values = dict[str, Any]

PROJECT, NUMBER, REGION = "reference", "123456789012", "asia-northeast1"

_IDS = {
    "artifactregistry/repository:Repository": "projects/{p}/locations/{l}/repositories/{n}",
    "cloudrunv2/job:Job": "projects/{p}/locations/{l}/jobs/{n}",
    "cloudrunv2/service:Service": "projects/{p}/locations/{l}/services/{n}",
    "cloudscheduler/job:Job": "projects/{p}/locations/{l}/jobs/{n}",
    "compute/network:Network": "projects/{p}/global/networks/{n}",
    "compute/router:Router": "projects/{p}/regions/{l}/routers/{n}",
    "compute/subnetwork:Subnetwork": "projects/{p}/regions/{l}/subnetworks/{n}",
    "kms/cryptoKey:CryptoKey": "{keyRing}/cryptoKeys/{n}",
    "kms/keyRing:KeyRing": "projects/{p}/locations/{l}/keyRings/{n}",
    "logging/projectBucketConfig:ProjectBucketConfig": "projects/{p}/locations/{l}/buckets/{n}",
    "memorystore/instance:Instance": "projects/{p}/locations/{l}/instances/{n}",
    "projects/iAMCustomRole:IAMCustomRole": "projects/{p}/roles/{n}",
    "redis/instance:Instance": "projects/{p}/locations/{l}/instances/{n}",
    "secretmanager/secret:Secret": "projects/{p}/secrets/{n}",
    "serviceaccount/account:Account": "projects/{p}/serviceAccounts/{n}@{p}.iam.gserviceaccount.com",
    "sql/database:Database": "projects/{p}/instances/{instance}/databases/{n}",
    "sql/databaseInstance:DatabaseInstance": "{n}",
    "sql/user:User": "{n}//{instance}",
    "storage/bucket:Bucket": "{n}",
}
"""``p`` project, ``l`` location, ``n`` name; the rest are inputs."""

GRANTS = ("IamMember", "IAMMember")


def id_of(token: str, name: str, kind: Kind, inputs: Values) -> str:
    """What Google makes of the fixed name; fresh where there is none."""
    kind_, fresh = short(token), secrets.token_hex(4)
    if token.startswith("random:"):
        return f"{name}-{fresh}"
    if kind_.endswith(GRANTS):
        condition = inputs.get("condition") or {}
        given = [str(inputs[key]) for key in sorted(inputs) if isinstance(inputs[key], str)]
        return " ".join([*given, *([str(condition["title"])] if condition else [])])
    if kind_ == "secretmanager/secretVersion:SecretVersion":
        return f"{inputs['secret']}/versions/{fresh}"
    if kind_ == "projects/service:Service":
        return f"{PROJECT}/{inputs['service']}"
    place = inputs.get("region") or inputs.get("location") or "global"
    physical = inputs.get(kind.name) or f"{name}-{fresh}"
    pattern = _IDS.get(kind_, f"projects/{{p}}/{place}/{kind_.rpartition(':')[2]}/{{n}}")
    given = {key: value for key, value in inputs.items() if key != "name"}
    return pattern.format(**given, p=PROJECT, l=place, n=physical)


def key_of(token: str, id_: str, outputs: Values) -> str:
    """The id tells a resource from all others of its type; but a record set's type counts too."""
    return f"{id_} {outputs['managedZone']} {outputs['type']}" if token.endswith(":RecordSet") else id_


def outputs_of(world: World, token: str, id_: str, inputs: Values) -> Values:
    """Computed outputs of a *token* with this id."""
    if token.startswith("random:"):
        return random_outputs(token, inputs)
    kind = short(token)
    name = str(inputs.get(GCP[kind].name if kind in GCP else "name") or id_.rpartition("/")[2])
    found = template(world, token, id_)
    if "project" in found:
        found["project"] = PROJECT
    made = _MADE.get(kind)
    return {**found, **(made(world, id_, name, inputs) if made else {})}


def _instance(world: World, id_: str, name: str, inputs: Values) -> Values:
    address = f"10.64.0.{world.count('address', 'sql') + 2}"
    return {
        "connectionName": f"{PROJECT}:{inputs['region']}:{name}",
        "dnsName": f"{name}.{PROJECT}.{inputs['region']}.sql.goog.",
        "firstIpAddress": address,
        "ipAddresses": [{"ipAddress": address, "type": "PRIVATE", "timeToRetire": ""}],
        "maintenanceVersion": f"{inputs['databaseVersion']}_4.R20260101.00_00",
        "privateIpAddress": address,
        "pscServiceAttachmentLink": f"projects/tenant/regions/{inputs['region']}/serviceAttachments/{name}",
        "publicIpAddress": "",
        "selfLink": f"https://sqladmin.googleapis.com/sql/v1beta4/projects/{PROJECT}/instances/{name}",
        "serverCaCerts": [{"cert": f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----", "commonName": name}],
        "serviceAccountEmailAddress": f"p{NUMBER}-{name[-6:]}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
    }


def _account(world: World, id_: str, name: str, inputs: Values) -> Values:
    email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
    return {"email": email, "member": f"serviceAccount:{email}", "name": id_, "uniqueId": f"1{secrets.randbelow(10**19):020d}"}


def _service(world: World, id_: str, name: str, inputs: Values) -> Values:
    uri = f"https://{name}-{NUMBER}.{inputs['location']}.run.app"
    return {"uri": uri, "urls": [uri], "uid": secrets.token_hex(16)}


def _version(world: World, id_: str, name: str, inputs: Values) -> Values:
    number = str(world.count("version", str(inputs["secret"])))
    return {"version": number, "name": f"{inputs['secret']}/versions/{number}", "enabled": True}


def _link(world: World, id_: str, name: str, inputs: Values) -> Values:
    return {"selfLink": f"https://www.googleapis.com/compute/v1/{id_}"}


def _address(world: World, id_: str, name: str, inputs: Values) -> Values:
    return {**_link(world, id_, name, inputs), "address": inputs.get("address") or f"203.0.113.{world.count('address', 'ip')}"}


def _redis(world: World, id_: str, name: str, inputs: Values) -> Values:
    certificate = {"cert": f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----", "serialNumber": "1"}
    return {"host": "10.64.1.3", "port": 6378, "authString": secrets.token_hex(16), "serverCaCerts": [certificate]}


def _valkey(world: World, id_: str, name: str, inputs: Values) -> Values:
    connection = {"connectionType": "CONNECTION_TYPE_PRIMARY", "pscConnection": {"ipAddress": "10.0.0.9", "port": 6379}}
    endpoint = {"connections": [{"pscAutoConnection": {"ipAddress": "10.0.0.9", "port": 6379, **connection}}]}
    return {
        "discoveryEndpoints": [{"address": "10.0.0.9", "port": 6379}],
        "endpoints": [endpoint],
        "managedServerCas": [{"caCerts": [{"certificates": ["-----BEGIN CERTIFICATE-----"]}]}],
    }


def _zone(world: World, id_: str, name: str, inputs: Values) -> Values:
    return {"nameServers": [f"ns-cloud-a{number}.googledomains.com." for number in (1, 2)]}


_MADE = {
    "cloudrunv2/service:Service": _service,
    "compute/address:Address": _address,
    "compute/globalAddress:GlobalAddress": _address,
    "compute/network:Network": _link,
    "compute/subnetwork:Subnetwork": _link,
    "dns/managedZone:ManagedZone": _zone,
    "memorystore/instance:Instance": _valkey,
    "redis/instance:Instance": _redis,
    "secretmanager/secretVersion:SecretVersion": _version,
    "serviceaccount/account:Account": _account,
    "sql/databaseInstance:DatabaseInstance": _instance,
}
