"""Deploys a CloudFormation template into moto's AWS, once for each set of parameters on standard input, and prints what IAM then holds.

Input: {"template": path, "stacks": [{name: value}]}. Output: a list of {"policies": {logical id: document}, "trust", "names", "outputs"}.
"""

import json
import os
import sys

import boto3
from moto import mock_aws
from moto.cloudformation import parsing

os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1", MOTO_ACCOUNT_ID="111122223333")


clean_json = parsing.clean_json


def without_no_value(*args):
    """moto leaves None where AWS::NoValue stands in a nested list; CloudFormation leaves the element out."""
    value = clean_json(*args)
    return [one for one in value if one is not None] if isinstance(value, list) else value


parsing.clean_json = without_no_value


def document(iam, arn):
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


@mock_aws
def deploy(template, stacks):
    cloudformation, iam = boto3.client("cloudformation"), boto3.client("iam")
    for cluster in {one["EksClusterArn"].split("/")[1] for one in stacks if "EksClusterArn" in one}:
        boto3.client("eks").create_cluster(name=cluster, roleArn="arn:aws:iam::111122223333:role/eks", resourcesVpcConfig={})
    found = []
    for index, parameters in enumerate(stacks):
        name = f"connect-sso-{index}"
        values = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        cloudformation.create_stack(StackName=name, TemplateBody=template, Parameters=values, Capabilities=["CAPABILITY_IAM"])
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        role = outputs["ControllerRoleArn"].split("/")[-1]
        resources = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
        physical = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
        found.append(
            {
                "outputs": outputs,
                # moto has no id for what it does not know, such as an association.
                "names": [one for one in physical.values() if one],
                "policies": {key: document(iam, value) for key, value in physical.items() if ":policy/" in value},
                "trust": iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
            }
        )
    return found


request = json.load(sys.stdin)
with open(request["template"], encoding="utf-8") as file:
    print(json.dumps(deploy(file.read(), request["stacks"]), default=str))
