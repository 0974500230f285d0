import type { LogSignId } from "./logs/signs.ts";

/** AWS services that refuse with an authorization of their own, after or beside IAM. */
export const ownAuthorization: Partial<
  Readonly<Record<LogSignId, { readonly name: string; readonly where: string }>>
> = {
  opensearch: {
    name: "OpenSearch",
    where: "the domain's access policy and its fine-grained access control (role mappings)",
  },
  "msk-sasl": {
    name: "Amazon MSK",
    where: "kafka-cluster:* actions in the role's policies, on the cluster, topic and group",
  },
  "rds-iam": {
    name: "Amazon RDS",
    where:
      "rds-db:connect in the role's policies, rds_iam granted to the database user, and a token no older than 15 minutes",
  },
  "eks-api-unauthorized": {
    name: "the Kubernetes API of an EKS cluster",
    where: "the cluster's access entries or aws-auth ConfigMap",
  },
  "ecr-pull": {
    name: "Amazon ECR",
    where: "the node role, with which the kubelet pulls images; the pod's role has no part in it",
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
