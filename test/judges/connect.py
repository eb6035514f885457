"""Amazon Connect of the sandbox in one region, judged by boto3: every operation that it has, and the codes of its refusals."""

import sys

import judge
from judge import client, document, expect, refused

instance, region = sys.argv[1:3]
other = sys.argv[3]
# The region of the first instance comes from the environment.
connect = client("connect", None if region == "default" else region)
iam = client("iam")
sts = client("sts")
here = {"InstanceId": instance}
nobody = {**here, "UserId": "99999999-2222-4333-8444-555555555555"}

# The instance and its names.
expect("instances", [one["Id"] for one in connect.list_instances()["InstanceSummaryList"]], [instance])
expect("identity", connect.describe_instance(**here)["Instance"]["IdentityManagementType"], "SAML")
refused("ResourceNotFoundException", connect.describe_instance, InstanceId=other)
attributes = [one for page in connect.get_paginator("list_instance_attributes").paginate(**here) for one in page["Attributes"]]
expect("attributes", len(attributes), 14)
expect("an attribute", connect.describe_instance_attribute(**here, AttributeType="INBOUND_CALLS")["Attribute"]["Value"], "true")
profiles = {one["Name"]: one["Id"] for one in connect.list_security_profiles(**here)["SecurityProfileSummaryList"]}
routing = connect.list_routing_profiles(**here)["RoutingProfileSummaryList"][0]["Id"]
groups = {one["Name"]: one["Id"] for one in connect.list_user_hierarchy_groups(**here)["UserHierarchyGroupSummaryList"]}
described = connect.describe_user_hierarchy_group(**here, HierarchyGroupId=groups["Berlin"])["HierarchyGroup"]
expect("path", described["HierarchyPath"]["LevelOne"]["Id"], groups["EMEA"])
expect("levels", connect.describe_user_hierarchy_structure(**here)["HierarchyStructure"]["LevelTwo"]["Name"], "Site")
expect("groups by search", len(connect.search_user_hierarchy_groups(**here)["UserHierarchyGroups"]), 2)
expect("attributes of people", len(connect.list_predefined_attributes(**here)["PredefinedAttributeSummaryList"]), 2)
agent = {**here, "SecurityProfileId": profiles["Agent"]}
expect("a profile", connect.describe_security_profile(**agent)["SecurityProfile"]["SecurityProfileName"], "Agent")
granted = connect.list_security_profile_permissions(**agent)["Permissions"]
connect.update_security_profile(**agent, Permissions=[*granted, "Users.Edit"])
expect("permissions", connect.list_security_profile_permissions(**agent)["Permissions"][-1], "Users.Edit")

