/** Calls of one service that CloudTrail counts as data events. */
interface DataEvents {
  readonly actions: RegExp;
  /** `resources.type` of the event. */
  readonly resourceType: string;
}

/**
 * By IAM action, not by the name of the call; `s3:ListBucket` stands for ListObjects and HeadBucket.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
 */
const dataEvents: Readonly<Record<string, readonly DataEvents[]>> = {
  dynamodb: [
    { actions: /^(?:GetRecords|GetShardIterator)$/, resourceType: "AWS::DynamoDB::Stream" },
    {
      actions:
        /^(?:Query|Scan|(?:Get|Put|Update|Delete|ConditionCheck)Item|Batch(?:Get|Write)Item|Transact(?:Get|Write)Items|PartiQL\w+|(?:Batch)?ExecuteStatement|ExecuteTransaction)$/,
      resourceType: "AWS::DynamoDB::Table",
    },
  ],
  s3: [
    {
      actions:
        /^(?:(?:Get|Put|Delete|Restore|Replicate)Object\w*|ListBucket|ListBucketVersions|ListBucketMultipartUploads|ListMultipartUploadParts|AbortMultipartUpload|BypassGovernanceRetention|HeadObject|HeadBucket|CopyObject|ListObjects\w*|UploadPart\w*|\w+MultipartUpload|SelectObjectContent)$/,
      resourceType: "AWS::S3::Object",
    },
  ],
  lambda: [{ actions: /^Invoke(?:Function|Async)?$/, resourceType: "AWS::Lambda::Function" }],
  sqs: [
    {
      actions: /^(?:SendMessage|ReceiveMessage|DeleteMessage|ChangeMessageVisibility)(?:Batch)?$/,
      resourceType: "AWS::SQS::Queue",
    },
  ],
  sns: [{ actions: /^Publish(?:Batch)?$/, resourceType: "AWS::SNS::Topic" }],
  kinesis: [
    { actions: /^SubscribeToShard$/, resourceType: "AWS::Kinesis::StreamConsumer" },
    { actions: /^(?:PutRecords?|GetRecords|GetShardIterator)$/, resourceType: "AWS::Kinesis::Stream" },
  ],
  firehose: [{ actions: /^PutRecord(?:Batch)?$/, resourceType: "AWS::KinesisFirehose::DeliveryStream" }],
  cloudwatch: [{ actions: /^PutMetricData$/, resourceType: "AWS::CloudWatch::Metric" }],
  appconfig: [
    {
      actions: /^(?:GetLatestConfiguration|StartConfigurationSession)$/,
      resourceType: "AWS::AppConfig::Configuration",
    },
  ],
  ses: [
    {
      actions: /^Send(?:Email|RawEmail|TemplatedEmail|BulkEmail|BulkTemplatedEmail)$/,
      resourceType: "AWS::SES::EmailIdentity",
    },
  ],
  "rds-data": [
    {
      actions: /^(?:BatchExecuteStatement|\w+Transaction|ExecuteSql|ExecuteStatement)$/,
      resourceType: "AWS::RDS::DBCluster",
    },
  ],
  ssmmessages: [{ actions: /^\w+ControlChannel$/, resourceType: "AWS::SSMMessages::ControlChannel" }],
};

/** `resources.type` of the data event that a call would be; null: it is none that is known, so a management event. */
export function dataEventType(action: string): string | null {
  const colon = action.indexOf(":");
  const service = dataEvents[action.slice(0, colon).toLowerCase()] ?? [];
  const name = action.slice(colon + 1);
  return service.find(({ actions }) => actions.test(name))?.resourceType ?? null;
}
