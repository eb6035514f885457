"""Microsoft's SDK for Python against the sandbox's Graph: the life of an application and of people, as the SDK's users would write it."""

import asyncio
import base64
import datetime
import hashlib
import json
import os
import sys
import uuid

import httpx
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.serialization import Parsable
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory
from msgraph.generated.application_templates.item.instantiate.instantiate_post_request_body import InstantiatePostRequestBody
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import GetByIdsPostRequestBody
from msgraph.generated.groups.item.transitive_members.graph_user.graph_user_request_builder import GraphUserRequestBuilder
from msgraph.generated.models.app_role import AppRole
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.claims_mapping_policy import ClaimsMappingPolicy
from msgraph.generated.models.group import Group
from msgraph.generated.models.key_credential import KeyCredential
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.on_premises_extension_attributes import OnPremisesExtensionAttributes
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.saml_single_sign_on_settings import SamlSingleSignOnSettings
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.synchronization_job import SynchronizationJob
from msgraph.generated.models.synchronization_secret import SynchronizationSecret
from msgraph.generated.models.synchronization_secret_key_string_value_pair import SynchronizationSecretKeyStringValuePair
from msgraph.generated.models.user import User
from msgraph.generated.models.web_application import WebApplication
from msgraph.generated.service_principals.item.add_token_signing_certificate.add_token_signing_certificate_post_request_body import (
    AddTokenSigningCertificatePostRequestBody,
)
from msgraph.generated.service_principals.item.synchronization.jobs.item.validate_credentials.validate_credentials_post_request_body import (
    ValidateCredentialsPostRequestBody,
)
from msgraph.generated.service_principals.item.synchronization.secrets.secrets_put_request_body import SecretsPutRequestBody

AWS_TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5"
GRAPH = os.environ["CONNECT_SSO_GRAPH_URL"]
problems = []
called = set()

# Properties that answers of the real service carry and the SDK's models lack (recorded).
RECORDED = {"@odata.context", "@odata.nextLink", "createdDateTime", "creationOptions", "members@delta", "@removed"}


class Bearer(AuthenticationProvider):
    """The SDK's own provider sends tokens to https hosts alone."""

    async def authenticate_request(self, request, additional_authentication_context=None):
        request.headers.add("Authorization", f"Bearer {os.environ['CONNECT_SSO_GRAPH_TOKEN']}")


async def note(response):
    called.add(f"{response.request.method} {response.status_code}")


def sdk():
    client = GraphClientFactory.create_with_default_middleware(
        client=httpx.AsyncClient(event_hooks={"response": [note]}), options=options
    )
    adapter = GraphRequestAdapter(Bearer(), client=client)
    adapter.base_url = f"{GRAPH}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def expect(what, actual, wanted):
    if actual != wanted:
        problems.append(f"{what}: {actual!r}, not {wanted!r}")


def check(value, where):
    """What the SDK cannot place lands in additional_data, at any depth."""
    if isinstance(value, list):
        for one in value:
            check(one, where)
    elif isinstance(value, Parsable):
        for name in getattr(value, "additional_data", None) or {}:
            if name not in RECORDED:
                problems.append(f"{where} {type(value).__name__}: unknown property {name}")
        store = getattr(value, "backing_store", None)
        for name, inner in store.enumerate_() if store else []:
            if name != "additional_data":
                check(inner, where)
    return value


async def refused(status, code, call, what):
    try:
        await call
    except ODataError as error:
        expect(f"{what}: status", error.response_status_code, status)
        expect(f"{what}: code", error.error.code, code)
        return error.error
    problems.append(f"{what}: was not refused")


def query(parameters=None, headers=None):
    made = RequestConfiguration(query_parameters=parameters)
    for name, value in (headers or {}).items():
        made.headers.add(name, value)
    return made


