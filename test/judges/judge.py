"""What the judges share: clients of boto3 from the environment, a record of what was called, refusals by code."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from model import departures

called = set()
problems = []


def client(service, region=None, **credentials):
    """A client that the environment alone points at the sandbox; each answer is held against botocore's model."""
    made = boto3.client(service, region_name=region, config=Config(retries={"total_max_attempts": 1}), **credentials)

    def judge(http_response, parsed, model, **_):
        called.add(f"{service}:{model.name}")
        if http_response.status_code < 300:
            problems.extend(departures(model, http_response))

    made.meta.events.register(f"after-call.{service}", judge)
    return made


def expect(what, actual, wanted):
    if actual != wanted:
        problems.append(f"{what}: {actual!r}, not {wanted!r}")


def refused(code, call, **arguments):
    """The call ends with this error code, as botocore reads it."""
    try:
        call(**arguments)
    except ClientError as error:
        expect(f"{call.__name__} {arguments}", error.response["Error"]["Code"], code)
        return error
    problems.append(f"{call.__name__} {arguments} was not refused with {code}")


def document(*statements, version="2012-10-17"):
    return json.dumps({"Version": version, "Statement": list(statements)})


def report():
    json.dump({"called": sorted(called), "problems": problems}, sys.stdout)
