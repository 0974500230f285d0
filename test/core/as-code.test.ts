import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { cloudFormationOf } from "../../src/core/as-code/cloudformation.ts";
import { eksctlOf } from "../../src/core/as-code/eksctl.ts";
import { terraformOf } from "../../src/core/as-code/terraform.ts";
import { yaml } from "../../src/core/as-code/yaml.ts";
import type { JsonValue } from "../../src/core/json.ts";
import type { Change } from "../../src/core/plan.ts";

const cluster = "eks-workshop";
const roleArn = "arn:aws:iam::111122223333:role/apps/carts";
const url = "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";
const document = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "pods.eks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Condition: { StringLike: { "aws:RequestTag/team": "${aws:PrincipalTag/team}-%{x}" } },
    },
  ],
};
const associate: Change = {
  kind: "eks.pod-identity-association.create",
  target: { cluster, region: "us-west-2", namespace: "carts", serviceAccount: "carts" },
  before: null,
  after: { roleArn },
};
const changes: readonly Change[] = [
  associate,
  {
    kind: "eks.addon.create",
    target: { cluster, region: "us-west-2", name: "eks-pod-identity-agent" },
    before: null,
    after: { version: null },
  },
  {
    kind: "k8s.service-account.annotate",
    target: { cluster, namespace: "carts", name: "carts", annotation: "eks.amazonaws.com/role-arn" },
    before: { value: null },
    after: { value: roleArn },
  },
  {
    kind: "iam.role.trust-policy",
    target: { cluster, roleArn, roleName: "carts" },
    before: { document: {} },
    after: { document },
  },
  {
    kind: "iam.role.attach-policy",
    target: {
      cluster,
      roleArn,
      roleName: "carts",
      policyArn: "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    },
    before: { attached: false },
    after: { attached: true },
  },
  {
    kind: "iam.oidc-provider.create",
    target: { cluster, providerArn: "", url },
    before: null,
    after: { clientIds: ["sts.amazonaws.com"] },
  },
];
const audience: Change = {
  kind: "iam.oidc-provider.client-id.add",
  target: {
    cluster,
    providerArn: `arn:aws:iam::111122223333:oidc-provider/${url.slice("https://".length)}`,
    clientId: "sts.amazonaws.com",
  },
  before: { registered: false },
  after: { registered: true },
};
const template = { cluster, kind: "Deployment", namespace: "carts", name: "carts" } as const;
const inCluster: readonly Change[] = [
  {
    kind: "k8s.workload.env",
    target: { ...template, container: "app", variables: ["AWS_REGION", "NO_PROXY"] },
    before: { AWS_REGION: null, NO_PROXY: { value: "a" } },
    after: { AWS_REGION: { value: "us-west-2" }, NO_PROXY: { value: "a,169.254.170.23" } },
  },
  {
    kind: "k8s.workload.template-metadata",
    target: { ...template, field: "annotations", key: "eks.amazonaws.com/skip-containers" },
    before: { value: "app" },
    after: { value: "" },
  },
];
const policies = [
  {
    roleName: "carts",
    policyName: "carts-denied-calls",
    document: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/a" }],
    },
  },
];
const restart: Change = {
  kind: "k8s.rollout.restart",
  target: { cluster, kind: "Deployment", namespace: "carts", name: "carts" },
  before: { mark: null },
  after: { mark: "m" },
};

