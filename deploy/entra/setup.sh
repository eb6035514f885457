#!/usr/bin/env bash
# Creates the controller's identity in Entra: application, federated credential, application permissions with admin consent.
# Shows everything first and asks. Can be run again. `setup.sh --help` has the options.
set -euo pipefail

usage() {
  cat <<'TEXT'
Create:  setup.sh --issuer URL [--features LIST] [--name NAME]
Update:  setup.sh --issuer URL --app-id ID [--features LIST]
Remove:  setup.sh --remove --app-id ID

  --issuer URL              OIDC issuer of the cluster, exactly as in its tokens:
                            kubectl get --raw /.well-known/openid-configuration
  --features LIST           groups (application.groups, ConnectUserSets), claims (roleSessionName,
                            sessionDuration), both separated by a comma, or none (default)
  --name NAME               display name of a new application (default connect-sso)
  --app-id ID               application (client) id of the application to update or remove
  --service-account NS/NAME service account of the pod (default connect-sso/connect-sso)
  --credential-name NAME    federated credential to write, for a second cluster on the same application
  --remove                  revoke the permissions and delete the application
  --yes                     do not ask

Prints AZURE_CLIENT_ID and AZURE_TENANT_ID on standard output.
Needs az (signed in), jq and connect-sso. Needs the role Privileged Role Administrator.
TEXT
}

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "setup.sh: $*"
  exit 1
}

issuer='' features=none name=connect-sso app_id='' service_account=connect-sso/connect-sso credential_name='' remove=false yes=false
while [ $# -gt 0 ]; do
  case $1 in
  --issuer | --features | --name | --app-id | --service-account | --credential-name)
    [ $# -ge 2 ] || fail "$1 needs a value"
    case $1 in
    --issuer) issuer=$2 ;;
    --features) features=$2 ;;
    --name) name=$2 ;;
    --app-id) app_id=$2 ;;
    --service-account) service_account=$2 ;;
    --credential-name) credential_name=$2 ;;
    esac
    shift 2
    ;;
  --remove) remove=true && shift ;;
  --yes) yes=true && shift ;;
  -h | --help) usage && exit 0 ;;
  *) usage >&2 && fail "unknown option $1" ;;
  esac
done

guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
[ -z "$app_id" ] || [[ $app_id =~ $guid ]] || fail "--app-id needs an application (client) id, not: $app_id"
if $remove; then
  [ -n "$app_id" ] || fail "--remove needs --app-id ID"
else
  [ -n "$issuer" ] || { usage >&2 && fail "--issuer is missing"; }
  [ -n "$name" ] || fail "--name is empty"
fi
for tool in az jq connect-sso; do
  command -v "$tool" >/dev/null || fail "$tool was not found on the PATH"
done
app_id=$(jq -rn --arg id "$app_id" '$id | ascii_downcase')

# One answer of az as JSON of the expected type. Anything else ends the script: an empty answer is no answer.
ask_az() {
  local type=$1 answer
  shift
  answer=$(az "$@" -o json) || fail "az $1 $2 failed; see its message above"
  jq -es --arg type "$type" 'length == 1 and (.[0] | type) == $type' <<<"$answer" >/dev/null 2>&1 ||
    fail "az $1 $2 did not answer with a JSON $type; nothing more was done"
  printf '%s' "$answer"
}
# Entra needs some seconds until a new object is visible everywhere.
try_again() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    "$@" && return 0
    [ "$attempt" -eq 6 ] || sleep "${SETUP_RETRY_SECONDS:-5}"
  done
  return 1
}
confirm() {
  $yes && return 0
  local answer=''
  printf '%s Type yes to continue: ' "$1" >&2
  read -r answer || true
  [ "$answer" = yes ] || fail "nothing was changed"
}

