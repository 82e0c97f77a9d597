"""What a change of each property does: the create-only ("ForceNew") properties of every resource type that the program uses.

After hashicorp/terraform-provider-google-beta, which pulumi-gcp 10 bridges, with the engine's names. A test holds that no type of
the program is missing here.
"""

from __future__ import annotations

from tests.engine.standin.kinds import RANDOM, Kind, whole
from tests.engine.standin.kinds import kind as _kind

EVERYWHERE = "labels deletionPolicy"
"""What no type is recreated for."""


def _whole(name: str = "", free: str = "") -> Kind:
    return whole(name, f"{EVERYWHERE} {free}")


_PLAIN = _kind()
_GRANT = _whole()
_PROXY = _kind("name", "description proxyBind httpKeepAliveTimeoutSec")

KINDS: dict[str, Kind] = {
    **RANDOM,
    "artifactregistry/repository:Repository": _kind("repositoryId", "format kmsKeyName location mode", autonamed=False),
    "artifactregistry/repositoryIamMember:RepositoryIamMember": _GRANT,
    "certificatemanager/certificate:Certificate": _kind("name", "location managed scope"),
    "certificatemanager/certificateMap:CertificateMap": _kind("name"),
    "certificatemanager/certificateMapEntry:CertificateMapEntry": _kind("name", "hostname map matcher"),
    "certificatemanager/dnsAuthorization:DnsAuthorization": _kind("name", "domain location type"),
    "cloudrunv2/job:Job": _kind("name", "location", "client clientVersion launchStage"),
    "cloudrunv2/jobIamMember:JobIamMember": _GRANT,
    "cloudrunv2/service:Service": _kind("name", "location", "client clientVersion launchStage ingress traffics scaling"),
    "cloudrunv2/serviceIamMember:ServiceIamMember": _GRANT,
    "cloudscheduler/job:Job": _kind("name", "region", "attemptDeadline paused"),
    "compute/address:Address": _whole("name"),
    "compute/backendBucket:BackendBucket": _kind("name", "loadBalancingScheme", "cdnPolicy"),
    "compute/backendService:BackendService": _kind("name", "loadBalancingScheme", "logConfig timeoutSec"),
    "compute/firewall:Firewall": _kind("name", "network direction", "sourceRanges destinationRanges"),
    "compute/firewallPolicyRule:FirewallPolicyRule": _kind(force_new="firewallPolicy priority"),
    "compute/forwardingRule:ForwardingRule": _whole("name", free="target allowGlobalAccess allowPscGlobalAccess"),
    "compute/globalAddress:GlobalAddress": _whole("name"),
    "compute/globalForwardingRule:GlobalForwardingRule": _whole("name", free="target"),
    "compute/managedSslCertificate:ManagedSslCertificate": _whole("name"),
    "compute/network:Network": _kind(
        "name",
        "autoCreateSubnetworks deleteDefaultRoutesOnCreate description internalIpv6Range mtu networkProfile",
        "mtu routingMode networkFirewallPolicyEnforcementOrder internalIpv6Range",
    ),
    "compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": _whole("name"),
    "compute/route:Route": _whole("name"),
    "compute/router:Router": _kind("name", "network region encryptedInterconnectRouter"),
    "compute/routerNat:RouterNat": _kind("name", "router region type initialNatIps", "autoNetworkTier"),
    "compute/sSLPolicy:SSLPolicy": _kind("name", "description"),
    "compute/securityPolicy:SecurityPolicy": _kind("name", "type", "type rules advancedOptionsConfig"),
    "compute/subnetwork:Subnetwork": _kind("name", "description network region purpose", "logConfig secondaryIpRanges stackType"),
    "compute/targetHttpProxy:TargetHttpProxy": _PROXY,
    "compute/targetHttpsProxy:TargetHttpsProxy": _PROXY,
    "compute/uRLMap:URLMap": _kind("name"),
    "dns/managedZone:ManagedZone": _kind("name", "dnsName visibility reverseLookup", "dnssecConfig.state visibility"),
    "dns/policy:Policy": _kind("name"),
    "dns/recordSet:RecordSet": _kind("name", "managedZone", autonamed=False),
    "kms/cryptoKey:CryptoKey": _kind(
        "name",
        "keyRing purpose destroyScheduledDuration importOnly skipInitialVersionCreation cryptoKeyBackend",
        "destroyScheduledDuration importOnly cryptoKeyBackend versionTemplate",
    ),
    "kms/cryptoKeyIAMMember:CryptoKeyIAMMember": _GRANT,
    "kms/keyRing:KeyRing": _whole("name"),
    "logging/metric:Metric": _kind("name"),
    "logging/projectBucketConfig:ProjectBucketConfig": _kind("bucketId", "location project", autonamed=False),
    "logging/projectExclusion:ProjectExclusion": _kind("name"),
    "logging/projectSink:ProjectSink": _kind("name", "uniqueWriterIdentity", "writerIdentity"),
    "memorystore/instance:Instance": _kind(
        "instanceId",
        "authorizationMode desiredAutoCreatedEndpoints desiredPscAutoConnections kmsKey location mode transitEncryptionMode "
        "zoneDistributionConfig serverCaMode serverCaPool",
        "engineVersion mode nodeType replicaCount zoneDistributionConfig authorizationMode transitEncryptionMode",
        autonamed=False,
    ),
    "monitoring/alertPolicy:AlertPolicy": _PLAIN,
    "monitoring/dashboard:Dashboard": _kind(force_new="project"),
    "monitoring/notificationChannel:NotificationChannel": _PLAIN,
    "monitoring/uptimeCheckConfig:UptimeCheckConfig": _kind(
        force_new="monitoredResource resourceGroup httpCheck.requestMethod httpCheck.useSsl checkerType", kept="checkerType"
    ),
    "networkconnectivity/serviceConnectionPolicy:ServiceConnectionPolicy": _kind("name", "location network serviceClass"),
    "projects/iAMMember:IAMMember": _GRANT,
    "projects/service:Service": _kind(force_new="service project"),
    "projects/serviceIdentity:ServiceIdentity": _whole(),
    "redis/instance:Instance": _kind(
        "name",
        "alternativeLocationId authorizedNetwork connectMode customerManagedKey locationId readReplicasMode region "
        "reservedIpRange tier transitEncryptionMode",
        "alternativeLocationId authorizedNetwork locationId reservedIpRange redisVersion replicaCount persistenceConfig "
        "readReplicasMode maintenanceVersion",
    ),
    "secretmanager/secret:Secret": _kind("secretId", "replication", autonamed=False),
    "secretmanager/secretIamMember:SecretIamMember": _GRANT,
    "secretmanager/secretVersion:SecretVersion": _kind(force_new="secret secretData secretDataWoVersion isSecretDataBase64"),
    "serviceaccount/account:Account": _kind("accountId", "project", autonamed=False),
    "serviceaccount/iAMMember:IAMMember": _GRANT,
    "servicenetworking/connection:Connection": _kind(force_new="network service"),
    "servicenetworking/peeredDnsDomain:PeeredDnsDomain": _whole("name"),
    "sql/database:Database": _kind("name", "instance project", "charset collation"),
    "sql/databaseInstance:DatabaseInstance": _kind(
        "name",
        "region project encryptionKeyName masterInstanceName settings.diskType settings.collation",
        "encryptionKeyName masterInstanceName maintenanceVersion instanceType region project",
    ),
    "sql/user:User": _kind("name", "host instance project type", "host databaseRoles"),
    "storage/bucket:Bucket": _kind(
        "name", "location customPlacementConfig enableObjectRetention hierarchicalNamespace", "rpo softDeletePolicy"
    ),
    "storage/bucketIAMMember:BucketIAMMember": _GRANT,
    "storage/managedFolder:ManagedFolder": _whole("name", free="forceDestroy"),
}