test("Terraform", () => {
  expect(terraformOf([...changes, restart])).toMatchInlineSnapshot(`
    "resource "aws_eks_pod_identity_association" "carts_carts" {
      cluster_name    = "eks-workshop"
      namespace       = "carts"
      service_account = "carts"
      role_arn        = "arn:aws:iam::111122223333:role/apps/carts"
    }

    resource "aws_eks_addon" "eks-pod-identity-agent" {
      cluster_name = "eks-workshop"
      addon_name   = "eks-pod-identity-agent"
    }

    resource "kubernetes_annotations" "carts_carts" {
      api_version = "v1"
      kind        = "ServiceAccount"

      metadata {
        name      = "carts"
        namespace = "carts"
      }

      annotations = {
        "eks.amazonaws.com/role-arn" = "arn:aws:iam::111122223333:role/apps/carts"
      }
    }

    # Change the resource that declares this role; its other arguments stay.
    resource "aws_iam_role" "carts" {
      name = "carts"
      path = "/apps/"

      assume_role_policy = jsonencode({
        "Version" = "2012-10-17"
        "Statement" = [
          {
            "Effect" = "Allow"
            "Principal" = {
              "Service" = "pods.eks.amazonaws.com"
            }
            "Action" = ["sts:AssumeRole", "sts:TagSession"]
            "Condition" = {
              "StringLike" = {
                "aws:RequestTag/team" = "$\${aws:PrincipalTag/team}-%%{x}"
              }
            }
          },
        ]
      })
    }

    resource "aws_iam_role_policy_attachment" "carts" {
      role       = "carts"
      policy_arn = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    }

    resource "aws_iam_openid_connect_provider" "eks-workshop" {
      url            = "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
      client_id_list = ["sts.amazonaws.com"]
    }
    "
  `);
});

test("eksctl", () => {
  expect(eksctlOf([...changes, restart])).toMatchInlineSnapshot(`
    "apiVersion: eksctl.io/v1alpha5
    kind: ClusterConfig
    metadata:
      name: eks-workshop
      region: us-west-2
    iam:
      withOIDC: true
      podIdentityAssociations:
        - namespace: carts
          serviceAccountName: carts
          roleARN: "arn:aws:iam::111122223333:role/apps/carts"
      serviceAccounts:
        - metadata:
            name: carts
            namespace: carts
          attachRoleARN: "arn:aws:iam::111122223333:role/apps/carts"
    addons:
      - name: eks-pod-identity-agent
    "
  `);
});

test("CloudFormation", () => {
  const text = cloudFormationOf([...changes, restart]);

  expect(text).toMatchInlineSnapshot(`
    "# Roles and providers exist already: change the resources that declare them. Their other properties stay, and so do
    # the other values of ManagedPolicyArns and ClientIdList.
    Resources:
      AssociationCartsCarts:
        Type: "AWS::EKS::PodIdentityAssociation"
        Properties:
          ClusterName: eks-workshop
          Namespace: carts
          ServiceAccount: carts
          RoleArn: "arn:aws:iam::111122223333:role/apps/carts"
      AddonEksPodIdentityAgent:
        Type: "AWS::EKS::Addon"
        Properties:
          ClusterName: eks-workshop
          AddonName: eks-pod-identity-agent
      RoleCarts:
        Type: "AWS::IAM::Role"
        Properties:
          RoleName: carts
          Path: "/apps/"
          AssumeRolePolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Principal:
                  Service: pods.eks.amazonaws.com
                Action:
                  - "sts:AssumeRole"
                  - "sts:TagSession"
                Condition:
                  StringLike:
                    "aws:RequestTag/team": "\${aws:PrincipalTag/team}-%{x}"
          ManagedPolicyArns:
            - "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
      ProviderEksWorkshop:
        Type: "AWS::IAM::OIDCProvider"
        Properties:
          Url: "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
          ClientIdList:
            - sts.amazonaws.com
    "
  `);
  expect(parse(text ?? "").Resources.RoleCarts.Properties).toEqual({
    RoleName: "carts",
    Path: "/apps/",
    AssumeRolePolicyDocument: document,
    ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"],
  });
});

test("what exists is changed where it is declared", () => {
  expect(terraformOf([audience])).toMatchInlineSnapshot(`
    "# Add the audience to the resource that declares this provider.
    resource "aws_iam_openid_connect_provider" "eks-workshop" {
      url            = "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
      client_id_list = [/* those that it has, */ "sts.amazonaws.com"]
    }
    "
  `);
  expect(cloudFormationOf([audience])).toMatchInlineSnapshot(`
    "# Roles and providers exist already: change the resources that declare them. Their other properties stay, and so do
    # the other values of ManagedPolicyArns and ClientIdList.
    Resources:
      ProviderEksWorkshop:
        Type: "AWS::IAM::OIDCProvider"
        Properties:
          Url: "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
          ClientIdList:
            - sts.amazonaws.com
    "
  `);
  expect(eksctlOf([audience])).toBeNull();
});

