variable "name" {
  description = "Display name of the application"
  type        = string
  default     = "connect-sso"
}

variable "clusters" {
  description = "Clusters whose controller signs in as this application, by the name of their federated credential. The issuer is exactly that of the cluster's tokens, to the last slash."
  type = map(object({
    issuer          = string
    namespace       = optional(string, "connect-sso")
    service_account = optional(string, "connect-sso")
  }))
  validation {
    condition     = alltrue([for cluster in values(var.clusters) : startswith(cluster.issuer, "https://")])
    error_message = "An issuer is an https URL; kubectl get --raw /.well-known/openid-configuration shows it."
  }
}

variable "features" {
  description = "What manifests use: groups (application.groups, ConnectUserSets), claims (application.roleSessionName, application.sessionDuration)"
  type        = set(string)
  default     = []
  validation {
    condition     = length(setsubtract(var.features, ["groups", "claims"])) == 0
    error_message = "Features are groups and claims."
  }
}
