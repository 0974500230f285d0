import type { LogSignId } from "./logs/signs.ts";

interface OwnAuthorization {
  readonly name: string;
  readonly where: string;
  /** Shows what decides there; `<…>` is what the log does not tell. */
  readonly command: string;
}

/** AWS services that refuse with an authorization of their own, after or beside IAM. */
export const ownAuthorization: Partial<Readonly<Record<LogSignId, OwnAuthorization>>> = {
  opensearch: {
    name: "OpenSearch",
    where: "the domain's access policy and its fine-grained access control (role mappings)",
    command:
      "aws opensearch describe-domain --domain-name '<domain>' --query 'DomainStatus.[AccessPolicies, AdvancedSecurityOptions]'",
  },
  "msk-sasl": {
    name: "Amazon MSK",
    where: "kafka-cluster:* actions in the role's policies, on the cluster, topic and group",
    command: "aws kafka list-clusters-v2 --query 'ClusterInfoList[].[ClusterName, ClusterArn]' --output text",
  },
  "rds-iam": {
    name: "Amazon RDS",
    where:
      "rds-db:connect in the role's policies, rds_iam granted to the database user, and a token no older than 15 minutes",
    command:
      "aws rds describe-db-instances --query 'DBInstances[].[DBInstanceIdentifier, DbiResourceId, IAMDatabaseAuthenticationEnabled]' --output text",
  },
  "eks-api-unauthorized": {
    name: "the Kubernetes API of an EKS cluster",
    where: "the cluster's access entries or aws-auth ConfigMap",
    command: "aws eks list-access-entries --cluster-name '<cluster>'",
  },
  "ecr-pull": {
    name: "Amazon ECR",
    where: "the node role, with which the kubelet pulls images; the pod's role has no part in it",
    command: "aws ecr get-repository-policy --repository-name '<repository>'",
  },
};

/** Systems that are not AWS's. */
export const notAws: Partial<Readonly<Record<LogSignId, string>>> = {
  "kubernetes-rbac": "Kubernetes RBAC",
  mongodb: "MongoDB",
  "kafka-acl": "Kafka",
  postgresql: "PostgreSQL",
  mysql: "MySQL",
  rabbitmq: "RabbitMQ",
  vault: "Vault",
  gcp: "Google Cloud",
  azure: "Azure",
};
