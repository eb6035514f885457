# No resources here: the documents alone, so that they can be evaluated and compared without an account.

locals {
  boundary = [for one in local.boundary_statements : one if var.provisioning || !contains(local.provisioning_only, one.Sid)]
  iam      = [for one in local.iam_statements : one if var.provisioning || !contains(local.provisioning_only, one.Sid)]
}

output "boundary" {
  description = "Permissions boundary, JSON"
  value       = jsonencode({ Version = "2012-10-17", Statement = local.boundary })
}

output "iam" {
  description = "The controller's policy for IAM, JSON"
  value       = jsonencode({ Version = "2012-10-17", Statement = local.iam })
}

output "connect" {
  description = "The controller's policy for Amazon Connect, JSON"
  value       = jsonencode({ Version = "2012-10-17", Statement = local.connect_statements })
}

output "trust" {
  description = "Trust policy of the controller's role, JSON"
  value = (
    var.assumed_by_role_arn != "" ? jsonencode(local.trust_role) :
    var.eks_cluster_arn != "" ? jsonencode(local.trust_pod_identity) :
    jsonencode(local.trust_irsa)
  )
}
