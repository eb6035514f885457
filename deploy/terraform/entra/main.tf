# The controller's identity in Entra: what deploy/entra/setup.sh creates. State holds no secret: there is none.
# To grant, the account that runs this needs Privileged Role Administrator.

terraform {
  required_version = ">= 1.5"
  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
  }
}

locals {
  permissions = concat(
    [
      "Application.ReadWrite.OwnedBy",
      "Application.Read.All",
      "AppRoleAssignment.ReadWrite.All",
      "Policy.Read.All",
      "User.Read.All",
    ],
    contains(var.features, "groups") ? ["GroupMember.Read.All"] : [],
    contains(var.features, "claims") ? ["Policy.ReadWrite.ApplicationConfiguration"] : [],
  )
}

data "azuread_client_config" "current" {}

# Always a new application: Terraform never takes one that it did not create or import.
resource "azuread_application_registration" "controller" {
  display_name     = var.name
  sign_in_audience = "AzureADMyOrg"
}

resource "azuread_service_principal" "controller" {
  client_id = azuread_application_registration.controller.client_id
}

resource "azuread_application_federated_identity_credential" "controller" {
  for_each = var.clusters

  application_id = azuread_application_registration.controller.id
  display_name   = each.key
  description    = "connect-sso, by the service account of its pod"
  audiences      = ["api://AzureADTokenExchange"]
  issuer         = each.value.issuer
  subject        = "system:serviceaccount:${each.value.namespace}:${each.value.service_account}"
}

# Permissions by name: their ids differ between clouds.
data "azuread_service_principal" "microsoft_graph" {
  client_id = "00000003-0000-0000-c000-000000000000"
}

resource "azuread_app_role_assignment" "controller" {
  for_each = toset(local.permissions)

  app_role_id         = data.azuread_service_principal.microsoft_graph.app_role_ids[each.value]
  principal_object_id = azuread_service_principal.controller.object_id
  resource_object_id  = data.azuread_service_principal.microsoft_graph.object_id
}
