"""The AWS CLI against the sandbox: the documented examples of Connect with ids of this world, in two regions, and its exit codes."""

import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver

instance, managed, second, region = sys.argv[1:5]
problems = []


def aws(*arguments, code=0):
    """What the command prints, parsed; `code` is how it must end."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        ended = create_clidriver().main([*arguments, "--output", "json"])
    if ended != code:
        problems.append(f"aws {' '.join(arguments)} ended with {ended}: {err.getvalue().strip()}")
    return json.loads(out.getvalue() or "null"), err.getvalue()


def expect(what, actual, wanted):
    if actual != wanted:
        problems.append(f"{what}: {actual!r}, not {wanted!r}")


expect("the caller", aws("sts", "get-caller-identity")[0]["Arn"].endswith("user/sandbox-administrator"), True)
expect("roles", aws("iam", "list-roles")[0]["Roles"], [])
_, said = aws("iam", "get-role", "--role-name", "nobody", code=255)
expect("a refusal", "(NoSuchEntity) when calling the GetRole operation" in said, True)

here = ("--instance-id", managed)
profiles = aws("connect", "list-security-profiles", *here)[0]["SecurityProfileSummaryList"]
routing = aws("connect", "list-routing-profiles", *here)[0]["RoutingProfileSummaryList"][0]["Id"]
groups = aws("connect", "list-user-hierarchy-groups", *here)[0]["UserHierarchyGroupSummaryList"]
made, _ = aws(
    *("connect", "create-user", "--username", "Mary", "--password", "Pass@Word1"),
    *("--identity-info", "FirstName=Mary,LastName=Major"),
    *("--phone-config", "PhoneType=DESK_PHONE,AutoAccept=true,AfterContactWorkTimeLimit=60,DeskPhoneNumber=+15555551212"),
    *("--security-profile-id", profiles[0]["Id"], "--routing-profile-id", routing, *here),
)
mary = ("--user-id", made["UserId"], *here)
aws("connect", "update-user-hierarchy", "--hierarchy-group-id", groups[0]["Id"], *mary)
aws("connect", "update-user-identity-info", "--identity-info", "FirstName=Mary,LastName=Major,Email=marym@example.com", *mary)
phone = "PhoneType=SOFT_PHONE,AutoAccept=false,AfterContactWorkTimeLimit=60,DeskPhoneNumber=+18005551212"
aws("connect", "update-user-phone-config", "--phone-config", phone, *mary)
aws("connect", "update-user-routing-profile", "--routing-profile-id", routing, *mary)
aws("connect", "update-user-security-profiles", "--security-profile-ids", profiles[-1]["Id"], *mary)
shown = aws("connect", "describe-user", *mary)[0]["User"]
expect("the user", [shown["IdentityInfo"]["Email"], shown["PhoneConfig"]["PhoneType"]], ["marym@example.com", "SOFT_PHONE"])
aws("connect", "describe-user-hierarchy-group", "--hierarchy-group-id", groups[0]["Id"], *here)
aws("connect", "describe-user-hierarchy-structure", *here)
expect("users", [one["Username"] for one in aws("connect", "list-users", *here)[0]["UserSummaryList"]], ["Mary"])
aws("connect", "delete-user", *mary)
_, said = aws("connect", "describe-user", *mary, code=255)
expect("a refusal of Connect", "(ResourceNotFoundException)" in said, True)

# Another region, by option and by the environment.
away, _ = aws("connect", "list-instances", "--region", region)
expect("instances of the other region", [one["Id"] for one in away["InstanceSummaryList"]], [second])
home, _ = aws("connect", "list-instances")
expect("instances of the environment's region", sorted(one["Id"] for one in home["InstanceSummaryList"]), sorted([instance, managed]))
json.dump({"problems": problems}, sys.stdout)
