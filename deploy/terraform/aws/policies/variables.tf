variable "partition" {
  description = "aws, aws-us-gov or aws-cn"
  type        = string
}

variable "account_id" {
  description = "Account of the instances, twelve digits"
  type        = string
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary"
  type        = string
}

variable "instance_arns" {
  description = "ARNs of the Amazon Connect instances of this account"
  type        = list(string)
}

variable "security_profile_arns" {
  description = "ARNs of the only security profiles that the controller may grant"
  type        = list(string)
}

variable "path" {
  description = "IAM path of the roles, users and policies of the controller"
  type        = string
}

variable "provisioning" {
  description = "Personas have roleDelivery.mode Provisioning"
  type        = bool
}

variable "eks_cluster_arn" {
  type = string
}

variable "oidc_issuer" {
  type = string
}

variable "assumed_by_role_arn" {
  type = string
}

variable "namespace" {
  type = string
}

variable "service_account" {
  type = string
}
