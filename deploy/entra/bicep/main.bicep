// The controller's identity in Entra: what deploy/entra/setup.sh creates.
// az deployment group create --resource-group RG --template-file main.bicep --parameters uniqueName=… issuer=…
extension microsoftGraphV1

@description('Key of the application. Bicep updates an application that has this unique name already, no matter who created it: choose one that cannot be guessed, for example connect-sso- with a random suffix, and keep it.')
@minLength(20)
param uniqueName string

@description('Display name of the application')
param displayName string = 'connect-sso'

@description('OIDC issuer of the cluster, exactly as in its tokens, to the last slash')
param issuer string

@description('Namespace of the controller')
param namespace string = 'connect-sso'

@description('Service account of the pod')
param serviceAccount string = 'connect-sso'

@description('Manifests use application.groups or ConnectUserSets')
param groups bool = false

@description('Manifests use application.roleSessionName or application.sessionDuration')
param claims bool = false

var always = [
  'Application.ReadWrite.OwnedBy'
  'Application.Read.All'
  'AppRoleAssignment.ReadWrite.All'
  'Policy.Read.All'
  'User.Read.All'
]
var permissions = concat(always, groups ? ['GroupMember.Read.All'] : [], claims ? ['Policy.ReadWrite.ApplicationConfiguration'] : [])

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  signInAudience: 'AzureADMyOrg'

  resource credential 'federatedIdentityCredentials@v1.0' = {
    name: '${uniqueName}/connect-sso-${namespace}-${serviceAccount}'
    description: 'connect-sso, by the service account of its pod'
    audiences: ['api://AzureADTokenExchange']
    issuer: issuer
    subject: 'system:serviceaccount:${namespace}:${serviceAccount}'
  }
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
}

// Permissions by name: their ids differ between clouds.
resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for permission in permissions: {
  appRoleId: filter(graph.appRoles, role => role.value == permission && contains(role.allowedMemberTypes, 'Application'))[0].id
  principalId: principal.id
  resourceId: graph.id
}]

output clientId string = application.appId
output tenantId string = tenant().tenantId