async def application_life(graph):
    made = check(
        await graph.application_templates.by_application_template_id(AWS_TEMPLATE).instantiate.post(
            InstantiatePostRequestBody(display_name="Judged")
        ),
        "instantiate",
    )
    application, principal = made.application, made.service_principal
    one = graph.applications.by_application_id(application.id)
    sp = graph.service_principals.by_service_principal_id(principal.id)
    await sp.patch(
        ServicePrincipal(
            preferred_single_sign_on_mode="saml",
            saml_single_sign_on_settings=SamlSingleSignOnSettings(relay_state="https://example.com/"),
        )
    )
    uri = "https://signin.aws.amazon.com/saml#judge"
    role = AppRole(
        id=uuid.uuid4(),
        allowed_member_types=["User"],
        display_name="agents",
        description="agents",
        is_enabled=True,
        value="arn:aws:iam::111122223333:role/a,arn:aws:iam::111122223333:saml-provider/p",
    )
    await one.patch(
        Application(
            identifier_uris=[uri],
            web=WebApplication(redirect_uris=["https://signin.aws.amazon.com/saml"]),
            app_roles=[*application.app_roles, role],
        )
    )
    read = check(await one.get(), "application")
    expect("identifier", read.identifier_uris, [uri])
    expect("role", [str(each.id) for each in read.app_roles if each.value], [str(role.id)])
    owners = await sp.owners.get()
    expect("owners", len(owners.value), 1)
    await certificates(graph, sp)
    await assignments(graph, sp, principal.id, role.id)
    await claims(graph, sp)
    await synchronization(sp)
    await refused(400, "DeletingSamlSpNotAllowed", one.delete(), "delete in SAML mode")
    await one.patch(Application(identifier_uris=[]))
    await one.delete()
    await refused(404, "Request_ResourceNotFound", one.get(), "a deleted application")
    deleted = check(await graph.directory.deleted_items.graph_application.get(), "deletedItems")
    expect("deleted", [each.id for each in deleted.value], [application.id])
    await graph.directory.deleted_items.by_directory_object_id(application.id).restore.post(None)
    await refused(404, "Request_ResourceNotFound", sp.get(), "the principal of a restored application")
    await graph.directory.deleted_items.by_directory_object_id(principal.id).restore.post(None)
    check(await sp.get(), "servicePrincipal")


async def certificates(graph, sp):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
    made = []
    for name in ("CN=one", "CN=two"):
        body = AddTokenSigningCertificatePostRequestBody(display_name=name, end_date_time=end)
        made.append(check(await sp.add_token_signing_certificate.post(body), "certificate"))
    # Binary members are str or bytes, as the SDK's version has it.
    der = made[1].key if isinstance(made[1].key, bytes) else base64.b64decode(made[1].key)
    expect("thumbprint", made[1].thumbprint, hashlib.sha1(der).hexdigest().upper())
    await sp.patch(ServicePrincipal(preferred_token_signing_key_thumbprint=made[1].thumbprint))
    read = await sp.get()
    expect("credentials", (len(read.key_credentials), len(read.password_credentials)), (4, 2))
    keep = [each for each in read.key_credentials if each.display_name == "CN=two"]
    passwords = [each for each in read.password_credentials if each.display_name == "CN=two"]
    spoiled = [KeyCredential(key_id=keep[0].key_id, key=b"eHg="), keep[1]]
    error = await refused(
        400,
        "Request_BadRequest",
        sp.patch(ServicePrincipal(key_credentials=spoiled, password_credentials=passwords)),
        "a kept credential with its key",
    )
    expect("text", "must be sent back with null value" in (error.message if error else ""), True)
    await sp.patch(ServicePrincipal(key_credentials=keep, password_credentials=passwords))
    expect("credentials left", len((await sp.get()).key_credentials), 2)


async def assignments(graph, sp, resource, role):
    user = (await graph.users.get()).value[0]
    body = AppRoleAssignment(principal_id=uuid.UUID(user.id), resource_id=uuid.UUID(resource), app_role_id=role)
    made = check(await sp.app_role_assigned_to.post(body), "assignment")
    await refused(400, "Request_BadRequest", sp.app_role_assigned_to.post(body), "a second assignment")
    mine = await graph.users.by_user_id(user.id).app_role_assignments.get()
    expect("mine", [each.id for each in mine.value], [made.id])
    await sp.app_role_assigned_to.by_app_role_assignment_id(made.id).delete()
    await graph.users.by_user_id(user.id).app_role_assignments.post(body)


async def claims(graph, sp):
    schema = {"Version": 1, "IncludeBasicClaimSet": "true", "ClaimsSchema": []}
    policy = check(
        await graph.policies.claims_mapping_policies.post(
            ClaimsMappingPolicy(
                display_name="judged",
                definition=[json.dumps({"ClaimsMappingPolicy": schema})],
                is_organization_default=False,
            )
        ),
        "policy",
    )
    await sp.claims_mapping_policies.ref.post(
        ReferenceCreate(odata_id=f"{GRAPH}/v1.0/policies/claimsMappingPolicies/{policy.id}")
    )
    expect("claims", [each.id for each in (await sp.claims_mapping_policies.get()).value], [policy.id])
    await sp.claims_mapping_policies.by_claims_mapping_policy_id(policy.id).ref.delete()
    await graph.policies.claims_mapping_policies.by_claims_mapping_policy_id(policy.id).delete()
    check(await graph.policies.default_app_management_policy.get(), "app management policy")


