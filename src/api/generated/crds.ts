// Generated from crds/ by `make generate`. Do not edit.

/** The custom resource definitions, for validation without a cluster and for installation. */
export const CRDS = [
  {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name":"connectssopersonas.connectsso.dev"},
    "spec": {
      "group": "connectsso.dev",
      "scope": "Namespaced",
      "names": {
        "kind": "ConnectSsoPersona",
        "listKind": "ConnectSsoPersonaList",
        "plural": "connectssopersonas",
        "singular": "connectssopersona",
        "shortNames": ["csp","persona","personas"],
        "categories": ["connectsso"]
      },
      "versions": [
        {
          "name": "v1alpha1",
          "served": true,
          "storage": true,
          "subresources": {"status":{}},
          "additionalPrinterColumns": [
            {"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
            {"name":"Drifted","type":"string","jsonPath":".status.conditions[?(@.type==\"Drifted\")].status"},
            {"name":"Users","type":"string","jsonPath":".status.users.summary"},
            {"name":"Cert Expires","type":"string","jsonPath":".status.certificate.expirationTime"},
            {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"},
            {"name":"Message","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message"},
            {"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason","priority":1},
            {"name":"Mode","type":"string","jsonPath":".spec.roleDelivery.mode","priority":1},
            {"name":"Identifier","type":"string","jsonPath":".status.identifier","priority":1},
            {"name":"Key Created","type":"string","jsonPath":".status.accessKey.creationTime","priority":1}
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "A persona of an Amazon Connect instance (administrators, agents, managers…): one Entra enterprise application,\none IAM SAML provider and role, and the users that sign in through them.",
              "type": "object",
              "required": ["spec"],
              "properties": {
                "apiVersion": {"type":"string","description":"Version of this schema."},
                "kind": {"type":"string","description":"ConnectSsoPersona."},
                "metadata": {"type":"object"},
                "spec": {
                  "description": "What is wanted. The controller never writes it.",
                  "type": "object",
                  "required": ["instanceArn","application","connectUsers"],
                  "x-kubernetes-validations": [
                    {"rule":"has(self.landingPage) != has(self.destination)","message":"set exactly one of landingPage and destination"},
                    {
                      "rule": "self.roleDelivery.mode != 'Provisioning' || self.instanceArn.startsWith('arn:aws:')",
                      "message": "roleDelivery.mode: Provisioning does not work here, because Entra's connector reaches neither AWS GovCloud nor AWS China; use Direct"
                    },
                    {
                      "rule": "self.roleDelivery.mode != 'Provisioning' || self.aws.roleSharing != 'Instance'",
                      "message": "roleDelivery.mode: Provisioning does not work with aws.roleSharing: Instance, because Entra imports only roles that trust exactly one SAML provider; use Direct"
                    },
                    {
                      "rule": "!has(self.application.sessionDuration) || duration(self.application.sessionDuration) <= duration(self.aws.maxSessionDuration)",
                      "message": "application.sessionDuration is longer than aws.maxSessionDuration, so AWS would refuse every login; lower it or raise aws.maxSessionDuration"
                    },
                    {
                      "rule": "duration(self.application.signingCertificate.rotateBefore) < duration(self.application.signingCertificate.lifetime)",
                      "message": "application.signingCertificate.rotateBefore is not shorter than lifetime, so every new certificate would be replaced at once; lower it or raise lifetime"
                    },
                    {
                      "rule": "self.application.roleSessionName.transform != 'MailPrefix' || self.application.roleSessionName.from in ['userPrincipalName', 'mail'] || self.application.roleSessionName.from.startsWith('extensionAttribute')",
                      "message": "application.roleSessionName: MailPrefix needs an address, which this attribute is not; use None"
                    },
                    {
                      "rule": "!has(self.aws.federationPolicyName) || !has(self.roleDelivery.provisioning) || !has(self.roleDelivery.provisioning.policyName) || self.aws.federationPolicyName.lowerAscii() != self.roleDelivery.provisioning.policyName.lowerAscii()",
                      "message": "aws.federationPolicyName and roleDelivery.provisioning.policyName must differ, because the two policies say different things"
                    },
                    {
                      "rule": "!has(self.aws.federationPolicyName) || !self.aws.federationPolicyName.lowerAscii().startsWith('connect-sso-list-roles-')",
                      "message": "aws.federationPolicyName is the default name of the listing policy; choose another name"
                    },
                    {
                      "rule": "!has(self.roleDelivery.provisioning) || !has(self.roleDelivery.provisioning.policyName) || !self.roleDelivery.provisioning.policyName.lowerAscii().startsWith('connect-sso-federation-')",
                      "message": "roleDelivery.provisioning.policyName is the default name of the federation policy; choose another name"
                    },
                    {
                      "rule": "!self.application.displayName.startsWith('connect-sso ')",
                      "message": "application.displayName must not begin with \"connect-sso \", which marks applications that are being created"
                    },
                    {
                      "rule": "self.instanceArn == oldSelf.instanceArn",
                      "message": "instanceArn is immutable; make another persona for another instance"
                    },
                    {
                      "rule": "self.aws.roleSharing != oldSelf.aws.roleSharing || (has(self.aws.roleName) == has(oldSelf.aws.roleName) && (!has(self.aws.roleName) || self.aws.roleName == oldSelf.aws.roleName))",
                      "message": "aws.roleName is immutable while aws.roleSharing stays as it is; a recreated role breaks the login of every user that federated through it"
                    },
                    {
                      "rule": "self.aws.path == oldSelf.aws.path",
                      "message": "aws.path is immutable; IAM cannot move a role and a recreated one breaks logins"
                    },
                    {
                      "rule": "has(self.aws.samlProviderName) == has(oldSelf.aws.samlProviderName) && (!has(self.aws.samlProviderName) || self.aws.samlProviderName == oldSelf.aws.samlProviderName)",
                      "message": "aws.samlProviderName is immutable; make another persona instead"
                    },
                    {
                      "rule": "!has(self.aws.roleName) || !has(self.aws.samlProviderName) || size(self.aws.roleName) + size(self.aws.samlProviderName) + size(self.aws.path) < 170",
                      "message": "role and provider ARN together must be shorter than 240 characters: shorten aws.roleName, aws.samlProviderName or aws.path"
                    }
                  ],
                  "properties": {
                    "instanceArn": {
                      "description": "ARN of the Amazon Connect instance, `arn:<partition>:connect:<region>:<account>:instance/<id>`. Its identity management must be SAML. Immutable.",
                      "type": "string",
                      "maxLength": 256,
                      "pattern": "^arn:aws(-cn|-us-gov)?:connect:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:instance/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
                    },
                    "landingPage": {
                      "description": "The page on which a login lands. Set this or `destination`.",
                      "type": "string",
                      "enum": ["AdminConsole","ContactControlPanel","AgentWorkspace","MetricsAndQuality"]
                    },
                    "destination": {
                      "description": "Any path of the Connect site to land on, for example `/connect/ccp-v2`; the controller URL-encodes it.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 1024,
                      "pattern": "^/[!-\\[\\]-~]*$",
                      "x-kubernetes-validations": [
                        {
                          "rule": "!self.matches('^/(/|%2[fF]|%5[cC])')",
                          "message": "destination must not begin with //, which names another host"
                        }
                      ]
                    },
                    "relayStateParameters": {
                      "description": "Query parameters beside `destination` in the relay state, for example `{new_domain: \"true\"}`. The controller URL-encodes them.",
                      "type": "object",
                      "maxProperties": 10,
                      "additionalProperties": {"type":"string","maxLength":256,"pattern":"^[ -~]*$"},
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.all(name, name.matches('^[A-Za-z0-9_.-]{1,64}$') && name.lowerAscii() != 'destination')",
                          "message": "a name is 1 to 64 letters, digits, \"_\", \".\" and \"-\", and not destination, which has its own field"
                        }
                      ]
                    },
                    "application": {
                      "description": "The Entra enterprise application (the blog's gallery application).",
                      "type": "object",
                      "required": ["displayName"],
                      "properties": {
                        "displayName": {"description":"Name of the application in Entra.","type":"string","minLength":1,"maxLength":120},
                        "tenantId": {
                          "description": "Entra tenant. Default is the controller's tenant.",
                          "type": "string",
                          "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
                        },
                        "identifier": {
                          "description": "SAML Identifier (Entity ID), `https://signin.aws.amazon.com/saml` or with `#N`; unique in the tenant. Default is the next\nfree `#N`, kept in status.",
                          "type": "string",
                          "maxLength": 255,
                          "pattern": "^(https://\\S+[^/\\s]|urn:\\S+)$"
                        },
                        "roleSessionName": {
                          "description": "What becomes RoleSessionName, and so the Connect user name. The default leaves the claims of the gallery application\nuntouched; any other value writes a claims mapping policy.",
                          "type": "object",
                          "default": {},
                          "properties": {
                            "from": {
                              "description": "The attribute of the Entra user.",
                              "type": "string",
                              "enum": [
                                "userPrincipalName",
                                "mail",
                                "mailNickname",
                                "employeeId",
                                "onPremisesSamAccountName",
                                "extensionAttribute1",
                                "extensionAttribute2",
                                "extensionAttribute3",
                                "extensionAttribute4",
                                "extensionAttribute5",
                                "extensionAttribute6",
                                "extensionAttribute7",
                                "extensionAttribute8",
                                "extensionAttribute9",
                                "extensionAttribute10",
                                "extensionAttribute11",
                                "extensionAttribute12",
                                "extensionAttribute13",
                                "extensionAttribute14",
                                "extensionAttribute15"
                              ],
                              "default": "userPrincipalName"
                            },
                            "transform": {
                              "description": "MailPrefix takes the part before the `@`; Lowercase changes capital letters to small ones.",
                              "type": "string",
                              "enum": ["None","MailPrefix","Lowercase"],
                              "default": "None"
                            }
                          }
                        },
                        "sessionDuration": {
                          "description": "SessionDuration of the AWS session, 15m to 12h and never longer than `aws.maxSessionDuration`. A value writes a claims mapping\npolicy. Without one, the session is what Entra's gallery application sends; beside another `roleSessionName` it is 8h, or\n`aws.maxSessionDuration` if that is shorter.",
                          "type": "string",
                          "pattern": "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$",
                          "minLength": 2,
                          "maxLength": 18,
                          "x-kubernetes-validations": [{"rule":"duration(self) >= duration('15m') && duration(self) <= duration('12h')","message":"must be 15m to 12h"}]
                        },
                        "signingCertificate": {
                          "description": "The SAML token signing certificate.",
                          "type": "object",
                          "default": {},
                          "properties": {
                            "lifetime": {
                              "description": "Lifetime of a new certificate, 24h to 26280h; Entra allows at most three years.",
                              "type": "string",
                              "pattern": "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$",
                              "minLength": 2,
                              "maxLength": 18,
                              "default": "26280h",
                              "x-kubernetes-validations": [
                                {
                                  "rule": "duration(self) >= duration('24h') && duration(self) <= duration('26280h')",
                                  "message": "must be 24h to 26280h (three years)"
                                }
                              ]
                            },
                            "rotateBefore": {
                              "description": "How long before its expiry a certificate is replaced, at least 1h.",
                              "type": "string",
                              "pattern": "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$",
                              "minLength": 2,
                              "maxLength": 18,
                              "default": "1440h",
                              "x-kubernetes-validations": [{"rule":"duration(self) >= duration('1h')","message":"must be at least 1h"}]
                            }
                          }
                        },
                        "signInEndpoints": {
                          "description": "Sign-in endpoints of AWS that are reply URLs of the application and stand in the role's trust. RegionalFirst sends logins to the endpoint of\nthe instance's region, which keeps working when the global one does not, and GlobalFirst to the global one; both allow both. Regional is\nthe set-up of AWS's present guide, Global the blog's.",
                          "type": "string",
                          "enum": ["RegionalFirst","GlobalFirst","Regional","Global"],
                          "default": "RegionalFirst"
                        },
                        "notificationEmails": {
                          "description": "Addresses that Entra mails before a certificate expires.",
                          "type": "array",
                          "maxItems": 5,
                          "x-kubernetes-list-type": "set",
                          "items": {"type":"string","maxLength":254,"pattern":"^[^@\\s]+@[^@\\s]+$"}
                        },
                        "groups": {
                          "description": "Entra groups that are assigned to the application with the persona's role. Direct members only; nested groups do not sign in.\nA member also needs a ConnectUser, because Amazon Connect knows no groups; a ConnectUserSet creates them.",
                          "type": "array",
                          "maxItems": 100,
                          "x-kubernetes-list-type": "atomic",
                          "items": {
                            "type": "object",
                            "x-kubernetes-validations": [{"rule":"has(self.id) != has(self.displayName)","message":"set exactly one of id and displayName"}],
                            "properties": {
                              "id": {
                                "type": "string",
                                "description": "Object id of the group.",
                                "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
                              },
                              "displayName": {
                                "type": "string",
                                "description": "Display name; must be unambiguous in the tenant.",
                                "minLength": 1,
                                "maxLength": 256
                              }
                            }
                          }
                        }
                      }
                    },
                    "aws": {
                      "description": "Names of the IAM objects.",
                      "type": "object",
                      "default": {},
                      "properties": {
                        "federationPolicyName": {
                          "description": "Name of the policy that allows connect:GetFederationToken (the blog's azure_federation_policy). Shared by all personas of an instance. Default `connect-sso-federation-<instance id, first 8>`, with a hash of the path behind it where `path` is not the default.",
                          "type": "string",
                          "maxLength": 128,
                          "pattern": "^[\\w+=,.@-]+$"
                        },
                        "samlProviderName": {
                          "description": "Name of the IAM SAML provider. Default `connect-sso-<namespace>-<name>`, shortened. Immutable.",
                          "type": "string",
                          "maxLength": 128,
                          "pattern": "^[\\w._-]+$"
                        },
                        "roleName": {
                          "description": "Name of the IAM role. Default `connect-sso-<namespace>-<name>`, shortened; with `roleSharing: Instance`\n`connect-sso-<namespace>_<instance id, first 8>`. Immutable while `roleSharing` stays as it is.",
                          "type": "string",
                          "maxLength": 64,
                          "pattern": "^[\\w+=,.@-]+$"
                        },
                        "roleSharing": {
                          "description": "Persona: the persona has a role of its own. Instance: all personas of the instance in this namespace that say so have one role,\nwhose trust lists their SAML providers; a user that moves between them needs no new Connect user. See docs/lifecycle.md before\nyou change it for a persona with users.",
                          "type": "string",
                          "enum": ["Persona","Instance"],
                          "default": "Persona"
                        },
                        "path": {
                          "description": "IAM path of role, user and policies. Immutable.",
                          "type": "string",
                          "maxLength": 128,
                          "pattern": "^/([A-Za-z0-9.,+@=_-]+/)*$",
                          "default": "/connect-sso/"
                        },
                        "permissionsBoundaryArn": {
                          "description": "Permissions boundary put on the role and on the provisioning user.",
                          "type": "string",
                          "maxLength": 256,
                          "pattern": "^arn:aws(-cn|-us-gov)?:iam::([0-9]{12}|aws):policy/\\S+$"
                        },
                        "maxSessionDuration": {
                          "description": "Maximum session duration of the role, 1h to 12h.",
                          "type": "string",
                          "pattern": "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$",
                          "minLength": 2,
                          "maxLength": 18,
                          "default": "12h",
                          "x-kubernetes-validations": [{"rule":"duration(self) >= duration('1h') && duration(self) <= duration('12h')","message":"must be 1h to 12h"}]
                        },
                        "maxSigninSessionDuration": {
                          "description": "IAM's MaxSigninSessionDuration of the role, 1h to 2160h: how long a sign-in session may last, whatever `maxSessionDuration` says. Without it\nthe role has none.",
                          "type": "string",
                          "pattern": "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$",
                          "minLength": 2,
                          "maxLength": 18,
                          "x-kubernetes-validations": [
                            {
                              "rule": "duration(self) >= duration('1h') && duration(self) <= duration('2160h')",
                              "message": "must be 1h to 2160h (90 days)"
                            }
                          ]
                        },
                        "tags": {
                          "description": "Further tags for every IAM object.",
                          "type": "object",
                          "maxProperties": 40,
                          "additionalProperties": {"type":"string","maxLength":256},
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.all(k, !k.startsWith('aws:') && !k.startsWith('connectsso.dev/'))",
                              "message": "tag keys must not begin with aws: or connectsso.dev/"
                            }
                          ]
                        }
                      }
                    },
                    "roleDelivery": {
                      "description": "How the pair of role and provider gets into the application.",
                      "type": "object",
                      "default": {},
                      "properties": {
                        "mode": {
                          "description": "Direct: the controller writes the app role itself; neither an IAM user nor an access key exists. Provisioning: Entra imports the role with an access key, as the blog does; takes Entra some 40 minutes.",
                          "type": "string",
                          "enum": ["Direct","Provisioning"],
                          "default": "Direct"
                        },
                        "provisioning": {
                          "description": "For mode Provisioning only.",
                          "type": "object",
                          "properties": {
                            "iamUserName": {
                              "description": "IAM user whose key Entra holds. Default `connect-sso-<namespace>-<name>`, shortened.",
                              "type": "string",
                              "maxLength": 64,
                              "pattern": "^[\\w+=,.@-]+$"
                            },
                            "policyName": {
                              "description": "Policy that allows iam:ListRoles and iam:ListAccountAliases (the blog's azure_cli_policy). Shared by all personas of an instance. Default `connect-sso-list-roles-<instance id, first 8>`, with a hash of the path behind it where `aws.path` is not the default.",
                              "type": "string",
                              "maxLength": 128,
                              "pattern": "^[\\w+=,.@-]+$"
                            },
                            "accessKeyMaxAge": {
                              "description": "Age at which the access key is rotated, at least 24h. Default 2160h.",
                              "type": "string",
                              "pattern": "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$",
                              "minLength": 2,
                              "maxLength": 18,
                              "default": "2160h",
                              "x-kubernetes-validations": [{"rule":"duration(self) >= duration('24h')","message":"must be at least 24h"}]
                            }
                          }
                        }
                      }
                    },
                    "connectUsers": {
                      "description": "What users of this persona may be given in Connect.",
                      "type": "object",
                      "required": ["securityProfiles","routingProfile"],
                      "properties": {
                        "securityProfiles": {
                          "description": "Names of security profiles; the default of users, and the list of what they may have.",
                          "type": "array",
                          "minItems": 1,
                          "maxItems": 10,
                          "x-kubernetes-list-type": "set",
                          "items": {"type":"string","minLength":1,"maxLength":127}
                        },
                        "routingProfile": {"description":"Default routing profile of users.","type":"string","minLength":1,"maxLength":127},
                        "allowAdoption": {
                          "description": "True lets ConnectUsers of this persona take over Connect users that carry no owner tag, if they ask for it (`adoptionPolicy:\nIfUnowned`).",
                          "type": "boolean",
                          "default": false
                        }
                      }
                    },
                    "driftPolicy": {
                      "description": "Correct reverts changes made outside the controller; Report only shows them.",
                      "type": "string",
                      "enum": ["Correct","Report"],
                      "default": "Correct"
                    },
                    "adoptionPolicy": {
                      "description": "Never touches only objects with our tag; IfUnowned also takes over objects that carry no owner tag.",
                      "type": "string",
                      "enum": ["Never","IfUnowned"],
                      "default": "Never"
                    },
                    "deletionPolicy": {
                      "description": "What happens in the clouds when the persona is deleted. Retain, because a recreated role breaks every user that federated through it.",
                      "type": "string",
                      "enum": ["Retain","Delete"],
                      "default": "Retain"
                    },
                    "suspend": {"description":"True stops every look and every write until it is false again.","type":"boolean","default":false}
                  }
                },
                "status": {
                  "description": "What was found. A report, never the only memory.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {"type":"integer","format":"int64","description":"Generation of the spec that this status describes."},
                    "conditions": {
                      "description": "Ready, Reconciling, Stalled (kstatus), Drifted, and one condition per component.",
                      "type": "array",
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["type"],
                      "items": {
                        "type": "object",
                        "required": ["type","status","reason","message","lastTransitionTime"],
                        "properties": {
                          "type": {"type":"string","description":"Name of the condition.","maxLength":316},
                          "status": {"type":"string","description":"True, False or Unknown.","enum":["True","False","Unknown"]},
                          "reason": {"type":"string","description":"Why, in one PascalCase word.","maxLength":1024},
                          "message": {"type":"string","description":"One line that says what to do.","maxLength":32768},
                          "lastTransitionTime": {"type":"string","format":"date-time","description":"When the status changed last."},
                          "observedGeneration": {"type":"integer","format":"int64","description":"Generation of the spec that it describes."}
                        }
                      }
                    },
                    "owner": {"type":"string","description":"Owner tag that the persona's cloud objects carry, `<cluster>/<namespace>/<name>`."},
                    "identifier": {"type":"string","description":"SAML Identifier in use."},
                    "tenantId": {"type":"string","description":"Entra tenant."},
                    "applicationId": {"type":"string","description":"Object id of the application."},
                    "appId": {"type":"string","description":"Client id of the application."},
                    "servicePrincipalId": {"type":"string","description":"Object id of the service principal."},
                    "appRoleId": {"type":"string","description":"Id of the app role that carries role and provider."},
                    "federationPolicyArn": {"type":"string","description":"ARN of the federation policy."},
                    "listingPolicyArn": {"type":"string","description":"ARN of the listing policy (mode Provisioning)."},
                    "samlProviderArn": {"type":"string","description":"ARN of the SAML provider."},
                    "roleArn": {"type":"string","description":"ARN of the role."},
                    "formerRoles": {
                      "description": "Roles from before `aws.roleSharing` changed that the application carries beside the present one. Users who first signed in with\none of them are bound to it until they are recreated.",
                      "type": "array",
                      "maxItems": 10,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name"],
                      "items": {
                        "type": "object",
                        "required": ["name","appRoleId"],
                        "properties": {
                          "name": {"type":"string","description":"Name of the IAM role.","maxLength":64},
                          "appRoleId": {"type":"string","description":"Id of the app role that carries it."}
                        }
                      }
                    },
                    "iamUserArn": {"type":"string","description":"ARN of the provisioning user (mode Provisioning)."},
                    "relayState": {"type":"string","description":"Relay state in use."},
                    "userAccessUrl": {"type":"string","description":"URL that a user opens to sign in."},
                    "groups": {
                      "description": "Ids of the groups that `application.groups` names by display name, as they were first found. Another group that takes the name is\nrefused.",
                      "type": "array",
                      "maxItems": 100,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["displayName"],
                      "items": {
                        "type": "object",
                        "required": ["displayName","id"],
                        "properties": {
                          "displayName": {"type":"string","description":"Name in the spec."},
                          "id": {"type":"string","description":"Object id of the group."}
                        }
                      }
                    },
                    "certificate": {
                      "type": "object",
                      "description": "The active signing certificate.",
                      "properties": {
                        "thumbprint": {"type":"string","description":"Upper-case hexadecimal SHA-1."},
                        "fingerprint": {"type":"string","description":"Upper-case hexadecimal SHA-256."},
                        "expirationTime": {"type":"string","format":"date-time","description":"When it expires."},
                        "rotatingTo": {"type":"string","description":"Thumbprint of the next certificate while it is being rotated."}
                      }
                    },
                    "securityProfiles": {
                      "description": "What the security profiles of `connectUsers` permit. An event of the persona reports each later change.",
                      "type": "array",
                      "maxItems": 10,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name"],
                      "items": {
                        "type": "object",
                        "required": ["name","digest","permissions"],
                        "properties": {
                          "name": {"type":"string","description":"Name of the security profile.","maxLength":127},
                          "digest": {"type":"string","description":"Digest of the list.","maxLength":16},
                          "permissions": {
                            "description": "API names of what it permits, sorted.",
                            "type": "array",
                            "maxItems": 500,
                            "x-kubernetes-list-type": "atomic",
                            "items": {"type":"string","maxLength":128}
                          },
                          "gained": {
                            "description": "What it gained last, at most 20 of them.",
                            "type": "array",
                            "maxItems": 20,
                            "x-kubernetes-list-type": "atomic",
                            "items": {"type":"string","maxLength":128}
                          },
                          "lost": {
                            "description": "What it lost last, at most 20 of them.",
                            "type": "array",
                            "maxItems": 20,
                            "x-kubernetes-list-type": "atomic",
                            "items": {"type":"string","maxLength":128}
                          },
                          "gainedTime": {"type":"string","format":"date-time","description":"When that was found."},
                          "lostTime": {"type":"string","format":"date-time","description":"When that was found."}
                        }
                      }
                    },
                    "accessKey": {
                      "type": "object",
                      "description": "The access key that Entra holds (mode Provisioning). Never the key itself.",
                      "properties": {
                        "lastFour": {"type":"string","description":"Last four characters of its id."},
                        "creationTime": {"type":"string","format":"date-time","description":"When it was created."},
                        "lastUsedTime": {"type":"string","format":"date-time","description":"When it was last used."},
                        "rotation": {"type":"string","description":"Step of a rotation that is under way."}
                      }
                    },
                    "syncJob": {
                      "type": "object",
                      "description": "Entra's provisioning job (mode Provisioning).",
                      "properties": {
                        "id": {"type":"string","description":"Id of the job."},
                        "state": {"type":"string","description":"Status code of the job."},
                        "lastSuccessTime": {"type":"string","format":"date-time","description":"When its last successful run ended."},
                        "quarantineReason": {"type":"string","description":"Why it is in quarantine."}
                      }
                    },
                    "roleImportWaitingSince": {
                      "type": "string",
                      "format": "date-time",
                      "description": "Since when the controller has been waiting for the role in the application."
                    },
                    "users": {
                      "type": "object",
                      "description": "ConnectUsers that refer to this persona.",
                      "properties": {
                        "total": {"type":"integer","description":"All of them."},
                        "ready": {"type":"integer","description":"Those that are Ready."},
                        "conflicted": {"type":"integer","description":"Those in conflict."},
                        "summary": {"type":"string","description":"ready/total."},
                        "removing": {"type":"integer","description":"Those being removed."}
                      }
                    },
                    "removals": {
                      "description": "Removals of users that were let through within the last poll intervals. The guard against mass deletion counts them, so a restart forgets nothing.",
                      "type": "array",
                      "maxItems": 32,
                      "items": {
                        "type": "object",
                        "required": ["time"],
                        "properties": {
                          "time": {"type":"string","format":"date-time","description":"When."},
                          "approved": {
                            "type": "string",
                            "description": "Hash of the list that a person allowed; what was allowed does not count.",
                            "maxLength": 64
                          },
                          "removals": {"type":"integer","description":"Removals."},
                          "changes": {
                            "type": "string",
                            "description": "Digests of the removals that are not done yet, six bytes each, in base64.",
                            "maxLength": 32768
                          }
                        }
                      }
                    },
                    "drift": {
                      "description": "What is not as declared, at most 20 rows, redacted.",
                      "type": "array",
                      "maxItems": 20,
                      "x-kubernetes-list-type": "atomic",
                      "items": {
                        "type": "object",
                        "required": ["component","path","desired","observed","concern","since"],
                        "properties": {
                          "component": {"type":"string","description":"Component that differs."},
                          "path": {"type":"string","description":"Field that differs."},
                          "desired": {"type":"string","description":"What is declared.","maxLength":512},
                          "observed": {"type":"string","description":"What was found.","maxLength":512},
                          "concern": {
                            "type": "string",
                            "enum": ["trust","permissions","settings"],
                            "description": "What it touches: who may sign in (trust), what they may do (permissions), or neither."
                          },
                          "since": {"type":"string","format":"date-time","description":"When it was first seen."}
                        }
                      }
                    },
                    "lastApplied": {
                      "description": "What the controller applied last, by component and field, as short digests. A difference from it is drift; a difference from the\nspec alone is a declared change.",
                      "type": "object",
                      "maxProperties": 20,
                      "additionalProperties": {"type":"object","maxProperties":200,"additionalProperties":{"type":"string","maxLength":64}}
                    },
                    "inFlight": {
                      "type": "object",
                      "description": "Calls that must never be repeated blindly. Written before such a call is sent, taken away once its outcome is seen, so that a\nnew process knows of it.",
                      "properties": {
                        "application": {"type":"string","format":"date-time","description":"When an application was asked for."},
                        "certificate": {
                          "type": "string",
                          "format": "date-time",
                          "description": "When a signing certificate was asked for; its name ends in this time."
                        },
                        "claimsPolicy": {"type":"string","format":"date-time","description":"When a claims mapping policy was asked for."},
                        "unknownSince": {
                          "type": "string",
                          "format": "date-time",
                          "description": "When a look found that the status was lost: what was asked for before is not known."
                        }
                      }
                    },
                    "lastCheckedTime": {
                      "type": "string",
                      "format": "date-time",
                      "description": "When the clouds were last compared with the spec; moves at most once per poll interval in which something else changed."
                    },
                    "handledRequests": {
                      "type": "object",
                      "description": "Last value handled of each request annotation.",
                      "additionalProperties": {"type":"string","maxLength":253}
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name":"connectusers.connectsso.dev"},
    "spec": {
      "group": "connectsso.dev",
      "scope": "Namespaced",
      "names": {
        "kind": "ConnectUser",
        "listKind": "ConnectUserList",
        "plural": "connectusers",
        "singular": "connectuser",
        "shortNames": ["cu"],
        "categories": ["connectsso"]
      },
      "versions": [
        {
          "name": "v1alpha1",
          "served": true,
          "storage": true,
          "subresources": {"status":{}},
          "additionalPrinterColumns": [
            {"name":"Persona","type":"string","jsonPath":".spec.personaRef.name"},
            {"name":"Username","type":"string","jsonPath":".status.username"},
            {"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
            {"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"},
            {"name":"Drifted","type":"string","jsonPath":".status.conditions[?(@.type==\"Drifted\")].status"},
            {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"},
            {"name":"Role","type":"string","jsonPath":".status.roleName","priority":1},
            {"name":"Object ID","type":"string","jsonPath":".status.entraObjectId","priority":1},
            {"name":"Message","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message","priority":1}
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "One person of a persona, with the role in Entra and the user in Amazon Connect.",
              "type": "object",
              "required": ["spec"],
              "properties": {
                "apiVersion": {"type":"string","description":"Version of this schema."},
                "kind": {"type":"string","description":"ConnectUser."},
                "metadata": {"type":"object"},
                "spec": {
                  "description": "What is wanted. The controller never writes it.",
                  "type": "object",
                  "required": ["personaRef","entraUser"],
                  "properties": {
                    "personaRef": {
                      "description": "The persona, in the same namespace. A user that moves to another persona may no longer be able to sign in, because Connect binds a user to the role of\nthe first login (see the recreate annotation), unless both personas declare `aws.roleSharing: Instance`.",
                      "type": "object",
                      "required": ["name"],
                      "properties": {"name":{"type":"string","description":"Name of the ConnectSsoPersona.","minLength":1,"maxLength":253}}
                    },
                    "entraUser": {
                      "description": "The Entra user. Immutable.",
                      "type": "object",
                      "x-kubernetes-validations": [
                        {
                          "rule": "has(self.userPrincipalName) != has(self.objectId)",
                          "message": "set exactly one of userPrincipalName and objectId"
                        },
                        {"rule":"self == oldSelf","message":"entraUser is immutable; make another ConnectUser for another person"}
                      ],
                      "properties": {
                        "userPrincipalName": {"type":"string","description":"User principal name.","minLength":3,"maxLength":113,"pattern":"^[^@\\s]+@[^@\\s]+$"},
                        "objectId": {
                          "type": "string",
                          "description": "Object id.",
                          "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
                        }
                      }
                    },
                    "username": {
                      "description": "Connect user name. Must be exactly the RoleSessionName that Entra will send (also in case), which is its default. Immutable once set.",
                      "type": "string",
                      "maxLength": 64,
                      "pattern": "^[A-Za-z0-9_.@-]{2,64}$",
                      "x-kubernetes-validations": [{"rule":"self == oldSelf","message":"username is immutable in Amazon Connect; delete and make another ConnectUser"}]
                    },
                    "firstName": {"type":"string","description":"First name; default from Entra.","minLength":1,"maxLength":255},
                    "lastName": {"type":"string","description":"Last name; default from Entra.","minLength":1,"maxLength":300},
                    "secondaryEmail": {
                      "type": "string",
                      "description": "Secondary e-mail. SAML instances take no primary one.",
                      "maxLength": 254,
                      "pattern": "^[^@\\s]+@[^@\\s]+$"
                    },
                    "mobile": {"type":"string","description":"Mobile number in E.164.","pattern":"^\\+[1-9][0-9]{1,14}$"},
                    "securityProfiles": {
                      "description": "Names of security profiles; default the persona's. Only profiles that the persona lists.",
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 10,
                      "x-kubernetes-list-type": "set",
                      "items": {"type":"string","minLength":1,"maxLength":127}
                    },
                    "routingProfile": {"type":"string","description":"Name of the routing profile; default the persona's.","minLength":1,"maxLength":127},
                    "hierarchyGroup": {
                      "description": "Path of hierarchy group names from the top level, for example [Dublin, Team A].",
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 5,
                      "items": {"type":"string","minLength":1,"maxLength":127}
                    },
                    "phone": {
                      "description": "The telephone. Fields that are not given stay as they are.",
                      "type": "object",
                      "x-kubernetes-validations": [
                        {
                          "rule": "!has(self.type) || self.type != 'DeskPhone' || has(self.deskPhoneNumber)",
                          "message": "type DeskPhone needs deskPhoneNumber"
                        }
                      ],
                      "properties": {
                        "type": {"type":"string","description":"Kind of phone.","enum":["SoftPhone","DeskPhone"]},
                        "deskPhoneNumber": {"type":"string","description":"Desk phone number in E.164.","pattern":"^\\+[1-9][0-9]{1,14}$"}
                      }
                    },
                    "contactHandling": {
                      "description": "How the agent takes contacts, by channel. Channels and fields that are not given stay as they are; a field that is taken out of the\nmanifest goes back to Amazon Connect's default if its value is still ours.",
                      "type": "object",
                      "properties": {
                        "voice": {
                          "description": "Calls.",
                          "type": "object",
                          "properties": {
                            "autoAccept": {"type":"boolean","description":"Answer calls automatically (soft phone only)."},
                            "afterContactWorkSeconds": {
                              "type": "integer",
                              "description": "Seconds of after-contact work; 0 means no limit.",
                              "minimum": 0,
                              "maximum": 2000000
                            },
                            "persistentConnection": {"type":"boolean","description":"Keep the connection open between calls (soft phone only)."},
                            "enhancement": {
                              "type": "string",
                              "description": "What happens to the agent's audio.",
                              "enum": ["None","VoiceIsolation","NoiseSuppression"]
                            }
                          }
                        },
                        "chat": {
                          "description": "Chats.",
                          "type": "object",
                          "properties": {
                            "autoAccept": {"type":"boolean","description":"Accept contacts automatically."},
                            "afterContactWorkSeconds": {
                              "type": "integer",
                              "description": "Seconds of after-contact work; 0 means no limit.",
                              "minimum": 0,
                              "maximum": 2000000
                            }
                          }
                        },
                        "task": {
                          "description": "Tasks.",
                          "type": "object",
                          "properties": {
                            "autoAccept": {"type":"boolean","description":"Accept contacts automatically."},
                            "afterContactWorkSeconds": {
                              "type": "integer",
                              "description": "Seconds of after-contact work; 0 means no limit.",
                              "minimum": 0,
                              "maximum": 2000000
                            }
                          }
                        },
                        "email": {
                          "description": "E-mails.",
                          "type": "object",
                          "properties": {
                            "autoAccept": {"type":"boolean","description":"Accept contacts automatically."},
                            "afterContactWorkSeconds": {
                              "type": "integer",
                              "description": "Seconds of after-contact work; 0 means no limit.",
                              "minimum": 0,
                              "maximum": 2000000
                            }
                          }
                        }
                      }
                    },
                    "proficiencies": {
                      "description": "Proficiencies of the agent. When given, the list is complete.",
                      "type": "array",
                      "maxItems": 10,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["attribute","value"],
                      "items": {
                        "type": "object",
                        "required": ["attribute","value","level"],
                        "properties": {
                          "attribute": {"type":"string","description":"Name of the predefined attribute.","minLength":1,"maxLength":64},
                          "value": {"type":"string","description":"Value of the attribute.","minLength":1,"maxLength":128},
                          "level": {"type":"integer","description":"1 to 5.","minimum":1,"maximum":5}
                        }
                      }
                    },
                    "tags": {
                      "description": "Further tags of the Connect user.",
                      "type": "object",
                      "maxProperties": 40,
                      "additionalProperties": {"type":"string","maxLength":256},
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.all(k, !k.startsWith('aws:') && !k.startsWith('connectsso.dev/'))",
                          "message": "tag keys must not begin with aws: or connectsso.dev/"
                        }
                      ]
                    },
                    "driftPolicy": {
                      "description": "Correct reverts changes made outside the controller; Report only shows them.",
                      "type": "string",
                      "enum": ["Correct","Report"],
                      "default": "Correct"
                    },
                    "adoptionPolicy": {
                      "description": "Never touches only a Connect user with our tag; IfUnowned also takes over one that carries no owner tag.",
                      "type": "string",
                      "enum": ["Never","IfUnowned"],
                      "default": "Never"
                    },
                    "deletionPolicy": {
                      "description": "RevokeAccess takes the role assignment and keeps the Connect user and its history; Delete also deletes the Connect user; Retain touches nothing.",
                      "type": "string",
                      "enum": ["RevokeAccess","Delete","Retain"],
                      "default": "RevokeAccess"
                    },
                    "whenDisabled": {
                      "description": "What happens when the account is disabled in Entra. RevokeAccess takes the role assignment away until the account is enabled again; Keep\nchanges nothing.",
                      "type": "string",
                      "enum": ["RevokeAccess","Keep"],
                      "default": "RevokeAccess"
                    },
                    "endSessions": {
                      "description": "True ends running sessions in Amazon Connect when access is taken away; otherwise they last up to 12 hours.",
                      "type": "boolean",
                      "default": true
                    },
                    "quickConnects": {
                      "description": "What happens to quick connects that ring this user when its Connect user is deleted. Delete removes them; Report names them.",
                      "type": "string",
                      "enum": ["Delete","Report"],
                      "default": "Report"
                    },
                    "suspend": {"description":"True stops every look and every write until it is false again.","type":"boolean","default":false}
                  },
                  "x-kubernetes-validations": [
                    {"rule":"has(self.username) || !has(oldSelf.username)","message":"username is immutable once set"},
                    {
                      "rule": "!has(self.phone) || !has(self.phone.type) || self.phone.type != 'DeskPhone' || !has(self.contactHandling) || !has(self.contactHandling.voice) || ((!has(self.contactHandling.voice.autoAccept) || !self.contactHandling.voice.autoAccept) && (!has(self.contactHandling.voice.persistentConnection) || !self.contactHandling.voice.persistentConnection))",
                      "message": "a desk phone has neither autoAccept nor persistentConnection"
                    }
                  ]
                },
                "status": {
                  "description": "What was found. A report, never the only memory.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {"type":"integer","format":"int64","description":"Generation of the spec that this status describes."},
                    "conditions": {
                      "description": "Ready, Reconciling, Stalled (kstatus), Drifted, and one condition per component.",
                      "type": "array",
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["type"],
                      "items": {
                        "type": "object",
                        "required": ["type","status","reason","message","lastTransitionTime"],
                        "properties": {
                          "type": {"type":"string","description":"Name of the condition.","maxLength":316},
                          "status": {"type":"string","description":"True, False or Unknown.","enum":["True","False","Unknown"]},
                          "reason": {"type":"string","description":"Why, in one PascalCase word.","maxLength":1024},
                          "message": {"type":"string","description":"One line that says what to do.","maxLength":32768},
                          "lastTransitionTime": {"type":"string","format":"date-time","description":"When the status changed last."},
                          "observedGeneration": {"type":"integer","format":"int64","description":"Generation of the spec that it describes."}
                        }
                      }
                    },
                    "username": {"type":"string","description":"Connect user name in use."},
                    "entraObjectId": {"type":"string","description":"Object id of the Entra user."},
                    "connectUserId": {"type":"string","description":"Id of the Connect user."},
                    "connectUserArn": {"type":"string","description":"ARN of the Connect user."},
                    "appRoleAssignmentId": {"type":"string","description":"Id of the app role assignment in Entra."},
                    "roleName": {"type":"string","description":"Name of the IAM role with which the person signs in.","maxLength":64},
                    "userAccessUrl": {"type":"string","description":"URL to sign in with."},
                    "strays": {
                      "description": "Names of further Connect users of this person that carry our tags, made under a former name. No one can sign in to them.",
                      "type": "array",
                      "maxItems": 20,
                      "x-kubernetes-list-type": "set",
                      "items": {"type":"string","maxLength":128}
                    },
                    "sessions": {
                      "description": "What became of running sessions when access was taken away last.",
                      "type": "object",
                      "properties": {
                        "endedTime": {"type":"string","format":"date-time","description":"When they were ended."},
                        "message": {"type":"string","description":"What was done.","maxLength":1024}
                      }
                    },
                    "drift": {
                      "description": "What is not as declared, at most 20 rows, redacted.",
                      "type": "array",
                      "maxItems": 20,
                      "items": {
                        "type": "object",
                        "required": ["component","path","desired","observed","concern","since"],
                        "properties": {
                          "component": {"type":"string","description":"Component that differs."},
                          "path": {"type":"string","description":"Field that differs."},
                          "desired": {"type":"string","description":"What is declared.","maxLength":512},
                          "observed": {"type":"string","description":"What was found.","maxLength":512},
                          "concern": {
                            "type": "string",
                            "enum": ["trust","permissions","settings"],
                            "description": "What it touches: who may sign in (trust), what they may do (permissions), or neither."
                          },
                          "since": {"type":"string","format":"date-time","description":"When it was first seen."}
                        }
                      }
                    },
                    "lastApplied": {
                      "description": "What the controller applied last, by component and field, as short digests. A difference from it is drift; a difference from the\nspec alone is a declared change.",
                      "type": "object",
                      "maxProperties": 20,
                      "additionalProperties": {"type":"object","maxProperties":200,"additionalProperties":{"type":"string","maxLength":64}}
                    },
                    "lastCheckedTime": {
                      "type": "string",
                      "format": "date-time",
                      "description": "When the clouds were last compared with the spec; moves at most once per poll interval in which something else changed."
                    },
                    "handledRequests": {
                      "type": "object",
                      "description": "Last value handled of each request annotation, recreate for one.",
                      "additionalProperties": {"type":"string","maxLength":253}
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name":"connectusersets.connectsso.dev"},
    "spec": {
      "group": "connectsso.dev",
      "scope": "Namespaced",
      "names": {
        "kind": "ConnectUserSet",
        "listKind": "ConnectUserSetList",
        "plural": "connectusersets",
        "singular": "connectuserset",
        "shortNames": ["cus"],
        "categories": ["connectsso"]
      },
      "versions": [
        {
          "name": "v1alpha1",
          "served": true,
          "storage": true,
          "subresources": {"status":{}},
          "additionalPrinterColumns": [
            {"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
            {"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"},
            {"name":"Matched","type":"integer","jsonPath":".status.people.matched"},
            {"name":"Members","type":"integer","jsonPath":".status.people.members"},
            {"name":"Leaving","type":"integer","jsonPath":".status.people.leaving"},
            {"name":"Held","type":"string","jsonPath":".status.conditions[?(@.type==\"ChangesHeld\")].status"},
            {"name":"Mode","type":"string","jsonPath":".spec.mode","priority":1},
            {"name":"Pending","type":"string","jsonPath":".status.pending.hash","priority":1},
            {"name":"Message","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message","priority":1},
            {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "People of Entra groups, made into ConnectUsers by rules. A set creates, changes and deletes its ConnectUsers as a ReplicaSet does its Pods.",
              "type": "object",
              "required": ["spec"],
              "x-kubernetes-validations": [
                {
                  "rule": "size(self.metadata.name) <= 63",
                  "message": "the name of a set is a label of its users, so it has at most 63 characters"
                }
              ],
              "properties": {
                "apiVersion": {"type":"string","description":"Version of this schema."},
                "kind": {"type":"string","description":"ConnectUserSet."},
                "metadata": {"type":"object"},
                "spec": {
                  "description": "What is wanted. The controller never writes it.",
                  "type": "object",
                  "required": ["source","rules"],
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.rules.exists(r, has(r.set) && has(r.set.persona))",
                      "message": "at least one rule must set a persona; people without a persona are granted nothing"
                    }
                  ],
                  "properties": {
                    "source": {
                      "description": "Where the people come from.",
                      "type": "object",
                      "required": ["groups"],
                      "properties": {
                        "tenantId": {
                          "description": "Entra tenant. Default is the controller's tenant.",
                          "type": "string",
                          "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
                        },
                        "groups": {
                          "description": "Entra groups. A member of any of them is a candidate.",
                          "type": "array",
                          "minItems": 1,
                          "maxItems": 20,
                          "items": {
                            "type": "object",
                            "x-kubernetes-validations": [{"rule":"has(self.id) != has(self.displayName)","message":"set exactly one of id and displayName"}],
                            "properties": {
                              "id": {
                                "type": "string",
                                "description": "Object id of the group.",
                                "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
                              },
                              "displayName": {
                                "type": "string",
                                "description": "Display name; must be unambiguous in the tenant.",
                                "minLength": 1,
                                "maxLength": 256
                              }
                            }
                          }
                        },
                        "nested": {
                          "type": "boolean",
                          "description": "True also counts members of groups inside these groups, at any depth. It holds for the groups of rules too.",
                          "default": true
                        },
                        "where": {
                          "description": "CEL expression over `user`; only people for whom it is true are matched. Default is everybody.",
                          "type": "string",
                          "minLength": 1,
                          "maxLength": 1024
                        }
                      }
                    },
                    "rules": {
                      "description": "Read from top to bottom. The first rule that sets a single value (persona, routing profile, hierarchy group) wins; sets (security profiles, proficiencies, tags) are united.",
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 50,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name"],
                      "items": {
                        "type": "object",
                        "required": ["name"],
                        "x-kubernetes-validations": [
                          {"rule":"has(self.set) || has(self.compute) || has(self.add)","message":"a rule needs set, compute or add"},
                          {
                            "rule": "!(has(self.set) && has(self.set.routingProfile) && has(self.compute) && has(self.compute.routingProfile))",
                            "message": "give routingProfile in set or in compute, not in both"
                          },
                          {
                            "rule": "!(has(self.set) && has(self.set.hierarchyGroup) && has(self.compute) && has(self.compute.hierarchyGroup))",
                            "message": "give hierarchyGroup in set or in compute, not in both"
                          }
                        ],
                        "properties": {
                          "name": {
                            "type": "string",
                            "description": "Name of the rule; `why` and `people` show it.",
                            "minLength": 1,
                            "maxLength": 63,
                            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
                          },
                          "group": {
                            "description": "The rule holds for members of this group. With `when`, both must hold; with neither, the rule holds for everybody.",
                            "type": "object",
                            "x-kubernetes-validations": [{"rule":"has(self.id) != has(self.displayName)","message":"set exactly one of id and displayName"}],
                            "properties": {
                              "id": {
                                "type": "string",
                                "description": "Object id of the group.",
                                "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
                              },
                              "displayName": {
                                "type": "string",
                                "description": "Display name; must be unambiguous in the tenant.",
                                "minLength": 1,
                                "maxLength": 256
                              }
                            }
                          },
                          "when": {
                            "type": "string",
                            "description": "CEL expression over `user`; the rule holds where it is true.",
                            "minLength": 1,
                            "maxLength": 1024
                          },
                          "set": {
                            "description": "Single values.",
                            "type": "object",
                            "minProperties": 1,
                            "properties": {
                              "persona": {
                                "type": "string",
                                "description": "Name of the ConnectSsoPersona, in the same namespace.",
                                "minLength": 1,
                                "maxLength": 253
                              },
                              "routingProfile": {"type":"string","description":"Name of the routing profile.","minLength":1,"maxLength":127},
                              "hierarchyGroup": {
                                "description": "Path of hierarchy group names from the top level.",
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 5,
                                "items": {"type":"string","minLength":1,"maxLength":127}
                              }
                            }
                          },
                          "compute": {
                            "description": "Single values computed from the person by CEL.",
                            "type": "object",
                            "minProperties": 1,
                            "properties": {
                              "routingProfile": {
                                "type": "string",
                                "description": "CEL expression whose value is the name of the routing profile.",
                                "minLength": 1,
                                "maxLength": 1024
                              },
                              "hierarchyGroup": {
                                "type": "string",
                                "description": "CEL expression whose value is the path as a list, for example `[user.country, user.officeLocation]`.",
                                "minLength": 1,
                                "maxLength": 1024
                              }
                            }
                          },
                          "add": {
                            "description": "Members of sets.",
                            "type": "object",
                            "minProperties": 1,
                            "properties": {
                              "securityProfiles": {
                                "description": "Names of security profiles, of those that the persona lists. A person for whom no rule and no template names one has the persona's default.",
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 10,
                                "x-kubernetes-list-type": "set",
                                "items": {"type":"string","minLength":1,"maxLength":127}
                              },
                              "proficiencies": {
                                "description": "Proficiencies. Of two rules that give the same attribute and value the higher level wins.",
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 10,
                                "items": {
                                  "type": "object",
                                  "required": ["attribute","value","level"],
                                  "properties": {
                                    "attribute": {"type":"string","description":"Name of the predefined attribute.","minLength":1,"maxLength":64},
                                    "value": {"type":"string","description":"Value of the attribute.","minLength":1,"maxLength":128},
                                    "level": {"type":"integer","description":"1 to 5.","minimum":1,"maximum":5}
                                  }
                                }
                              },
                              "tags": {
                                "description": "Tags of the Connect user. Of two rules that give the same key the first wins.",
                                "type": "object",
                                "maxProperties": 40,
                                "additionalProperties": {"type":"string","maxLength":256},
                                "x-kubernetes-validations": [
                                  {
                                    "rule": "self.all(k, !k.startsWith('aws:') && !k.startsWith('connectsso.dev/'))",
                                    "message": "tag keys must not begin with aws: or connectsso.dev/"
                                  }
                                ]
                              }
                            }
                          }
                        }
                      }
                    },
                    "template": {
                      "description": "Fields that all users of the set have in common. A rule's single value wins over the template's.",
                      "type": "object",
                      "default": {},
                      "x-kubernetes-validations": [
                        {
                          "rule": "!has(self.phone) || !has(self.phone.type) || self.phone.type != 'DeskPhone' || !has(self.contactHandling) || !has(self.contactHandling.voice) || ((!has(self.contactHandling.voice.autoAccept) || !self.contactHandling.voice.autoAccept) && (!has(self.contactHandling.voice.persistentConnection) || !self.contactHandling.voice.persistentConnection))",
                          "message": "a desk phone has neither autoAccept nor persistentConnection"
                        }
                      ],
                      "properties": {
                        "securityProfiles": {
                          "description": "Names of security profiles; default the persona's. Only profiles that the persona lists.",
                          "type": "array",
                          "minItems": 1,
                          "maxItems": 10,
                          "x-kubernetes-list-type": "set",
                          "items": {"type":"string","minLength":1,"maxLength":127}
                        },
                        "routingProfile": {"type":"string","description":"Name of the routing profile; default the persona's.","minLength":1,"maxLength":127},
                        "hierarchyGroup": {
                          "description": "Path of hierarchy group names from the top level, for example [Dublin, Team A].",
                          "type": "array",
                          "minItems": 1,
                          "maxItems": 5,
                          "items": {"type":"string","minLength":1,"maxLength":127}
                        },
                        "phone": {
                          "description": "The telephone. Fields that are not given stay as they are.",
                          "type": "object",
                          "x-kubernetes-validations": [
                            {
                              "rule": "!has(self.type) || self.type != 'DeskPhone' || has(self.deskPhoneNumber)",
                              "message": "type DeskPhone needs deskPhoneNumber"
                            }
                          ],
                          "properties": {
                            "type": {"type":"string","description":"Kind of phone.","enum":["SoftPhone","DeskPhone"]},
                            "deskPhoneNumber": {"type":"string","description":"Desk phone number in E.164.","pattern":"^\\+[1-9][0-9]{1,14}$"}
                          }
                        },
                        "contactHandling": {
                          "description": "How the agent takes contacts, by channel. Channels and fields that are not given stay as they are; a field that is taken out of the\nmanifest goes back to Amazon Connect's default if its value is still ours.",
                          "type": "object",
                          "properties": {
                            "voice": {
                              "description": "Calls.",
                              "type": "object",
                              "properties": {
                                "autoAccept": {"type":"boolean","description":"Answer calls automatically (soft phone only)."},
                                "afterContactWorkSeconds": {
                                  "type": "integer",
                                  "description": "Seconds of after-contact work; 0 means no limit.",
                                  "minimum": 0,
                                  "maximum": 2000000
                                },
                                "persistentConnection": {"type":"boolean","description":"Keep the connection open between calls (soft phone only)."},
                                "enhancement": {
                                  "type": "string",
                                  "description": "What happens to the agent's audio.",
                                  "enum": ["None","VoiceIsolation","NoiseSuppression"]
                                }
                              }
                            },
                            "chat": {
                              "description": "Chats.",
                              "type": "object",
                              "properties": {
                                "autoAccept": {"type":"boolean","description":"Accept contacts automatically."},
                                "afterContactWorkSeconds": {
                                  "type": "integer",
                                  "description": "Seconds of after-contact work; 0 means no limit.",
                                  "minimum": 0,
                                  "maximum": 2000000
                                }
                              }
                            },
                            "task": {
                              "description": "Tasks.",
                              "type": "object",
                              "properties": {
                                "autoAccept": {"type":"boolean","description":"Accept contacts automatically."},
                                "afterContactWorkSeconds": {
                                  "type": "integer",
                                  "description": "Seconds of after-contact work; 0 means no limit.",
                                  "minimum": 0,
                                  "maximum": 2000000
                                }
                              }
                            },
                            "email": {
                              "description": "E-mails.",
                              "type": "object",
                              "properties": {
                                "autoAccept": {"type":"boolean","description":"Accept contacts automatically."},
                                "afterContactWorkSeconds": {
                                  "type": "integer",
                                  "description": "Seconds of after-contact work; 0 means no limit.",
                                  "minimum": 0,
                                  "maximum": 2000000
                                }
                              }
                            }
                          }
                        },
                        "proficiencies": {
                          "description": "Proficiencies of the agent. When given, the list is complete.",
                          "type": "array",
                          "maxItems": 10,
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": ["attribute","value"],
                          "items": {
                            "type": "object",
                            "required": ["attribute","value","level"],
                            "properties": {
                              "attribute": {"type":"string","description":"Name of the predefined attribute.","minLength":1,"maxLength":64},
                              "value": {"type":"string","description":"Value of the attribute.","minLength":1,"maxLength":128},
                              "level": {"type":"integer","description":"1 to 5.","minimum":1,"maximum":5}
                            }
                          }
                        },
                        "tags": {
                          "description": "Further tags of the Connect user.",
                          "type": "object",
                          "maxProperties": 40,
                          "additionalProperties": {"type":"string","maxLength":256},
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.all(k, !k.startsWith('aws:') && !k.startsWith('connectsso.dev/'))",
                              "message": "tag keys must not begin with aws: or connectsso.dev/"
                            }
                          ]
                        },
                        "driftPolicy": {
                          "description": "Correct reverts changes made outside the controller; Report only shows them.",
                          "type": "string",
                          "enum": ["Correct","Report"]
                        },
                        "adoptionPolicy": {
                          "description": "Never touches only a Connect user with our tag; IfUnowned also takes over one that carries no owner tag.",
                          "type": "string",
                          "enum": ["Never","IfUnowned"]
                        },
                        "deletionPolicy": {
                          "description": "RevokeAccess takes the role assignment and keeps the Connect user and its history; Delete also deletes the Connect user; Retain touches nothing.",
                          "type": "string",
                          "enum": ["RevokeAccess","Delete","Retain"]
                        },
                        "whenDisabled": {
                          "description": "What happens when the account is disabled in Entra. RevokeAccess takes the role assignment away until the account is enabled again; Keep\nchanges nothing.",
                          "type": "string",
                          "enum": ["RevokeAccess","Keep"]
                        },
                        "endSessions": {
                          "description": "True ends running sessions in Amazon Connect when access is taken away; otherwise they last up to 12 hours.",
                          "type": "boolean"
                        },
                        "quickConnects": {
                          "description": "What happens to quick connects that ring this user when its Connect user is deleted. Delete removes them; Report names them.",
                          "type": "string",
                          "enum": ["Delete","Report"]
                        }
                      }
                    },
                    "removal": {
                      "description": "What happens to people who are no longer in the source.",
                      "type": "object",
                      "default": {},
                      "properties": {
                        "gracePeriod": {
                          "description": "How long a person who left the source keeps everything; who is back within it has lost nothing. Accounts that are disabled or deleted get none.",
                          "type": "string",
                          "pattern": "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
                          "minLength": 2,
                          "maxLength": 12,
                          "default": "24h"
                        }
                      }
                    },
                    "limits": {
                      "description": "How much may change within the last poll intervals without a person's word. Above a limit nothing of that sort is done; the annotation connectsso.dev/approve with the hash of the list lets exactly that list go.",
                      "type": "object",
                      "default": {},
                      "properties": {
                        "removals": {
                          "type": "string",
                          "description": "Share of the set's users that may be removed.",
                          "pattern": "^(100|[0-9]{1,2})%$",
                          "maxLength": 4,
                          "default": "20%"
                        },
                        "moves": {
                          "type": "string",
                          "description": "Share of the set's users that may move to another persona.",
                          "pattern": "^(100|[0-9]{1,2})%$",
                          "maxLength": 4,
                          "default": "20%"
                        },
                        "grants": {
                          "type": "string",
                          "description": "Share of the set's users that may be given a security profile that they did not have. A new user counts; those of the first expansion do not.",
                          "pattern": "^(100|[0-9]{1,2})%$",
                          "maxLength": 4,
                          "default": "20%"
                        },
                        "ignoreBelow": {
                          "type": "integer",
                          "description": "Fewer changes of one sort than this are never held.",
                          "minimum": 0,
                          "maximum": 10000,
                          "default": 5
                        }
                      }
                    },
                    "mode": {
                      "description": "Apply writes ConnectUsers; Plan only computes, shows and counts.",
                      "type": "string",
                      "enum": ["Apply","Plan"],
                      "default": "Apply"
                    },
                    "deletionPolicy": {
                      "description": "What happens to the set's users when the set is deleted. Orphan keeps them, as if they had been written by hand; Delete deletes them.",
                      "type": "string",
                      "enum": ["Orphan","Delete"],
                      "default": "Orphan"
                    },
                    "suspend": {"description":"True stops every look and every write until it is false again.","type":"boolean","default":false}
                  }
                },
                "status": {
                  "description": "What was found. A report, never the only memory.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {"type":"integer","format":"int64","description":"Generation of the spec that this status describes."},
                    "conditions": {
                      "description": "Ready, Reconciling, Stalled (kstatus), Drifted, SourceReady, ChangesHeld and MembersReady.",
                      "type": "array",
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["type"],
                      "items": {
                        "type": "object",
                        "required": ["type","status","reason","message","lastTransitionTime"],
                        "properties": {
                          "type": {"type":"string","description":"Name of the condition.","maxLength":316},
                          "status": {"type":"string","description":"True, False or Unknown.","enum":["True","False","Unknown"]},
                          "reason": {"type":"string","description":"Why, in one PascalCase word.","maxLength":1024},
                          "message": {"type":"string","description":"One line that says what to do.","maxLength":32768},
                          "lastTransitionTime": {"type":"string","format":"date-time","description":"When the status changed last."},
                          "observedGeneration": {"type":"integer","format":"int64","description":"Generation of the spec that it describes."}
                        }
                      }
                    },
                    "source": {
                      "description": "How the source was read last.",
                      "type": "object",
                      "properties": {
                        "groups": {
                          "description": "Groups by the name in the spec. The id is kept, so that another group of the same name never takes its place unnoticed.",
                          "type": "array",
                          "maxItems": 70,
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": ["name"],
                          "items": {
                            "type": "object",
                            "required": ["name","id"],
                            "properties": {
                              "name": {"type":"string","description":"Display name or id as declared.","maxLength":256},
                              "id": {"type":"string","description":"Object id.","maxLength":36},
                              "people": {"type":"integer","description":"People in it, nested groups included."}
                            }
                          }
                        }
                      }
                    },
                    "people": {
                      "description": "People by state.",
                      "type": "object",
                      "properties": {
                        "found": {"type":"integer","description":"In the groups of the source."},
                        "matched": {"type":"integer","description":"Of these, the ones for whom `where` is true."},
                        "members": {"type":"integer","description":"ConnectUsers of this set."},
                        "ready": {"type":"integer","description":"Of these, the ones that are Ready."},
                        "leaving": {"type":"integer","description":"Of these, the ones in their grace period."},
                        "held": {"type":"integer","description":"People with a change that is held."},
                        "leftOut": {"type":"integer","description":"Matched people who get no ConnectUser or whose ConnectUser stays as it is."}
                      }
                    },
                    "expanded": {
                      "type": "boolean",
                      "description": "True once everybody of the first expansion has a ConnectUser. From then on new users count as grants."
                    },
                    "pending": {
                      "description": "The list that waits for a person's word, or with mode Plan for the mode Apply.",
                      "type": "object",
                      "properties": {
                        "hash": {
                          "type": "string",
                          "description": "Hash of exactly this list. The annotation connectsso.dev/approve takes it.",
                          "maxLength": 64
                        },
                        "since": {"type":"string","format":"date-time","description":"Since when there is a list with this hash."},
                        "creations": {"type":"integer","description":"New users."},
                        "removals": {"type":"integer","description":"Users to be removed."},
                        "moves": {"type":"integer","description":"Users to move to another persona."},
                        "grants": {"type":"integer","description":"Users to be given a security profile that they did not have."},
                        "sample": {
                          "description": "At most 20 of them. `connect-sso people` shows all.",
                          "type": "array",
                          "maxItems": 20,
                          "items": {
                            "type": "object",
                            "required": ["who","change"],
                            "properties": {
                              "who": {"type":"string","description":"User principal name or object id.","maxLength":256},
                              "change": {"type":"string","description":"What would happen.","enum":["Create","Remove","Move","Grant","Update"]},
                              "reason": {"type":"string","description":"Why.","maxLength":512}
                            }
                          }
                        }
                      }
                    },
                    "leftOut": {
                      "description": "At most 20 people who are left out or left as they are. `connect-sso people` shows all.",
                      "type": "array",
                      "maxItems": 20,
                      "items": {
                        "type": "object",
                        "required": ["who","reason"],
                        "properties": {
                          "who": {"type":"string","description":"User principal name or object id.","maxLength":256},
                          "reason": {"type":"string","description":"Why.","maxLength":512}
                        }
                      }
                    },
                    "admitted": {
                      "description": "What was let through within the last poll intervals. Limits count it, so a restart forgets nothing.",
                      "type": "array",
                      "maxItems": 32,
                      "items": {
                        "type": "object",
                        "required": ["time"],
                        "properties": {
                          "time": {"type":"string","format":"date-time","description":"When."},
                          "approved": {"type":"string","description":"Hash by which it was approved; what was approved does not count.","maxLength":64},
                          "removals": {"type":"integer","description":"Removals."},
                          "moves": {"type":"integer","description":"Moves."},
                          "grants": {"type":"integer","description":"Grants."},
                          "changes": {
                            "type": "string",
                            "description": "Digests of the changes that are not done yet, six bytes each, in base64.",
                            "maxLength": 32768
                          }
                        }
                      }
                    },
                    "drift": {
                      "description": "What is not as declared, at most 20 rows, redacted.",
                      "type": "array",
                      "maxItems": 20,
                      "items": {
                        "type": "object",
                        "required": ["component","path","desired","observed","concern","since"],
                        "properties": {
                          "component": {"type":"string","description":"Component that differs."},
                          "path": {"type":"string","description":"Field that differs."},
                          "desired": {"type":"string","description":"What is declared.","maxLength":512},
                          "observed": {"type":"string","description":"What was found.","maxLength":512},
                          "concern": {
                            "type": "string",
                            "enum": ["trust","permissions","settings"],
                            "description": "What it touches: who may sign in (trust), what they may do (permissions), or neither."
                          },
                          "since": {"type":"string","format":"date-time","description":"When it was first seen."}
                        }
                      }
                    },
                    "lastApplied": {
                      "description": "What the controller applied last, by component and field, as short digests. A difference from it is drift; a difference from the\nspec alone is a declared change.",
                      "type": "object",
                      "maxProperties": 20,
                      "additionalProperties": {"type":"object","maxProperties":200,"additionalProperties":{"type":"string","maxLength":64}}
                    },
                    "lastCheckedTime": {
                      "type": "string",
                      "format": "date-time",
                      "description": "When the source was last compared with the spec; moves at most once per poll interval in which something else changed."
                    },
                    "handledRequests": {
                      "type": "object",
                      "description": "Last value handled of each request annotation, approve for one.",
                      "additionalProperties": {"type":"string","maxLength":253}
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  }
];
