"""IAM and STS of the sandbox, judged by boto3: every operation that it has, and the codes of its refusals."""

import sys

import judge
from judge import client, document, expect, refused

metadata, assertion = (open(path).read() for path in sys.argv[1:3])
iam = client("iam")
sts = client("sts")

account = sts.get_caller_identity()["Account"]
allow = lambda action: document({"Effect": "Allow", "Action": action, "Resource": "*"})
trust = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
tags = [{"Key": "owner", "Value": "judge"}]

# Policies.
policy = iam.create_policy(PolicyName="judge", Path="/a/", PolicyDocument=allow("iam:ListRoles"), Tags=tags)["Policy"]["Arn"]
refused("EntityAlreadyExists", iam.create_policy, PolicyName="JUDGE", PolicyDocument=allow("iam:ListRoles"))
refused("MalformedPolicyDocument", iam.create_policy, PolicyName="bad", PolicyDocument=allow("nothing"))
for _ in range(4):
    last = iam.create_policy_version(PolicyArn=policy, PolicyDocument=allow("iam:List*"), SetAsDefault=True)
refused("LimitExceeded", iam.create_policy_version, PolicyArn=policy, PolicyDocument=allow("iam:*"))
iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
for version in iam.list_policy_versions(PolicyArn=policy)["Versions"]:
    if not version["IsDefaultVersion"]:
        iam.delete_policy_version(PolicyArn=policy, VersionId=version["VersionId"])
refused("DeleteConflict", iam.delete_policy_version, PolicyArn=policy, VersionId="v1")
shown = iam.get_policy_version(PolicyArn=policy, VersionId="v1")["PolicyVersion"]["Document"]
expect("the document", shown["Statement"][0]["Action"], "iam:ListRoles")
expect("a policy's tags", iam.get_policy(PolicyArn=policy)["Policy"]["Tags"], tags)
iam.tag_policy(PolicyArn=policy, Tags=[{"Key": "b", "Value": ""}])
iam.untag_policy(PolicyArn=policy, TagKeys=["b"])
expect("tags of a policy", iam.list_policy_tags(PolicyArn=policy)["Tags"], tags)
expect("policies", [one["Arn"] for one in iam.list_policies(Scope="Local", PathPrefix="/a/")["Policies"]], [policy])

# Roles.
role = iam.create_role(RoleName="judge", AssumeRolePolicyDocument=trust, MaxSigninSessionDuration=86400, Tags=tags)["Role"]
refused("EntityAlreadyExists", iam.create_role, RoleName="judge", AssumeRolePolicyDocument=trust)
iam.update_role(RoleName="judge", MaxSessionDuration=7200, Description="judged")
expect("sign-in sessions", iam.get_role(RoleName="judge")["Role"]["MaxSigninSessionDuration"], 86400)
iam.update_role(RoleName="judge", ResetMaxSigninSessionDuration=True)
expect("sign-in sessions, reset", iam.get_role(RoleName="judge")["Role"].get("MaxSigninSessionDuration"), None)
iam.update_assume_role_policy(RoleName="judge", PolicyDocument=trust)
refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="judge", PolicyDocument=allow("iam:*"))
iam.put_role_permissions_boundary(RoleName="judge", PermissionsBoundary=policy)
iam.delete_role_permissions_boundary(RoleName="judge")
iam.attach_role_policy(RoleName="judge", PolicyArn=policy)
expect("attached", iam.list_attached_role_policies(RoleName="judge")["AttachedPolicies"][0]["PolicyArn"], policy)
iam.put_role_policy(RoleName="judge", PolicyName="own", PolicyDocument=allow("iam:GetRole"))
own = iam.get_role_policy(RoleName="judge", PolicyName="own")["PolicyDocument"]
expect("an inline policy", own["Statement"][0]["Action"], "iam:GetRole")
expect("inline policies", iam.list_role_policies(RoleName="judge")["PolicyNames"], ["own"])
iam.tag_role(RoleName="judge", Tags=[{"Key": "b", "Value": ""}])
iam.untag_role(RoleName="judge", TagKeys=["b"])
expect("tags of a role", iam.list_role_tags(RoleName="judge")["Tags"], tags)
expect("roles", [one["RoleName"] for page in iam.get_paginator("list_roles").paginate() for one in page["Roles"]], ["judge"])
expect("instance profiles", iam.list_instance_profiles_for_role(RoleName="judge")["InstanceProfiles"], [])

