import type { JsonValue } from "../../src/core/json.ts";

function allow(sid: string, actions: readonly string[], resource = "*"): JsonValue {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resource };
}

/**
 * The AWS managed policies that node roles usually carry, cut to what matters in a simulated account.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSWorkerNodePolicy.html
 */
export const awsManagedPolicies: Readonly<
  Record<string, { readonly path: string; readonly document: JsonValue }>
> = {
  AmazonEKSWorkerNodePolicy: {
    path: "/",
    document: {
      Version: "2012-10-17",
      Statement: [
        allow("WorkerNodePermissions", [
          "ec2:DescribeInstances",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeRouteTables",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeVolumes",
          "ec2:DescribeVolumesModifications",
          "ec2:DescribeVpcs",
          "eks:DescribeCluster",
          "eks-auth:AssumeRoleForPodIdentity",
        ]),
      ],
    },
  },
  AmazonEKS_CNI_Policy: {
    path: "/",
    document: {
      Version: "2012-10-17",
      Statement: [
        allow("AmazonEKSCNIPolicy", [
          "ec2:AssignPrivateIpAddresses",
          "ec2:AttachNetworkInterface",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeInstances",
          "ec2:DescribeTags",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeSubnets",
          "ec2:DetachNetworkInterface",
          "ec2:ModifyNetworkInterfaceAttribute",
          "ec2:UnassignPrivateIpAddresses",
        ]),
        allow("AmazonEKSCNIPolicyENITag", ["ec2:CreateTags"], "arn:aws:ec2:*:*:network-interface/*"),
      ],
    },
  },
  AmazonEC2ContainerRegistryReadOnly: {
    path: "/",
    document: {
      Version: "2012-10-17",
      Statement: [
        allow("Pull", [
          "ecr:GetAuthorizationToken",
          "ecr:BatchCheckLayerAvailability",
          "ecr:GetDownloadUrlForLayer",
          "ecr:GetRepositoryPolicy",
          "ecr:DescribeRepositories",
          "ecr:ListImages",
          "ecr:DescribeImages",
          "ecr:BatchGetImage",
        ]),
      ],
    },
  },
  AmazonSSMManagedInstanceCore: {
    path: "/",
    document: {
      Version: "2012-10-17",
      Statement: [
        allow("Agent", [
          "ssm:DescribeAssociation",
          "ssm:GetDocument",
          "ssm:GetParameter",
          "ssm:GetParameters",
          "ssm:UpdateInstanceInformation",
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
          "ec2messages:GetMessages",
          "ec2messages:SendReply",
        ]),
      ],
    },
  },
};
