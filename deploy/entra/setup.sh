#!/usr/bin/env bash
# The controller's identity in Entra: application, federated credential, application permissions with admin consent. Can be run again.
#   ISSUER           OIDC issuer of the cluster, exactly as its tokens have it (required)
#   FEATURES         groups, mail, both with a comma, or none (default)
#   NAME             display name of the application (default connect-sso)
#   SERVICE_ACCOUNT  namespace/name of the pod's service account (default connect-sso/connect-sso)
set -euo pipefail
: "${ISSUER:?the OIDC issuer of the cluster: kubectl get --raw /.well-known/openid-configuration}"
NAME=${NAME:-connect-sso}
needs=$(connect-sso policy entra --features "${FEATURES:-none}" --issuer "$ISSUER" \
  --service-account "${SERVICE_ACCOUNT:-connect-sso/connect-sso}" -o json)

app=$(az ad app list --filter "displayName eq '$NAME'" --query '[0].appId' -o tsv)
[ -n "$app" ] || app=$(az ad app create --display-name "$NAME" --sign-in-audience AzureADMyOrg --query appId -o tsv)
az ad sp show --id "$app" >/dev/null 2>&1 || az ad sp create --id "$app" >/dev/null
principal=$(az ad sp show --id "$app" --query id -o tsv)

credential=$(jq -c .federatedCredential <<<"$needs")
credential_name=$(jq -r .name <<<"$credential")
known=$(az ad app federated-credential list --id "$app" --query "[?name=='$credential_name'].name" -o tsv)
[ -n "$known" ] || az ad app federated-credential create --id "$app" --parameters "$credential" >/dev/null

# Permissions by name: their ids differ between clouds.
graph=$(az ad sp show --id "$(jq -r .resourceAppId <<<"$needs")")
graph_id=$(jq -r .id <<<"$graph")
graph_url=$(az cloud show --query endpoints.microsoftGraphResourceId -o tsv)
grants="${graph_url%/}/v1.0/servicePrincipals/$principal/appRoleAssignments"
granted=$(az rest --method GET --url "$grants" --query 'value[].appRoleId' -o tsv)
jq -r '.permissions[].name' <<<"$needs" | while read -r permission; do
  role=$(jq -r --arg name "$permission" '.appRoles[] | select(.value == $name and (.allowedMemberTypes | index("Application"))) | .id' <<<"$graph")
  [ -n "$role" ] || { echo "this cloud's Graph does not know $permission" >&2; exit 1; }
  if grep -qx "$role" <<<"$granted"; then
    echo "granted already: $permission"
  else
    az rest --method POST --url "$grants" \
      --body "{\"principalId\":\"$principal\",\"resourceId\":\"$graph_id\",\"appRoleId\":\"$role\"}" >/dev/null
    echo "granted: $permission"
  fi
done
echo "AZURE_CLIENT_ID=$app"
echo "AZURE_TENANT_ID=$(az account show --query tenantId -o tsv)"