# A session of the role may do what attached and inline policies say.
session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="judge")["Credentials"]
keys = {
    "aws_access_key_id": session["AccessKeyId"],
    "aws_secret_access_key": session["SecretAccessKey"],
    "aws_session_token": session["SessionToken"],
}
assumed = client("iam", **keys)
assumed.list_roles()
assumed.get_role(RoleName="judge")
refused("AccessDenied", assumed.list_users)
refused("ValidationError", sts.assume_role, RoleArn=role["Arn"], RoleSessionName="not/valid")
decisions = iam.simulate_principal_policy(PolicySourceArn=role["Arn"], ActionNames=["iam:GetRole", "iam:DeleteRole"])
expect("decisions", [one["EvalDecision"] for one in decisions["EvaluationResults"]], ["allowed", "implicitDeny"])

# Users, groups and keys.
iam.create_user(UserName="judge", Tags=tags)
iam.create_group(GroupName="judges")
refused("EntityAlreadyExists", iam.create_group, GroupName="judges")
iam.add_user_to_group(UserName="judge", GroupName="judges")
iam.attach_group_policy(GroupName="judges", PolicyArn=policy)
iam.put_group_policy(GroupName="judges", PolicyName="own", PolicyDocument=allow("iam:GetUser"))
iam.get_group_policy(GroupName="judges", PolicyName="own")
expect("of a group", iam.list_group_policies(GroupName="judges")["PolicyNames"], ["own"])
expect("on a group", len(iam.list_attached_group_policies(GroupName="judges")["AttachedPolicies"]), 1)
expect("members", [one["UserName"] for one in iam.get_group(GroupName="judges")["Users"]], ["judge"])
expect("groups", len(iam.list_groups()["Groups"]), 1)
expect("groups of a user", len(iam.list_groups_for_user(UserName="judge")["Groups"]), 1)
iam.put_user_policy(UserName="judge", PolicyName="own", PolicyDocument=allow("iam:ListUsers"))
iam.get_user_policy(UserName="judge", PolicyName="own")
expect("of a user", iam.list_user_policies(UserName="judge")["PolicyNames"], ["own"])
iam.attach_user_policy(UserName="judge", PolicyArn=policy)
expect("on a user", len(iam.list_attached_user_policies(UserName="judge")["AttachedPolicies"]), 1)
iam.put_user_permissions_boundary(UserName="judge", PermissionsBoundary=policy)
iam.delete_user_permissions_boundary(UserName="judge")
iam.tag_user(UserName="judge", Tags=[{"Key": "b", "Value": ""}])
iam.untag_user(UserName="judge", TagKeys=["b"])
expect("tags of a user", iam.list_user_tags(UserName="judge")["Tags"], tags)
holders = iam.list_entities_for_policy(PolicyArn=policy)
expect("holders", [len(holders[kind]) for kind in ("PolicyRoles", "PolicyUsers", "PolicyGroups")], [1, 1, 1])
key = iam.create_access_key(UserName="judge")["AccessKey"]
iam.create_access_key(UserName="judge")
refused("LimitExceeded", iam.create_access_key, UserName="judge")
own = client("iam", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
expect("the user of a key", own.get_user()["User"]["UserName"], "judge")
own.list_users()
expect("last use", iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]["ServiceName"], "iam")
iam.update_access_key(UserName="judge", AccessKeyId=key["AccessKeyId"], Status="Inactive")
refused("InvalidClientTokenId", own.list_users)
refused("DeleteConflict", iam.delete_user, UserName="judge")
refused("DeleteConflict", iam.delete_group, GroupName="judges")
refused("DeleteConflict", iam.delete_role, RoleName="judge")
refused("DeleteConflict", iam.delete_policy, PolicyArn=policy)

