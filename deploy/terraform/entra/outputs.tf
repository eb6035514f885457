output "client_id" {
  description = "entra.clientId of the chart"
  value       = azuread_application_registration.controller.client_id
}

output "tenant_id" {
  description = "entra.tenantId of the chart"
  value       = data.azuread_client_config.current.tenant_id
}
