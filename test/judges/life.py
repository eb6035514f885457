"""A person's life, judged from outside: what both clouds hold after a step, read by boto3 and plain Graph, against what is declared.

Arguments: the instance, and what is declared as JSON:
{"people": [{"objectId", "username", "application" (display name, null for no access), "profiles", "signedIn",
and, where they are to be compared, "id" (of the Connect user), "persona" and "role" (its tags)}]}
With "login NAME" instead of the JSON it signs in as that Connect user, with "sign-in ROLE PROVIDER METADATA RESPONSE ID" as
a browser does: with a SAML response, which that metadata trusts, for that role and provider, as the Connect user of that id.
"""

import datetime
import email.utils
import json
import os
import sys
import urllib.error
import urllib.request

import botocore.auth

import judge
from judge import client, document, expect

instance, *rest = sys.argv[1:]
here = {"InstanceId": instance}
connect = client("connect")
iam = client("iam")
sts = client("sts")


def cloud_time(remove_tzinfo=True):
    """The sandbox's clock, which a test runs at its own pace: what is signed must carry it."""
    try:
        headers = urllib.request.urlopen(f"{os.environ['CONNECT_SSO_GRAPH_URL']}/v1.0/users/delta?%24deltatoken=latest").headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    now = email.utils.parsedate_to_datetime(headers["date"])
    return now.replace(tzinfo=None) if remove_tzinfo else now.astimezone(datetime.timezone.utc)


botocore.auth.get_current_datetime = cloud_time


def graph(path):
    """Every row of a list of Graph."""
    url = f"{os.environ['CONNECT_SSO_GRAPH_URL']}/v1.0{path}"
    rows = []
    while url:
        request = urllib.request.Request(url, headers={"authorization": f"Bearer {os.environ['CONNECT_SSO_GRAPH_TOKEN']}"})
        with urllib.request.urlopen(request) as response:
            page = json.load(response)
        rows += page["value"]
        url = page.get("@odata.nextLink")
    return rows


def login(name):
    """A session of Connect, by a role of the administrator that may sign in as anybody."""
    trust = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    if "judge" not in [one["RoleName"] for one in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName="judge", AssumeRolePolicyDocument=trust)
        right = document({"Effect": "Allow", "Action": "connect:GetFederationToken", "Resource": "*"})
        iam.put_role_policy(RoleName="judge", PolicyName="federation", PolicyDocument=right)
    role = iam.get_role(RoleName="judge")["Role"]["Arn"]
    federate(sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"])


def sign_in(role, provider, metadata, response, user):
    """The provider trusts the response for this moment only."""
    before = iam.get_saml_provider(SAMLProviderArn=provider)["SAMLMetadataDocument"]
    iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=metadata)
    session = sts.assume_role_with_saml(RoleArn=role, PrincipalArn=provider, SAMLAssertion=response)
    iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=before)
    expect("Connect user of the sign-in", federate(session["Credentials"])["UserId"], user)


def federate(keys):
    own = client(
        "connect",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    return own.get_federation_token(**here)


def users():
    """Every Connect user, described."""
    pages = connect.get_paginator("list_users").paginate(**here)
    ids = [one["Id"] for page in pages for one in page["UserSummaryList"]]
    return [connect.describe_user(**here, UserId=one)["User"] for one in ids]


def signed_in(ids):
    if not ids:
        return set()
    return {one["User"]["Id"] for one in connect.get_current_user_data(**here, Filters={"Agents": ids})["UserDataList"]}


def check(people):
    found = users()
    profiles = {one["Id"]: one["Name"] for one in connect.list_security_profiles(**here)["SecurityProfileSummaryList"]}
    online = signed_in([one["Id"] for one in found])
    of = lambda tag, value: [one for one in found if one.get("Tags", {}).get(tag) == value]
    for person in people:
        name = person["username"]
        hers = {one["Id"]: one for one in of("connectsso.dev/entra-object-id", person["objectId"])}
        hers |= {one["Id"]: one for one in found if one["Username"] == name}
        expect(f"Connect users of {name}", sorted(one["Username"] for one in hers.values()), [name])
        for one in hers.values():
            granted = sorted(profiles[profile] for profile in one["SecurityProfileIds"])
            expect(f"security profiles of {name}", granted, sorted(person["profiles"]))
            expect(f"{name} signed in", one["Id"] in online, person["signedIn"])
            expect(f"id of {name}", one["Id"], person.get("id", one["Id"]))
            for tag in ("persona", "role"):
                found_tag = one["Tags"].get(f"connectsso.dev/{tag}")
                expect(f"tag {tag} of {name}", found_tag, person.get(tag, found_tag))
    expect("sessions of users who are gone", sorted(online - {one["Id"] for one in found}), [])
    expect("Connect users in all", sorted(one["Username"] for one in found), sorted(one["username"] for one in people))

    declared = sorted((one["application"], one["objectId"]) for one in people if one["application"])
    assigned = []
    for principal in graph("/servicePrincipals?$select=id,displayName"):
        for one in graph(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"):
            assigned.append((principal["displayName"], one["principalId"]))
    expect("role assignments", sorted(assigned), declared)

    ids = {one["Id"] for one in found}
    for page in connect.get_paginator("search_quick_connects").paginate(**here):
        for one in page["QuickConnects"]:
            config = one["QuickConnectConfig"]
            if config["QuickConnectType"] == "USER" and config["UserConfig"]["UserId"] not in ids:
                judge.problems.append(f"quick connect {one['Name']} rings no one")


if rest[0] == "login":
    login(rest[1])
elif rest[0] == "sign-in":
    sign_in(*rest[1:])
else:
    check(json.loads(rest[0])["people"])
judge.report()
