"""What a change of each property does: the create-only ("ForceNew") properties of every resource type that the program uses.

Read off hashicorp/terraform-provider-aws, which pulumi-aws 7 bridges, in the engine's names. A test holds that no type of the
program is missing here. A dotted name is a property of a block.
"""

from __future__ import annotations

from tests.engine.standin.kinds import RANDOM, Kind, whole
from tests.engine.standin.kinds import kind as _kind


def _whole(name: str = "", free: str = "") -> Kind:
    return whole(name, f"tags tagsAll {free}")


_PLAIN = _kind()
_BUCKET_PART = _kind(force_new="bucket expectedBucketOwner")
_MONITORING = (
    "monitoringInterval monitoringRoleArn performanceInsightsKmsKeyId performanceInsightsRetentionPeriod "
    "applyImmediately masterUserSecretKmsKeyId networkType"
)
_DB_SHARED = "engine storageEncrypted kmsKeyId dbName"

KINDS: dict[str, Kind] = {
    **RANDOM,
    "acm/certificate:Certificate": _whole(free="options"),
    "acm/certificateValidation:CertificateValidation": _whole(),
    "appautoscaling/policy:Policy": _kind("name", "resourceId scalableDimension serviceNamespace"),
    "appautoscaling/target:Target": _kind(force_new="resourceId scalableDimension serviceNamespace", kept="roleArn"),
    "backup/plan:Plan": _kind("name"),
    "backup/selection:Selection": _whole("name"),
    "backup/vault:Vault": _kind("name", "kmsKeyArn", "kmsKeyArn"),
    "backup/vaultLockConfiguration:VaultLockConfiguration": _whole(),
    "backup/vaultPolicy:VaultPolicy": _kind(force_new="backupVaultName"),
    "cloudfront/distribution:Distribution": _PLAIN,
    "cloudfront/originAccessControl:OriginAccessControl": Kind(name=""),
    "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _PLAIN,
    "cloudwatch/dashboard:Dashboard": _kind("dashboardName", autonamed=False),
    "cloudwatch/eventRule:EventRule": _kind("name", "eventBusName"),
    "cloudwatch/eventTarget:EventTarget": _kind(force_new="rule targetId eventBusName", kept="targetId"),
    "cloudwatch/logGroup:LogGroup": _kind("name", "logGroupClass", "logGroupClass"),
    "cloudwatch/logMetricFilter:LogMetricFilter": _kind("name", "logGroupName"),
    "cloudwatch/logResourcePolicy:LogResourcePolicy": _kind("policyName", "resourceArn", autonamed=False),
    "cloudwatch/metricAlarm:MetricAlarm": _kind("name"),
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": _kind(force_new="vpcId"),
    "ec2/defaultNetworkAcl:DefaultNetworkAcl": _kind(force_new="defaultNetworkAclId"),
    "ec2/defaultRouteTable:DefaultRouteTable": _kind(force_new="defaultRouteTableId"),
    "ec2/eip:Eip": _kind(force_new="domain address networkBorderGroup publicIpv4Pool", kept="domain networkBorderGroup"),
    "ec2/flowLog:FlowLog": _whole(),
    "ec2/internetGateway:InternetGateway": _PLAIN,
    "ec2/mainRouteTableAssociation:MainRouteTableAssociation": _kind(force_new="vpcId"),
    "ec2/natGateway:NatGateway": _kind(force_new="allocationId subnetId connectivityType privateIp"),
    "ec2/networkAcl:NetworkAcl": _kind(force_new="vpcId"),
    "ec2/networkAclRule:NetworkAclRule": _whole(),
    "ec2/route:Route": _kind(force_new="routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId"),
    "ec2/routeTable:RouteTable": _kind(force_new="vpcId", kept="routes"),
    "ec2/routeTableAssociation:RouteTableAssociation": _kind(force_new="subnetId gatewayId"),
    "ec2/securityGroup:SecurityGroup": _kind("name", "description vpcId", "ingress egress"),
    "ec2/securityGroupRule:SecurityGroupRule": _whole(free="description"),
    "ec2/subnet:Subnet": _kind(force_new="vpcId cidrBlock availabilityZone availabilityZoneId", kept="availabilityZone"),
    "ec2/vpc:Vpc": _kind(force_new="cidrBlock", kept="cidrBlock"),
    "ec2/vpcEndpoint:VpcEndpoint": _kind(
        force_new="vpcId serviceName vpcEndpointType serviceRegion", kept="policy subnetIds routeTableIds securityGroupIds"
    ),
    "ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": _whole(),
    "ecr/lifecyclePolicy:LifecyclePolicy": _whole(),
    "ecr/repository:Repository": _kind("name", "encryptionConfigurations"),
    "ecr/repositoryPolicy:RepositoryPolicy": _kind(force_new="repository"),
    "ecs/cluster:Cluster": _kind("name"),
    "ecs/clusterCapacityProviders:ClusterCapacityProviders": _kind(force_new="clusterName"),
    "ecs/service:Service": _kind(
        "name", "cluster launchType schedulingStrategy iamRole deploymentController.type", "platformVersion iamRole launchType"
    ),
    "ecs/taskDefinition:TaskDefinition": Kind(
        everything=True, free=frozenset({"tags", "tagsAll", "skipDestroy", "trackLatest"}), autonamed=False
    ),
    "elasticache/parameterGroup:ParameterGroup": _kind("name", "family description"),
    "elasticache/replicationGroup:ReplicationGroup": _kind(
        "replicationGroupId",
        "atRestEncryptionEnabled kmsKeyId port subnetGroupName networkType dataTieringEnabled securityGroupNames "
        "snapshotArns snapshotName globalReplicationGroupId",
        "atRestEncryptionEnabled subnetGroupName networkType parameterGroupName numCacheClusters",
    ),
    "elasticache/subnetGroup:SubnetGroup": _kind("name"),
    "iam/policy:Policy": _kind("name", "path description"),
    "iam/role:Role": _kind("name", "path", "managedPolicyArns inlinePolicies"),
    "iam/rolePolicy:RolePolicy": _kind("name", "role"),
    "iam/rolePolicyAttachment:RolePolicyAttachment": _whole(),
    "kms/alias:Alias": _kind("name"),
    "kms/key:Key": _kind(force_new="keyUsage customerMasterKeySpec multiRegion customKeyStoreId xksKeyId", kept="policy"),
    "kms/keyPolicy:KeyPolicy": _kind(force_new="keyId"),
    "lambda/function:Function": _kind("name", "packageType"),
    "lambda/invocation:Invocation": _kind(force_new="functionName qualifier lifecycleScope"),
    "lambda/permission:Permission": _whole(),
    "lb/listener:Listener": _kind(force_new="loadBalancerArn"),
    "lb/listenerCertificate:ListenerCertificate": _whole(),
    "lb/listenerRule:ListenerRule": _kind(force_new="listenerArn"),
    "lb/loadBalancer:LoadBalancer": _kind("name", "internal loadBalancerType", "subnets subnetMappings"),
    "lb/targetGroup:TargetGroup": _kind("name", "port protocol protocolVersion targetType vpcId ipAddressType"),
    "rds/cluster:Cluster": _kind(
        "clusterIdentifier",
        "availabilityZones clusterScalabilityType databaseName dbSubnetGroupName dbSystemId engine engineMode kmsKeyId "
        "masterUsername restoreToPointInTime snapshotIdentifier storageEncrypted sourceRegion s3Import",
        "availabilityZones databaseName dbSubnetGroupName dbSystemId kmsKeyId masterUsername engineVersion port "
        "engineLifecycleSupport backupRetentionPeriod dbClusterParameterGroupName vpcSecurityGroupIds storageEncrypted "
        f"preferredBackupWindow preferredMaintenanceWindow databaseInsightsMode {_MONITORING}",
    ),
    "rds/clusterInstance:ClusterInstance": _kind(
        "identifier",
        "availabilityZone clusterIdentifier dbSubnetGroupName engine customIamInstanceProfile",
        f"availabilityZone dbSubnetGroupName engineVersion dbParameterGroupName caCertIdentifier {_MONITORING}",
    ),
    "rds/clusterParameterGroup:ClusterParameterGroup": _kind("name", "family description"),
    "rds/eventSubscription:EventSubscription": _kind("name"),
    "rds/instance:Instance": _kind(
        "identifier",
        f"{_DB_SHARED} availabilityZone characterSetName ncharCharacterSetName restoreToPointInTime s3Import "
        "snapshotIdentifier timezone username customIamInstanceProfile",
        f"{_DB_SHARED} availabilityZone snapshotIdentifier username allocatedStorage backupRetentionPeriod engineVersion "
        "multiAz storageType port parameterGroupName vpcSecurityGroupIds dbSubnetGroupName backupWindow maintenanceWindow "
        f"caCertIdentifier {_MONITORING}",
    ),
    "rds/parameterGroup:ParameterGroup": _kind("name", "family description"),
    "rds/proxy:Proxy": _kind("name", "engineFamily vpcSubnetIds"),
    "rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": _kind(force_new="dbProxyName"),
    "rds/proxyEndpoint:ProxyEndpoint": _kind("dbProxyEndpointName", "dbProxyName vpcSubnetIds targetRole", autonamed=False),
    "rds/proxyTarget:ProxyTarget": _whole(),
    "rds/subnetGroup:SubnetGroup": _kind("name"),
    "route53/record:Record": _kind(force_new="zoneId name setIdentifier"),
    "route53/zone:Zone": _kind("name", "delegationSetId", autonamed=False),
    "s3/bucket:Bucket": _kind("bucket", "objectLockEnabled"),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _BUCKET_PART,
    "s3/bucketLogging:BucketLogging": _BUCKET_PART,
    "s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _BUCKET_PART,
    "s3/bucketOwnershipControls:BucketOwnershipControls": _BUCKET_PART,
    "s3/bucketPolicy:BucketPolicy": _BUCKET_PART,
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _BUCKET_PART,
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _BUCKET_PART,
    "s3/bucketVersioning:BucketVersioning": _BUCKET_PART,
    "scheduler/schedule:Schedule": _kind("name", "groupName", "groupName"),
    "scheduler/scheduleGroup:ScheduleGroup": _kind("name"),
    "secretsmanager/secret:Secret": _kind("name"),
    "secretsmanager/secretPolicy:SecretPolicy": _kind(force_new="secretArn"),
    "secretsmanager/secretRotation:SecretRotation": _kind(force_new="secretId"),
    "secretsmanager/secretVersion:SecretVersion": _kind(
        force_new="secretId secretBinary secretString secretStringWoVersion", kept="versionStages"
    ),
    "servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _kind("name", "vpc", autonamed=False),
    "servicediscovery/service:Service": _kind(
        "name", "namespaceId type dnsConfig.namespaceId dnsConfig.routingPolicy healthCheckCustomConfig", "namespaceId"
    ),
    "sns/topic:Topic": _kind("name", "fifoTopic"),
    "sns/topicPolicy:TopicPolicy": _kind(force_new="arn"),
    "sns/topicSubscription:TopicSubscription": _kind(force_new="topic protocol endpoint subscriptionRoleArn"),
    "wafv2/webAcl:WebAcl": _kind("name", "scope"),
    "wafv2/webAclAssociation:WebAclAssociation": _whole(),
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _kind(force_new="resourceArn"),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": _kind(force_new="securityGroupId"),
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": _kind(force_new="securityGroupId"),
}
