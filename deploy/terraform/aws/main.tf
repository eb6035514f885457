# Permissions boundary, least policies and role of the controller in one account: the same as deploy/aws/cloudformation.yaml.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

module "policies" {
  source = "./policies"

  partition             = data.aws_partition.current.partition
  account_id            = data.aws_caller_identity.current.account_id
  boundary_arn          = aws_iam_policy.boundary.arn
  instance_arns         = var.instance_arns
  security_profile_arns = var.security_profile_arns
  path                  = var.path
  provisioning          = var.provisioning
  eks_cluster_arn       = var.eks_cluster_arn
  oidc_issuer           = var.oidc_issuer
  assumed_by_role_arn   = var.assumed_by_role_arn
  namespace             = var.namespace
  service_account       = var.service_account
}

# Outside the controller's path, so that the controller cannot change it.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  description = "Maximum permissions of roles and users of connect-sso"
  policy      = module.policies.boundary
}

resource "aws_iam_policy" "iam" {
  name        = "${var.name}-controller"
  description = "The connect-sso controller: IAM"
  policy      = module.policies.iam
}

resource "aws_iam_policy" "connect" {
  name        = "${var.name}-controller-connect"
  description = "The connect-sso controller: Amazon Connect"
  policy      = module.policies.connect
}

resource "aws_iam_role" "controller" {
  name               = "${var.name}-controller"
  description        = "The connect-sso controller"
  assume_role_policy = module.policies.trust

  lifecycle {
    precondition {
      condition     = length(compact([var.eks_cluster_arn, var.oidc_issuer, var.assumed_by_role_arn])) == 1
      error_message = "Set one of eks_cluster_arn, oidc_issuer and assumed_by_role_arn."
    }
  }
}

resource "aws_iam_role_policy_attachment" "iam" {
  role       = aws_iam_role.controller.name
  policy_arn = aws_iam_policy.iam.arn
}

resource "aws_iam_role_policy_attachment" "connect" {
  role       = aws_iam_role.controller.name
  policy_arn = aws_iam_policy.connect.arn
}

resource "aws_iam_role_policy" "further_accounts" {
  count = length(var.further_role_arns) > 0 ? 1 : 0

  name = "FurtherAccounts"
  role = aws_iam_role.controller.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole"], Resource = var.further_role_arns }]
  })
}

resource "aws_iam_openid_connect_provider" "cluster" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://${var.oidc_issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_eks_pod_identity_association" "controller" {
  count = var.eks_cluster_arn == "" ? 0 : 1

  cluster_name    = split(":cluster/", var.eks_cluster_arn)[1]
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = aws_iam_role.controller.arn
}