test("a role and its policies are one resource of CloudFormation", () => {
  const { Resources } = parse(cloudFormationOf(changes) ?? "");

  expect(Object.keys(Resources.RoleCarts.Properties)).toEqual([
    "RoleName",
    "Path",
    "AssumeRolePolicyDocument",
    "ManagedPolicyArns",
  ]);
});

test("what a role is denied is a policy of its own", () => {
  expect(terraformOf([], policies)).toMatchInlineSnapshot(`
    "resource "aws_iam_role_policy" "carts-denied-calls" {
      name = "carts-denied-calls"
      role = "carts"

      policy = jsonencode({
        "Version" = "2012-10-17"
        "Statement" = [
          {
            "Effect" = "Allow"
            "Action" = "s3:GetObject"
            "Resource" = "arn:aws:s3:::b/a"
          },
        ]
      })
    }
    "
  `);
  expect(parse(cloudFormationOf([], policies) ?? "")).toEqual({
    Resources: {
      PolicyCartsDeniedCalls: {
        Type: "AWS::IAM::RolePolicy",
        Properties: {
          RoleName: "carts",
          PolicyName: "carts-denied-calls",
          PolicyDocument: policies[0]?.document,
        },
      },
    },
  });
});

test("what the Kubernetes provider owns of a pod template", () => {
  expect(terraformOf(inCluster)).toMatchInlineSnapshot(`
    "resource "kubernetes_env" "carts_carts_app" {
      api_version = "apps/v1"
      kind        = "Deployment"
      force       = true

      metadata {
        name      = "carts"
        namespace = "carts"
      }

      container = "app"

      env {
        name  = "AWS_REGION"
        value = "us-west-2"
      }

      env {
        name  = "NO_PROXY"
        value = "a,169.254.170.23"
      }
    }

    resource "kubernetes_annotations" "carts_carts_pods" {
      api_version = "apps/v1"
      kind        = "Deployment"
      force       = true

      metadata {
        name      = "carts"
        namespace = "carts"
      }

      template_annotations = {
        "eks.amazonaws.com/skip-containers" = ""
      }
    }
    "
  `);
  expect(eksctlOf(inCluster)).toBeNull();
  const [env] = inCluster;
  expect(terraformOf([{ ...env, after: { AWS_REGION: null } } as Change])).toBeNull();
});

test("eksctl updates an association by its configuration", () => {
  const update: Change = {
    kind: "eks.pod-identity-association.update",
    target: { ...associate.target, associationId: "a-1" } as never,
    before: { roleArn, disableSessionTags: true },
    after: { roleArn, disableSessionTags: false },
  };
  expect(parse(eksctlOf([update]) ?? "").iam.podIdentityAssociations).toEqual([
    { namespace: "carts", serviceAccountName: "carts", roleARN: roleArn, disableSessionTags: false },
  ]);
});

test("what a tool owns nothing of is not told in its language", () => {
  expect(terraformOf([restart])).toBeNull();
  expect(eksctlOf([restart])).toBeNull();
  expect(cloudFormationOf([restart])).toBeNull();
});

describe("escaping", () => {
  test("YAML reads back as what was written, whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = JSON.parse(JSON.stringify(value)) as JsonValue;
        expect(parse(yaml(written))).toEqual(written);
      }),
    );
  });

  test.each(["yes", "Off", "1e3", "0x1f", "~", "# no comment", "a: b", "- a", "\u2028", "*a", "!!int 1"])(
    "YAML takes %j for text",
    (text) => {
      expect(parse(yaml({ key: text }))).toEqual({ key: text });
    },
  );

  test("no name starts a template, ends a string or breaks a line of Terraform", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        const text =
          terraformOf([{ ...associate, target: { ...associate.target, namespace: name } } as Change]) ?? "";
        const [, written = ""] = /^ {2}namespace {7}= (".*")$/m.exec(text) ?? [];
        // HCL's escapes are JSON's, but for the two that start a template.
        expect(JSON.parse(written.replace(/([$%])\1\{/g, "$1{"))).toBe(name.replace(/([$%])\1\{/g, "$1{"));
        expect(written.replace(/([$%])\1\{/g, "")).not.toMatch(/[$%]\{/);
        expect(text.split("\n")).toHaveLength(7);
      }),
    );
  });
});
