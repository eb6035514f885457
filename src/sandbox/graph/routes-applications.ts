/** Operations on templates, applications, service principals, owners and deleted items. */
import { contextOf, count, created, many, one } from "./answers.ts";
import { createApplication, patchApplication } from "./applications.ts";
import { addAssignmentRoutes } from "./assignments.ts";
import { application, applications, directoryObject, principal, servicePrincipals, type Tenant } from "./context.ts";
import { addTokenSigningCertificate } from "./credentials.ts";
import {
  checkQuota,
  deleteApplication,
  deletedItem,
  deletedItems,
  deletedView,
  deletePrincipal,
  purge,
  restore,
  restoredView,
} from "./deletion.ts";
import { delta } from "./delta.ts";
import { changeable, objectId } from "./directory.ts";
import { badRequest, GraphError, notFound, referenceAbsent, referenceExists, unknownSegment } from "./error.ts";
import { createPrincipal, patchPrincipal, withoutKeys } from "./principals.ts";
import { type Answer, type Call, NO_CONTENT, type Router, referencedId } from "./router.ts";
import { instantiated } from "./shapes.ts";
import { TEMPLATES, templateView } from "./templates.ts";
import { CALLER } from "./token.ts";

export function addApplicationRoutes(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  const { id: tenantId } = directory.tenant;
  addTemplates(router, tenant);
  router.add("GET", "/applications", (call) => many(call, "applications", applications(tenant)), 2);
  router.add("POST", "/applications", (call) =>
    created(call, "applications", withoutKeys(createApplication(directory, host, call.body)), tenantId, "Application"),
  );
  router.add("GET", "/applications/$count", (call) => count(call, applications(tenant)), 2);
  router.add(
    "GET",
    "/applications/delta",
    (call) => delta(call, host, "applications", directory.applications, withoutKeys),
    2,
  );
  router.add(
    "GET",
    "/applications/{id}",
    (call) => one(call, "applications", shown(call, application(tenant, call.ids[0]!))),
    2,
  );
  router.add("PATCH", "/applications/{id}", (call) => upsertApplication(tenant, call));
  router.add("DELETE", "/applications/{id}", (call) => {
    const old = changeable(directory.applications, objectId(directory, "application", call.ids[0]!));
    deleteApplication(directory, host, old);
    return NO_CONTENT;
  });
  router.add("GET", "/servicePrincipals", (call) => many(call, "servicePrincipals", servicePrincipals(tenant)));
  router.add("POST", "/servicePrincipals", (call) =>
    created(call, "servicePrincipals", createPrincipal(directory, host, call.body), tenantId, "ServicePrincipal"),
  );
  router.add("GET", "/servicePrincipals/$count", (call) => count(call, servicePrincipals(tenant)));
  router.add("GET", "/servicePrincipals/delta", (call) =>
    delta(call, host, "servicePrincipals", directory.servicePrincipals, withoutKeys),
  );
  router.add("GET", "/servicePrincipals/{id}", (call) =>
    one(call, "servicePrincipals", shown(call, principal(tenant, call.ids[0]!))),
  );
  const changeablePrincipal = (key: string) =>
    changeable(directory.servicePrincipals, objectId(directory, "servicePrincipal", key));
  router.add("PATCH", "/servicePrincipals/{id}", (call) => {
    patchPrincipal(directory, host, changeablePrincipal(call.ids[0]!), call.body);
    return NO_CONTENT;
  });
  router.add("DELETE", "/servicePrincipals/{id}", (call) => {
    deletePrincipal(directory, changeablePrincipal(call.ids[0]!), host.clock.now());
    return NO_CONTENT;
  });
  router.add("POST", "/servicePrincipals/{id}/addTokenSigningCertificate", async (call) => {
    // Absent from the service descriptions of all national clouds.
    if ((directory.tenant.cloud ?? "Global") !== "Global") throw unknownSegment("addTokenSigningCertificate");
    return {
      status: 200,
      headers: { location: "https://graph.microsoft.com" },
      body: {
        "@odata.context": contextOf(call, "microsoft.graph.selfSignedCertificate"),
        ...(await addTokenSigningCertificate(directory, host, principal(tenant, call.ids[0]!).id, call.body)),
      },
    };
  });
  addOwners(router, tenant, "applications");
  addOwners(router, tenant, "servicePrincipals");
  addAssignmentRoutes(router, tenant);
  addDeletedItems(router, tenant);
}

/** With the public keys when they are asked for by name, and in beta with the properties that v1.0 lacks. */
function shown<T extends { keyCredentials: { key: string | null }[] }>(call: Call, object: T): T {
  const fields = call.query.get("$select")?.split(",") ?? [];
  const keyed = fields.some((field) => field.trim() === "keyCredentials") ? object : withoutKeys(object);
  return call.version === "beta" ? { oauth2RequirePostResponse: false, samlMetadataUrl: null, ...keyed } : keyed;
}

/** By uniqueName, and with the right Prefer header, a PATCH creates what is missing: a plain application, no gallery one. */
function upsertApplication({ directory, host }: Tenant, call: Call): Answer {
  const key = call.ids[0]!;
  const [, uniqueName] = /^uniqueName='(.*)'$/s.exec(key) ?? [];
  if (uniqueName !== undefined && /create-if-missing/.test(call.headers.prefer ?? "")) {
    const known = [...directory.applications.values()].some((one) => one.uniqueName === uniqueName);
    if (!known) {
      const application = createApplication(directory, host, { ...call.body, uniqueName });
      return created(call, "applications", application, directory.tenant.id, "Application");
    }
  }
  const old = changeable(directory.applications, objectId(directory, "application", key));
  patchApplication(directory, host, old, call.body);
  return NO_CONTENT;
}

