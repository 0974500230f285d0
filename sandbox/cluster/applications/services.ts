/** How the SDKs name a service, by its IAM prefix. */
export interface ServiceNames {
  readonly javaV1: { readonly service: string; readonly exception: string };
  readonly javaV2: { readonly service: string; readonly exception: string };
  readonly go: string;
  /** `AccessDeniedException` of the JSON services, `AccessDenied` of S3. */
  readonly jsNamespace: string;
}

const names: Readonly<Record<string, ServiceNames>> = {
  dynamodb: {
    javaV1: {
      service: "AmazonDynamoDBv2",
      exception: "com.amazonaws.services.dynamodbv2.model.AmazonDynamoDBException",
    },
    javaV2: {
      service: "DynamoDb",
      exception: "software.amazon.awssdk.services.dynamodb.model.DynamoDbException",
    },
    go: "DynamoDB",
    jsNamespace: "client-dynamodb",
  },
  s3: {
    javaV1: { service: "Amazon S3", exception: "com.amazonaws.services.s3.model.AmazonS3Exception" },
    javaV2: { service: "S3", exception: "software.amazon.awssdk.services.s3.model.S3Exception" },
    go: "S3",
    jsNamespace: "client-s3",
  },
  sqs: {
    javaV1: { service: "AmazonSQS", exception: "com.amazonaws.services.sqs.model.AmazonSQSException" },
    javaV2: { service: "Sqs", exception: "software.amazon.awssdk.services.sqs.model.SqsException" },
    go: "SQS",
    jsNamespace: "client-sqs",
  },
  secretsmanager: {
    javaV1: {
      service: "AWSSecretsManager",
      exception: "com.amazonaws.services.secretsmanager.model.AWSSecretsManagerException",
    },
    javaV2: {
      service: "SecretsManager",
      exception: "software.amazon.awssdk.services.secretsmanager.model.SecretsManagerException",
    },
    go: "Secrets Manager",
    jsNamespace: "client-secrets-manager",
  },
};

/** Any other service gets names made up of its prefix by the same pattern. */
export function serviceNames(action: string): ServiceNames {
  const prefix = action.slice(0, action.indexOf(":"));
  const known = names[prefix];
  if (known !== undefined) return known;
  const title = prefix.charAt(0).toUpperCase() + prefix.slice(1);
  return {
    javaV1: {
      service: `Amazon${title}`,
      exception: `com.amazonaws.services.${prefix}.model.Amazon${title}Exception`,
    },
    javaV2: {
      service: title,
      exception: `software.amazon.awssdk.services.${prefix}.model.${title}Exception`,
    },
    go: prefix.toUpperCase(),
    jsNamespace: `client-${prefix}`,
  };
}

/** S3 reads and lists are called otherwise in IAM than in its API. */
export function operationName(action: string): string {
  if (action === "s3:ListBucket") return "ListObjectsV2";
  return action.slice(action.indexOf(":") + 1);
}

/** `carts` → `Carts` */
export function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
