/** Operations on provisioning: templates, jobs and secrets of a service principal. */
import { contextOf, many, one } from "./answers.ts";
import type { Tenant } from "./context.ts";
import { objectId } from "./directory.ts";
import { badRequest, forbidden, GraphError, notFound } from "./error.ts";
import { type Body, type Call, NO_CONTENT, type Router } from "./router.ts";
import type { ServicePrincipal } from "./shapes.ts";
import { AWS_TEMPLATE_ID } from "./templates.ts";

const ROOT = "/servicePrincipals/{id}/synchronization";

export function addSynchronizationRoutes(router: Router, tenant: Tenant): void {
  const sync = tenant.synchronization;
  const refused = new Map<string, number>();
  const idOf = (call: Call) => known(tenant, refused, provisioned(tenant, call.ids[0]!)).id;
  const context = (call: Call, what: string) => `servicePrincipals('${idOf(call)}')/synchronization/${what}`;
  const templatesOf = (call: Call): Body[] =>
    provisioned(tenant, idOf(call)).applicationTemplateId === AWS_TEMPLATE_ID ? [TEMPLATE] : [];

  router.add("GET", ROOT, (call) =>
    one(call, "synchronization", { id: idOf(call), secrets: sync.secrets(idOf(call)) }),
  );
  router.add("GET", `${ROOT}/templates`, (call) =>
    many(call, context(call, "templates"), { rows: () => templatesOf(call) }),
  );
  router.add("GET", `${ROOT}/templates/{template}`, (call) => {
    const template = templatesOf(call).find(({ id }) => id === call.ids[1]);
    if (!template) throw notFound(call.ids[1]!);
    return one(call, context(call, "templates"), template);
  });
  router.add("GET", `${ROOT}/jobs`, (call) => many(call, context(call, "jobs"), { rows: () => sync.jobs(idOf(call)) }));
  router.add("POST", `${ROOT}/jobs`, (call) => {
    const principalId = idOf(call);
    if (templatesOf(call).length === 0) throw badRequest("The application does not support provisioning.");
    const job = sync.create(principalId, call.body.templateId);
    return { status: 201, body: { "@odata.context": contextOf(call, `${context(call, "jobs")}/$entity`), ...job } };
  });
  router.add("POST", `${ROOT}/jobs/validateCredentials`, (call) => {
    sync.validate(idOf(call), call.body);
    return NO_CONTENT;
  });
  router.add("GET", `${ROOT}/jobs/{job}`, (call) =>
    one(call, context(call, "jobs"), sync.job(idOf(call), call.ids[1]!)),
  );
  router.add("DELETE", `${ROOT}/jobs/{job}`, (call) => {
    sync.remove(idOf(call), call.ids[1]!);
    return NO_CONTENT;
  });
  const job = (verb: string, run: (principalId: string, jobId: string, body: Body) => void) =>
    router.add("POST", `${ROOT}/jobs/{job}/${verb}`, (call) => {
      run(idOf(call), call.ids[1]!, call.body);
      return NO_CONTENT;
    });
  job("start", (principalId, jobId) => sync.start(principalId, jobId));
  job("pause", (principalId, jobId) => sync.pause(principalId, jobId));
  job("restart", (principalId, jobId, body) =>
    sync.restart(principalId, jobId, (body.criteria as Body | undefined)?.resetScope),
  );
  job("validateCredentials", (principalId, jobId, body) => {
    sync.job(principalId, jobId);
    sync.validate(principalId, body);
  });
  router.add("GET", `${ROOT}/jobs/{job}/schema`, (call) => {
    const { id } = sync.job(idOf(call), call.ids[1]!);
    return one(call, context(call, `jobs('${id}')/schema`), { id, version: null, synchronizationRules: [] });
  });
  // Role import knows no users or groups that could be provisioned one by one.
  router.add("POST", `${ROOT}/jobs/{job}/provisionOnDemand`, (call) => {
    sync.job(idOf(call), call.ids[1]!);
    if (!Array.isArray(call.body.parameters)) throw badRequest("The parameters are required.");
    return {
      status: 200,
      body: {
        "@odata.context": contextOf(call, "microsoft.graph.stringKeyStringValuePair"),
        key: "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo",
        value: JSON.stringify([
          { provisioningSteps: [], sourceIdentity: null, modifiedProperties: [], status: "skipped" },
        ]),
      },
    };
  });
  router.add("GET", `${ROOT}/secrets`, (call) => {
    if (tenant.host.behaviour.open.readSynchronizationSecrets === "forbidden") throw forbidden();
    return many(call, context(call, "secrets"), { rows: () => sync.secrets(idOf(call)), idOf: ({ key }) => key });
  });
  router.add("PUT", `${ROOT}/secrets`, (call) => {
    sync.putSecrets(idOf(call), call.body.value);
    return NO_CONTENT;
  });
}

/** Until provisioning knows a new service principal it refuses every call, with the words for a missing permission. */
function provisioned({ directory }: Tenant, key: string): ServicePrincipal {
  const id = objectId(directory, "servicePrincipal", key);
  const principal = directory.servicePrincipals.read(id);
  if (principal) return principal;
  if (!directory.servicePrincipals.get(id)) throw notFound(key);
  throw forbidden();
}

const FIRST_MINUTE_MS = 60_000;

/** Where provisioning learns late of a service principal: 403 and 409 in turn for a minute. */
function known({ host }: Tenant, refused: Map<string, number>, principal: ServicePrincipal): ServicePrincipal {
  const age = host.clock.now().getTime() - Date.parse(String(principal.createdDateTime));
  if (host.behaviour.open.provisioningKnowsPrincipal === "atOnce" || age >= FIRST_MINUTE_MS) return principal;
  const count = refused.get(principal.id) ?? 0;
  refused.set(principal.id, count + 1);
  if (count % 2 === 0) throw forbidden();
  throw new GraphError(409, "Conflict", "The service principal is being provisioned. Please retry later.");
}

const TEMPLATE = {
  id: "aws",
  applicationId: "00000000-0000-0000-0000-000000000000",
  default: true,
  description: null,
  discoverable: true,
  factoryTag: "aws",
  metadata: [],
};