# Providers.
provider = iam.create_saml_provider(Name="judge", SAMLMetadataDocument=metadata, Tags=tags)["SAMLProviderArn"]
refused("EntityAlreadyExists", iam.create_saml_provider, Name="judge", SAMLMetadataDocument=metadata)
refused("InvalidInput", iam.create_saml_provider, Name="bad", SAMLMetadataDocument="<x/>" + " " * 1000)
refused("InvalidInput", iam.update_saml_provider, SAMLProviderArn=provider, AssertionEncryptionMode="Required")
private = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
iam.update_saml_provider(SAMLProviderArn=provider, AddPrivateKey=private, AssertionEncryptionMode="Required")
context = {"SubjectSourceKey": "NameID", "KeyDefinitionList": [{"SourceKey": "mail", "TargetKey": "email"}]}
iam.update_saml_provider(SAMLProviderArn=provider, ContextProvider=context)
iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=metadata)
shown = iam.get_saml_provider(SAMLProviderArn=provider)
expect("encryption", shown["AssertionEncryptionMode"], "Required")
expect("private keys", len(shown["PrivateKeyList"]), 1)
expect("propagation", shown["ContextProvider"], context)
expect("issuers", len(shown["SAMLKeyHashes"]), 1)
expect("metadata", shown["SAMLMetadataDocument"], metadata)
expect("providers", [one["Arn"] for one in iam.list_saml_providers()["SAMLProviderList"]], [provider])
iam.tag_saml_provider(SAMLProviderArn=provider, Tags=[{"Key": "b", "Value": ""}])
iam.untag_saml_provider(SAMLProviderArn=provider, TagKeys=["b"])
expect("tags of a provider", iam.list_saml_provider_tags(SAMLProviderArn=provider)["Tags"], tags)

# A person with a response of the identity provider, and no keys of AWS.
iam.update_saml_provider(SAMLProviderArn=provider, AssertionEncryptionMode="Allowed")
aud = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
federated = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML", "Condition": aud}
login = iam.create_role(RoleName="login", AssumeRolePolicyDocument=document(federated))["Role"]["Arn"]
person = sts.assume_role_with_saml(RoleArn=login, PrincipalArn=provider, SAMLAssertion=assertion)
expect("the session", person["AssumedRoleUser"]["Arn"].split("/")[-2:], ["login", "jane@example.com"])
refused("InvalidIdentityToken", sts.assume_role_with_saml, RoleArn=login, PrincipalArn=provider, SAMLAssertion=assertion[::-1])
refused("AccessDenied", sts.assume_role_with_saml, RoleArn=role["Arn"], PrincipalArn=provider, SAMLAssertion=assertion)
iam.delete_role(RoleName="login")

summary = iam.get_account_summary()["SummaryMap"]
expect("counters", [summary[name] for name in ("Roles", "Users", "Groups", "Policies", "Providers")], [1, 1, 1, 1, 1])
expect("aliases", iam.list_account_aliases()["AccountAliases"], [])

# All of it goes again.
iam.delete_saml_provider(SAMLProviderArn=provider)
refused("NoSuchEntity", iam.get_saml_provider, SAMLProviderArn=provider)
for one in iam.list_access_keys(UserName="judge")["AccessKeyMetadata"]:
    iam.delete_access_key(UserName="judge", AccessKeyId=one["AccessKeyId"])
iam.remove_user_from_group(UserName="judge", GroupName="judges")
iam.delete_user_policy(UserName="judge", PolicyName="own")
iam.detach_user_policy(UserName="judge", PolicyArn=policy)
iam.update_user(UserName="judge", NewUserName="former")
iam.delete_user(UserName="former")
iam.delete_group_policy(GroupName="judges", PolicyName="own")
iam.detach_group_policy(GroupName="judges", PolicyArn=policy)
iam.delete_group(GroupName="judges")
iam.delete_role_policy(RoleName="judge", PolicyName="own")
iam.detach_role_policy(RoleName="judge", PolicyArn=policy)
iam.delete_role(RoleName="judge")
iam.delete_policy(PolicyArn=policy)
refused("NoSuchEntity", iam.get_policy, PolicyArn=policy)
refused("NoSuchEntity", iam.get_user_policy, UserName="judge", PolicyName="own")
refused("NoSuchEntity", iam.get_group, GroupName="judges")
refused("AccessDenied", iam.delete_policy, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
expect("what is left", [len(iam.list_roles()["Roles"]), len(iam.list_users()["Users"])], [0, 0])
judge.report()