/** The caller owns it at once; when lists show that is open. */
function ownedLater({ directory, host }: Tenant, id: string): void {
  directory.owners.set(id, [CALLER]);
  if (host.behaviour.open.ownersShow === "afterOneMinute")
    directory.ownersHidden.set(id, host.clock.now().getTime() + 60_000);
}

function addTemplates(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  router.add("GET", "/applicationTemplates", (call) =>
    many(call, "applicationTemplates", {
      rows: () => TEMPLATES.map(templateView),
      filter: { resource: "ApplicationTemplate", properties: new Set(["displayName", "categories"]), contains: true },
    }),
  );
  const templateOf = (id: string) => {
    const template = TEMPLATES.find((one) => one.id === id.toLowerCase());
    if (!template) throw notFound(id);
    return template;
  };
  router.add("GET", "/applicationTemplates/{id}", (call) =>
    one(call, "applicationTemplates", templateView(templateOf(call.ids[0]!))),
  );
  router.add("POST", "/applicationTemplates/{id}/instantiate", (call) => {
    const template = templateOf(call.ids[0]!);
    const displayName = call.body.displayName;
    if (typeof displayName !== "string" || displayName === "") throw badRequest("The displayName is required.");
    checkQuota(directory, 2);
    const home = { id: directory.tenant.id, domain: directory.tenant.verifiedDomains[0] ?? "" };
    const made = instantiated(template, displayName, home, host.clock.now());
    directory.applications.set(made.application);
    directory.servicePrincipals.set(made.servicePrincipal);
    directory.applicationByAppId.set(made.application.appId, made.application.id);
    directory.principalByAppId.set(made.application.appId, made.servicePrincipal.id);
    if (host.behaviour.instantiateOwner) for (const { id } of Object.values(made)) ownedLater(tenant, id);
    return {
      status: 201,
      headers: { location: "https://graph.microsoft.com" },
      body: { "@odata.context": contextOf(call, "microsoft.graph.applicationServicePrincipal"), ...made },
    };
  });
}

function addOwners(router: Router, tenant: Tenant, set: "applications" | "servicePrincipals"): void {
  const { owners, ownersHidden } = tenant.directory;
  const visible = (id: string) =>
    (ownersHidden.get(id) ?? 0) > tenant.host.clock.now().getTime() ? [] : (owners.get(id) ?? []);
  const idOf = (call: Call) => (set === "applications" ? application : principal)(tenant, call.ids[0]!).id;
  router.add("GET", `/${set}/{id}/owners`, (call) => {
    const id = idOf(call);
    return many(call, "directoryObjects", {
      rows: () =>
        visible(id).map(
          (owner) =>
            directoryObject(tenant, owner) ?? {
              "@odata.type": "#microsoft.graph.servicePrincipal",
              id: owner,
              displayName: "sandbox caller",
            },
        ),
    });
  });
  router.add("POST", `/${set}/{id}/owners/$ref`, (call) => {
    const id = idOf(call);
    const owner = referencedId(call.body);
    if (owner !== CALLER && !directoryObject(tenant, owner)) throw notFound(owner);
    const present = owners.get(id) ?? [];
    if (present.includes(owner)) throw referenceExists("owners");
    owners.set(id, [...present, owner]);
    return NO_CONTENT;
  });
  router.add("DELETE", `/${set}/{id}/owners/{owner}/$ref`, (call) => {
    const id = idOf(call);
    const present = owners.get(id) ?? [];
    if (!present.includes(call.ids[1]!)) throw referenceAbsent(tenant.host, "owners", call.ids[1]!);
    owners.set(
      id,
      present.filter((owner) => owner !== call.ids[1]),
    );
    return NO_CONTENT;
  });
}

function addDeletedItems(router: Router, { directory, host }: Tenant): void {
  for (const [type, set] of [
    ["application", "applications"],
    ["servicePrincipal", "servicePrincipals"],
    ["group", "groups"],
    ["user", "users"],
  ] as const) {
    router.add("GET", `/directory/deletedItems/microsoft.graph.${type}`, (call) =>
      many(call, set, {
        rows: () =>
          deletedItems(directory, host)
            .filter((item) => item.type === type)
            .map(deletedView),
        filter: {
          resource: "DirectoryObject",
          properties: new Set(["id", "displayName", "appId", "userPrincipalName"]),
        },
      }),
    );
  }
  router.add("GET", "/directory/deletedItems/{id}", (call) => {
    const item = deletedItem(directory, host, call.ids[0]!);
    return one(call, "directoryObjects", { "@odata.type": `#microsoft.graph.${item.type}`, ...deletedView(item) });
  });
  router.add("DELETE", "/directory/deletedItems/{id}", (call) => {
    purge(directory, host, call.ids[0]!);
    return NO_CONTENT;
  });
  router.add("POST", "/directory/deletedItems/{id}/restore", (call) => {
    const item = restore(directory, host, call.ids[0]!);
    return one(call, "directoryObjects", { "@odata.type": `#microsoft.graph.${item.type}`, ...restoredView(item) });
  });
  router.add("GET", "/directory/deletedItems", () => {
    throw new GraphError(400, "Request_BadRequest", "The type of the deleted objects is required.");
  });
}