account=$(ask_az object account show)
tenant=$(jq -r '.tenantId // ""' <<<"$account")
[[ $tenant =~ $guid ]] || fail "az is not signed in to a tenant; run: az login"
cloud=$(ask_az object cloud show)
graph_url=$(jq -r '.endpoints.microsoftGraphResourceId // ""' <<<"$cloud")
[[ $graph_url == https://* ]] || fail "az cloud show names no Microsoft Graph endpoint"
graph_url=${graph_url%/}/v1.0

# The application that was named, and no other.
show_application() {
  local application
  application=$(ask_az object ad app show --id "$app_id") || return 1
  [ "$(jq -r '.appId // "" | ascii_downcase' <<<"$application")" = "$app_id" ] ||
    fail "az answered with another application than $app_id; nothing was changed"
  printf '%s' "$application"
}
# Id of the service principal, or nothing while there is none.
find_principal() {
  local found
  found=$(ask_az array ad sp list --filter "appId eq '$app_id'") || return 1
  jq -r --arg app "$app_id" '[.[] | select((.appId // "" | ascii_downcase) == $app) | .id][0] // ""' <<<"$found"
}
list_grants() { ask_az object rest --method GET --url "$graph_url/servicePrincipals/$1/appRoleAssignments?\$top=999"; }

if $remove; then
  application=$(show_application)
  principal=$(find_principal)
  say "Tenant       $tenant"
  say "Application  $(jq -r .displayName <<<"$application") ($app_id), created $(jq -r '.createdDateTime // "?"' <<<"$application")"
  grants='{"value":[]}'
  [ -z "$principal" ] || grants=$(list_grants "$principal")
  say "Will revoke  $(jq '.value | length' <<<"$grants") application permissions"
  say "Will delete  the application. The controller can no longer sign in; personas and users in both clouds stay as they are."
  confirm "Remove it?"
  while read -r grant; do
    az rest --method DELETE --url "$graph_url/servicePrincipals/$principal/appRoleAssignments/$grant" >/dev/null ||
      fail "a permission was not revoked; run it again"
  done < <(jq -r '.value[].id' <<<"$grants")
  az ad app delete --id "$app_id" || fail "the application was not deleted; run it again"
  say "Removed. Entra keeps a deleted application for 30 days:"
  say "az rest --method POST --url $graph_url/directory/deletedItems/$(jq -r .id <<<"$application")/restore"
  exit 0
fi

needs=$(connect-sso policy entra --features "$features" --issuer "$issuer" --service-account "$service_account" -o json)
wanted=$(jq -c --arg name "$credential_name" '.federatedCredential | if $name == "" then . else .name = $name end' <<<"$needs")

principal='' grants='{"value":[]}' known='[]'
say "Tenant       $tenant"
say "Signed in    $(jq -r '.user.name // "?"' <<<"$account")"
if [ -z "$app_id" ]; then
  # Any member of a tenant may register an application under any name: one that is found is never taken.
  found=$(ask_az array ad app list --filter "displayName eq '${name//\'/\'\'}'")
  if [ "$(jq length <<<"$found")" -gt 0 ]; then
    jq -r '.[] | "  \(.appId)  created \(.createdDateTime // "?")"' <<<"$found" >&2
    fail "an application named $name exists already. If you created it, pass its id: --app-id ID. If not, choose another --name"
  fi
  say "Application  create $name, for this tenant only, without a secret"
else
  application=$(show_application)
  [ "$(jq -r .signInAudience <<<"$application")" = AzureADMyOrg ] || fail "application $app_id is not limited to this tenant (signInAudience)"
  jq -e '((.passwordCredentials // []) + (.keyCredentials // [])) | length == 0' <<<"$application" >/dev/null ||
    fail "application $app_id has secrets or certificates: their holders would get these permissions. Delete them first"
  principal=$(find_principal)
  [ -z "$principal" ] || grants=$(list_grants "$principal")
  known=$(ask_az array ad app federated-credential list --id "$app_id")
  say "Application  update $(jq -r .displayName <<<"$application") ($app_id), created $(jq -r '.createdDateTime // "?"' <<<"$application")"
  owners=$(ask_az array ad app owner list --id "$app_id")
  while read -r owner; do
    say "  owner      $owner: can add a secret, and so use every permission below"
  done < <(jq -r '.[] | .userPrincipalName // .appId // .id' <<<"$owners")
fi

# Ours by name; without --credential-name also the only one that carries our description, whose subject or issuer may have changed.
ours=$(jq -c --argjson wanted "$wanted" --arg explicit "$credential_name" '
  ([.[] | select(.name == $wanted.name)][0]) //
  (if $explicit == "" then [.[] | select(.description == $wanted.description)] | if length == 1 then .[0] else null end else null end)' <<<"$known")
same=$(jq -n --argjson a "$ours" --argjson b "$wanted" '$a != null and ([$a, $b] | map({issuer, subject, audiences}) | .[0] == .[1])')
say "Credential   $(jq -r .subject <<<"$wanted")"
say "  of issuer  $(jq -r .issuer <<<"$wanted")"
if [ "$ours" = null ]; then
  say "  will be created as $(jq -r .name <<<"$wanted")"
elif [ "$same" = true ]; then
  say "  unchanged"
else
  say "  replaces   $(jq -r '"\(.subject) of issuer \(.issuer)"' <<<"$ours"), which can no longer sign in"
fi
while read -r other; do
  say "  also       $other can sign in as this application (left as it is)"
done < <(jq -r --argjson ours "$ours" '.[] | select($ours == null or .name != $ours.name) | "\(.subject) of issuer \(.issuer)"' <<<"$known")

# Permissions by name: their ids differ between clouds.
resource=$(jq -r .resourceAppId <<<"$needs")
graph=$(ask_az object ad sp show --id "$resource")
[ "$(jq -r .appId <<<"$graph")" = "$resource" ] || fail "az answered with another service principal than Microsoft Graph's; nothing was changed"
graph_id=$(jq -r .id <<<"$graph")
roles=$(jq -c --argjson needs "$needs" '[.appRoles[] | select(.allowedMemberTypes | index("Application"))] as $roles |
  [$needs.permissions[] | .name as $name | {name, why, warning, id: ([$roles[] | select(.value == $name) | .id][0])}]' <<<"$graph")
missing=$(jq -r '[.[] | select(.id == null) | .name] | join(", ")' <<<"$roles")
[ -z "$missing" ] || fail "Microsoft Graph of this cloud does not know $missing; nothing was changed"
plan=$(jq -c --argjson grants "$grants" --arg graph "$graph_id" \
  '[$grants.value[] | select(.resourceId == $graph) | .appRoleId] as $has | map(. + {granted: (.id as $id | $has | index($id) != null)})' <<<"$roles")
say "Permissions  of Microsoft Graph, with admin consent"
jq -r '.[] | "  \(if .granted then "granted" else "GRANT  " end)    \(.name): \(.why)", (if .warning then "             ! \(.warning)" else empty end)' <<<"$plan" >&2
jq -r --argjson grants "$grants" --arg graph "$graph_id" --argjson plan "$plan" '
  (.appRoles | map({key: .id, value: .value}) | from_entries) as $names | $grants.value[] | select(.resourceId == $graph) |
  select(.appRoleId as $id | $plan | map(.id) | index($id) | not) |
  "  not needed \($names[.appRoleId] // .appRoleId): granted earlier, left as it is"' <<<"$graph" >&2

changes=$(jq -n --argjson plan "$plan" --arg same "$same" --arg principal "$principal" '$same != "true" or $principal == "" or ($plan | any(.granted | not))')
if [ "$changes" = true ]; then
  confirm "Do this?"
  # From here on a failure must name what exists.
  trap '[ -z "$app_id" ] || say "setup.sh: stopped half-way. Application $app_id exists. Continue with --app-id $app_id, or undo with --remove --app-id $app_id"' EXIT
  if [ -z "$app_id" ]; then
    # Not `az ad app create`: that updates an application of the same name, were one registered just now.
    body=$(jq -nc --arg name "$name" '{displayName: $name, signInAudience: "AzureADMyOrg"}')
    created=$(ask_az object rest --method POST --url "$graph_url/applications" --headers Content-Type=application/json --body "$body")
    app_id=$(jq -r '.appId // "" | ascii_downcase' <<<"$created")
    [[ $app_id =~ $guid ]] || { app_id='' && fail "Graph answered without an appId; look for an application named $name in Entra"; }
  fi
  create_principal() {
    principal=$(find_principal) || return 1
    [ -n "$principal" ] || az ad sp create --id "$app_id" >/dev/null || return 1
    principal=$(find_principal) && [[ $principal =~ $guid ]]
  }
  try_again create_principal || fail "the service principal was not created"
  if [ "$ours" = null ]; then
    try_again az ad app federated-credential create --id "$app_id" --parameters "$wanted" >/dev/null || fail "the federated credential was not created"
  elif [ "$same" != true ]; then
    az ad app federated-credential update --id "$app_id" --federated-credential-id "$(jq -r .id <<<"$ours")" \
      --parameters "$(jq -c --argjson ours "$ours" '.name = $ours.name' <<<"$wanted")" >/dev/null || fail "the federated credential was not updated"
  fi
  # A first attempt may have been carried out although its answer was lost.
  grant() {
    local now body
    now=$(list_grants "$principal") || return 1
    jq -e --arg role "$1" '.value | any(.appRoleId == $role)' <<<"$now" >/dev/null && return 0
    body=$(jq -nc --arg principal "$principal" --arg graph "$graph_id" --arg role "$1" '{principalId: $principal, resourceId: $graph, appRoleId: $role}')
    az rest --method POST --url "$graph_url/servicePrincipals/$principal/appRoleAssignments" \
      --headers Content-Type=application/json --body "$body" >/dev/null
  }
  while read -r permission role; do
    try_again grant "$role" || fail "$permission was not granted"
    say "granted      $permission"
  done < <(jq -r '.[] | select(.granted | not) | "\(.name) \(.id)"' <<<"$plan")
  # What az reported is read back.
  verified() {
    local now credentials
    now=$(list_grants "$principal") || return 1
    credentials=$(ask_az array ad app federated-credential list --id "$app_id") || return 1
    jq -en --argjson plan "$plan" --argjson now "$now" --argjson wanted "$wanted" --argjson credentials "$credentials" '
      ([$plan[].id] - [$now.value[].appRoleId] | length == 0) and
      ($credentials | any({issuer, subject, audiences} == ($wanted | {issuer, subject, audiences})))' >/dev/null
  }
  try_again verified || fail "not everything is there yet when it is read back"
  trap - EXIT
else
  say "Nothing to do."
fi
echo "AZURE_CLIENT_ID=$app_id"
echo "AZURE_TENANT_ID=$tenant"
