variable "name" {
  description = "Prefix of the names of boundary, policies and role; another one for each controller of an account"
  type        = string
  default     = "connect-sso"
}

variable "instance_arns" {
  description = "ARNs of the Amazon Connect instances of this account"
  type        = list(string)
  validation {
    condition     = length(var.instance_arns) > 0 && alltrue([for arn in var.instance_arns : can(regex("^arn:aws[a-z-]*:connect:[a-z0-9-]+:[0-9]{12}:instance/[0-9a-f-]{36}$", arn))])
    error_message = "Each is the ARN of an instance: arn:aws:connect:REGION:ACCOUNT:instance/ID."
  }
}

variable "security_profile_arns" {
  description = "ARNs of the only security profiles that the controller may grant"
  type        = list(string)
  validation {
    condition     = length(var.security_profile_arns) > 0 && alltrue([for arn in var.security_profile_arns : can(regex(":instance/[0-9a-f-]{36}/security-profile/[0-9a-f-]{36}$", arn))])
    error_message = "Each is the ARN of a security profile; aws connect list-security-profiles shows them."
  }
}

variable "path" {
  description = "IAM path of the roles, users and policies of the controller"
  type        = string
  default     = "/connect-sso/"
  validation {
    condition     = can(regex("^/([A-Za-z0-9.,+@=_-]+/)+$", var.path))
    error_message = "The path begins and ends with / and is more than /."
  }
}

variable "provisioning" {
  description = "true for personas whose roleDelivery.mode is Provisioning"
  type        = bool
  default     = false
}

variable "eks_cluster_arn" {
  description = "EKS Pod Identity: ARN of the cluster"
  type        = string
  default     = ""
}

variable "oidc_issuer" {
  description = "IRSA and other clusters: issuer of the cluster without https://, to the last slash"
  type        = string
  default     = ""
  validation {
    condition     = !startswith(var.oidc_issuer, "https://")
    error_message = "Leave out https://."
  }
}

variable "create_oidc_provider" {
  description = "Register oidc_issuer in IAM; it can be there only once in an account"
  type        = bool
  default     = false
}

variable "assumed_by_role_arn" {
  description = "Further account: ARN of the controller's role in its first account"
  type        = string
  default     = ""
}

variable "further_role_arns" {
  description = "First account: ARNs of the controller's roles in further accounts"
  type        = list(string)
  default     = []
}

variable "namespace" {
  description = "Namespace of the controller"
  type        = string
  default     = "connect-sso"
}

variable "service_account" {
  description = "Service account of the controller"
  type        = string
  default     = "connect-sso"
}