# A user's life.
wanted = {
    **here,
    "Username": "jane@example.com",
    "IdentityInfo": {"FirstName": "Jane", "LastName": "Doe"},
    "SecurityProfileIds": [profiles["Agent"]],
    "RoutingProfileId": routing,
}
made = connect.create_user(**wanted, PhoneConfig={"PhoneType": "SOFT_PHONE"}, Tags={"owner": "judge"})
jane = {**here, "UserId": made["UserId"]}
refused("DuplicateResourceException", connect.create_user, **wanted)
refused("InvalidRequestException", connect.create_user, **{**wanted, "Username": "x", "Password": "Secret-1"})
refused("InvalidParameterException", connect.create_user, **{**wanted, "Username": "a b"})
refused("ResourceNotFoundException", connect.create_user, **{**wanted, "Username": "x", "RoutingProfileId": "none"})
refused("ResourceNotFoundException", connect.describe_user, **nobody)
connect.update_user_identity_info(**jane, IdentityInfo={"FirstName": "Jane", "LastName": "Roe", "Mobile": "+4915112345678"})
connect.update_user_phone_config(**jane, PhoneConfig={"PhoneType": "SOFT_PHONE", "AfterContactWorkTimeLimit": 30})
chat = [{"Channel": "CHAT", "AfterContactWorkConfig": {"AfterContactWorkTimeLimit": 600}}]
connect.update_user_config(**jane, AfterContactWorkConfigs=chat)
connect.update_user_security_profiles(**jane, SecurityProfileIds=[profiles["Agent"], profiles["Admin"]])
connect.update_user_routing_profile(**jane, RoutingProfileId=routing)
connect.update_user_hierarchy(**jane, HierarchyGroupId=groups["Berlin"])
shown = connect.describe_user(**jane)["User"]
expect("a user", [shown["IdentityInfo"]["LastName"], shown["HierarchyGroupId"]], ["Roe", groups["Berlin"]])
limits = {one["Channel"]: one["AfterContactWorkConfig"]["AfterContactWorkTimeLimit"] for one in shown["AfterContactWorkConfigs"]}
expect("after-contact work", limits, {"VOICE": 30, "TASK": 30, "EMAIL": 30, "CHAT": 600})
arn = {"resourceArn": made["UserArn"]}
connect.tag_resource(**arn, tags={"team": "a"})
connect.untag_resource(**arn, tagKeys=["owner"])
expect("tags", connect.list_tags_for_resource(**arn)["tags"], {"team": "a"})
german = {"AttributeName": "connect:Language", "AttributeValue": "de"}
connect.associate_user_proficiencies(**jane, UserProficiencies=[{**german, "Level": 3.0}])
refused("InvalidRequestException", connect.associate_user_proficiencies, **jane, UserProficiencies=[{**german, "Level": 3.0}])
connect.update_user_proficiencies(**jane, UserProficiencies=[{**german, "Level": 5.0}])
expect("proficiencies", connect.list_user_proficiencies(**jane)["UserProficiencyList"], [{**german, "Level": 5.0}])
condition = {"StringCondition": {"FieldName": "value", "Value": "de", "ComparisonType": "EXACT"}}
criteria = {"ListCondition": {"TargetListType": "PROFICIENCIES", "Conditions": [condition]}}
found = connect.search_users(**here, SearchCriteria=criteria, MaxResults=500)["Users"]
expect("people by proficiency", [one["Username"] for one in found], ["jane@example.com"])
expect("milliseconds", found[0]["PhoneConfig"]["AfterContactWorkTimeLimit"], 30000)
connect.disassociate_user_proficiencies(**jane, UserProficiencies=[german])
listed = [one for page in connect.get_paginator("list_users").paginate(**here) for one in page["UserSummaryList"]]
expect("users", [one["Username"] for one in listed], ["jane@example.com"])

# Quick connects.
ringing = {"QuickConnectType": "USER", "UserConfig": {"UserId": made["UserId"], "ContactFlowId": "flow"}}
quick = {**here, "QuickConnectId": connect.create_quick_connect(**here, Name="Jane", QuickConnectConfig=ringing)["QuickConnectId"]}
refused("DuplicateResourceException", connect.create_quick_connect, **here, Name="Jane", QuickConnectConfig=ringing)
connect.update_quick_connect_name(**quick, Name="Jane Roe", Description="day shift")
connect.update_quick_connect_config(**quick, QuickConnectConfig=ringing)
expect("a quick connect", connect.describe_quick_connect(**quick)["QuickConnect"]["Description"], "day shift")
expect("by type", len(connect.list_quick_connects(**here, QuickConnectTypes=["USER"])["QuickConnectSummaryList"]), 1)

# A login, and its end.
trust = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
name = f"agents-{connect.meta.region_name}"
iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
right = document({"Effect": "Allow", "Action": "connect:GetFederationToken", "Resource": "*"})
iam.put_role_policy(RoleName=name, PolicyName="federation", PolicyDocument=right)
role = iam.get_role(RoleName=name)["Role"]["Arn"]
session = sts.assume_role(RoleArn=role, RoleSessionName="jane@example.com")["Credentials"]
keys = {
    "aws_access_key_id": session["AccessKeyId"],
    "aws_secret_access_key": session["SecretAccessKey"],
    "aws_session_token": session["SessionToken"],
}
own = client("connect", connect.meta.region_name, **keys)
expect("a login", own.get_federation_token(**here)["UserId"], made["UserId"])
refused("AccessDeniedException", own.describe_user, **jane)
online = lambda: len(connect.get_current_user_data(**here, Filters={"Agents": [made["UserId"]]})["UserDataList"])
expect("signed in", online(), 1)
connect.delete_all_entity_sessions(**here, EntityId=made["UserId"], EntityType="USER")
expect("signed out", online(), 0)

# The user goes, the quick connect stays until it is deleted.
connect.delete_user(**jane)
refused("ResourceNotFoundException", connect.delete_user, **jane)
expect("orphans", [one["Name"] for one in connect.search_quick_connects(**here)["QuickConnects"]], ["Jane Roe"])
connect.delete_quick_connect(**quick)
refused("ResourceNotFoundException", connect.describe_quick_connect, **quick)
judge.report()