async def synchronization(sp):
    templates = check(await sp.synchronization.templates.get(), "templates")
    expect("template", [each.id for each in templates.value], ["aws"])
    job = check(await sp.synchronization.jobs.post(SynchronizationJob(template_id="aws")), "job")
    pairs = [
        SynchronizationSecretKeyStringValuePair(key=SynchronizationSecret.ClientSecret, value="AKIAX"),
        SynchronizationSecretKeyStringValuePair(key=SynchronizationSecret.SecretToken, value="wrong"),
    ]
    await refused(
        400,
        "AmazonWebServicesInvalidCredentials",
        sp.synchronization.jobs.by_synchronization_job_id(job.id).validate_credentials.post(
            ValidateCredentialsPostRequestBody(credentials=pairs)
        ),
        "credentials that AWS does not know",
    )
    await sp.synchronization.secrets.put(SecretsPutRequestBody(value=pairs))
    await sp.synchronization.jobs.by_synchronization_job_id(job.id).start.post()
    running = check(await sp.synchronization.jobs.by_synchronization_job_id(job.id).get(), "running job")
    expect("schedule", running.schedule.state.value, "Active")


async def people(graph):
    user = check(
        await graph.users.post(
            User(
                account_enabled=True,
                display_name="New Person",
                mail_nickname="new",
                user_principal_name="new@example.com",
                department="Sales",
                on_premises_extension_attributes=OnPremisesExtensionAttributes(extension_attribute7="Level 2"),
                password_profile=PasswordProfile(password="irrelevant", force_change_password_next_sign_in=True),
            )
        ),
        "user",
    )
    groups = [
        check(
            await graph.groups.post(
                Group(display_name=name, mail_nickname=name, mail_enabled=False, security_enabled=True)
            ),
            "group",
        )
        for name in ("inner-judged", "outer-judged")
    ]
    inner, outer = (graph.groups.by_group_id(each.id) for each in groups)
    delta = check(await graph.groups.delta.get(), "delta")
    while delta.odata_next_link:
        delta = await graph.groups.delta.with_url(delta.odata_next_link).get()
    for group, member in ((inner, user.id), (outer, groups[0].id)):
        await group.members.ref.post(ReferenceCreate(odata_id=f"{GRAPH}/v1.0/directoryObjects/{member}"))
    error = await refused(
        400,
        "Request_BadRequest",
        inner.members.ref.post(ReferenceCreate(odata_id=f"{GRAPH}/v1.0/directoryObjects/{user.id}")),
        "a member twice",
    )
    expect("text", "already exist" in (error.message if error else ""), True)
    wanted = GraphUserRequestBuilder.GraphUserRequestBuilderGetQueryParameters(
        select=["id", "department", "onPremisesExtensionAttributes"], count=True
    )
    found = check(await outer.transitive_members.graph_user.get(query(wanted, {"ConsistencyLevel": "eventual"})), "members")
    expect("count", found.odata_count, 1)
    expect(
        "attributes",
        [(each.id, each.department, each.on_premises_extension_attributes.extension_attribute7) for each in found.value],
        [(user.id, "Sales", "Level 2")],
    )
    counted = await outer.transitive_members.count.get(query(headers={"ConsistencyLevel": "eventual"}))
    expect("$count", counted, 2)
    member_of = await graph.users.by_user_id(user.id).transitive_member_of.graph_group.get()
    expect("memberOf", {each.id for each in member_of.value}, {each.id for each in groups})
    changed = check(await graph.groups.delta.with_url(delta.odata_delta_link).get(), "delta")
    members = {each.id: [str(one["id"]) for one in each.additional_data["members@delta"]] for each in changed.value}
    expect("members@delta", members, {groups[0].id: [user.id], groups[1].id: [groups[0].id]})
    await graph.users.by_user_id(user.id).patch(User(account_enabled=False))
    await graph.users.by_user_id(user.id).delete()
    gone = await graph.groups.delta.with_url(changed.odata_delta_link).get()
    expect("left", [each.additional_data["members@delta"][0]["@removed"] for each in gone.value], [{"reason": "deleted"}])
    deleted = check(await graph.directory.deleted_items.graph_user.get(), "deleted users")
    expect("deleted user", [each.id for each in deleted.value], [user.id])
    await graph.directory.deleted_items.by_directory_object_id(user.id).restore.post(None)
    back = await inner.members.get()
    expect("restored member", [each.id for each in back.value], [user.id])
    await refused(404, "Request_ResourceNotFound", graph.users.by_user_id(user.id).manager.get(), "no manager")
    await inner.members.by_directory_object_id(user.id).ref.delete()
    await outer.delete()
    found = check(await graph.directory_objects.get_by_ids.post(GetByIdsPostRequestBody(ids=[user.id])), "getByIds")
    expect("getByIds", [type(each).__name__ for each in found.value], ["User"])
    check(await graph.organization.get(), "organization")
    check(await graph.domains.get(), "domains")
    await refused(400, "Request_BadRequest", graph.me.get(), "/me")


async def main():
    graph = sdk()
    await application_life(graph)
    await people(graph)
    json.dump({"problems": problems, "called": sorted(called)}, sys.stdout)


asyncio.run(main())
