import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { PowerAutomateConnector } from '../../lib';

/**
 * A connector with strict security requirements. Its functions run in a VPC and call out through one NAT gateway, whose address a
 * proxy or a flow can check. Flow URLs, queues and logs use the company's own keys. Every role has a permissions boundary.
 */
const app = new App();
const stack = new Stack(app, 'PrivateNetwork');

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
// The endpoint is free. Without it, most traffic goes through the NAT gateway, which is charged by the gigabyte.
vpc.addGatewayEndpoint('DynamoDb', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
const callsOut = new ec2.SecurityGroup(stack, 'CallsOut', { vpc, allowAllOutbound: false });
callsOut.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS and flows, over TLS');

const key = (id: string, description: string) => new kms.Key(stack, id, { description, enableKeyRotation: true });
const logKey = key('LogKey', "The connector's logs");
logKey.grantEncryptDecrypt(new iam.ServicePrincipal(`logs.${stack.region}.amazonaws.com`));

const connector = new PowerAutomateConnector(stack, 'PowerAutomate', {
  vpc,
  vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
  securityGroups: [callsOut],
  encryptionKey: key('FlowUrlKey', 'Flow URLs'),
  queueEncryptionKey: key('QueueKey', 'Events and deliveries on their way'),
  logGroup: new logs.LogGroup(stack, 'Logs', { encryptionKey: logKey, retention: logs.RetentionDays.ONE_YEAR }),
  deliveryRetention: Duration.days(30),
  deletionProtection: true,
  removalPolicy: RemovalPolicy.RETAIN,
});

const boundary = iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'workload-boundary');
iam.PermissionsBoundary.of(connector).apply(boundary);
