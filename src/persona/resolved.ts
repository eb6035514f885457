/** What a pass resolved, for the status: ids, ARNs, addresses, certificate, key and job, and which rotations were made. */

import { ANNOTATIONS, type ConnectSsoPersonaStatus, requestName } from "../api/resources.ts";
import { isoSeconds } from "../domain/duration.ts";
import { describeCertificate } from "../domain/metadata.ts";
import { ROTATED_FOR_TAG as KEY_ROTATED_FOR, keysOf, rotationStep } from "./access-keys.ts";
import { ROTATED_FOR_TAG as CERTIFICATE_ROTATED_FOR } from "./certificates.ts";
import { type PersonaScope, requestMark } from "./scope.ts";
import type { SeenAssignments, SeenRole } from "./seen.ts";

type Status = ConnectSsoPersonaStatus;

export function resolved(scope: PersonaScope): Partial<Status> {
  const { seen, names, graph, object } = scope;
  const { application, certificate, provisioning } = seen;
  const old = object.status ?? {};
  const provisioned = scope.spec.roleDelivery.mode === "Provisioning";
  const key = provisioning && keysOf(scope, provisioning).active;
  const used = key && provisioning?.lastUsedAt;
  const active = certificate?.active;
  const appId = application?.application?.appId ?? old.appId;
  // Users read these together: another role is not shown before it is known which of them are bound to the one before.
  const roleArn = seen.role || !old.roleArn ? names.roleArn : old.roleArn;
  const before = roleArn === (old.roleArn ?? roleArn) ? old.appRoleId : undefined;
  const role = seen["role-delivery"] ? seen["role-delivery"].appRoleId : before;
  const waits = provisioned && seen["role-delivery"] && !role;
  return {
    owner: scope.owner,
    identifier: application?.identifier ?? old.identifier,
    tenantId: graph.tenantId,
    applicationId: application?.application?.id ?? old.applicationId,
    appId,
    servicePrincipalId: application?.servicePrincipal?.id ?? old.servicePrincipalId,
    appRoleId: role,
    federationPolicyArn: names.federationPolicyArn,
    listingPolicyArn: provisioned ? names.listingPolicyArn : undefined,
    samlProviderArn: names.samlProviderArn,
    roleArn,
    formerRoles: seen.role ? formerOf(seen.role) : old.formerRoles,
    iamUserArn: provisioned ? names.userArn : undefined,
    groups: seen.assignments ? pins(seen.assignments.wanted) : old.groups,
    relayState: scope.relayState,
    userAccessUrl: appId ? graph.userAccessUrl(appId) : undefined,
    certificate: active
      ? {
          thumbprint: active.thumbprint,
          fingerprint: describeCertificate(active.key).fingerprintSha256,
          expirationTime: isoSeconds(new Date(active.notAfter)),
          rotatingTo: certificate?.next?.thumbprint,
        }
      : old.certificate,
    accessKey: key
      ? {
          lastFour: key.id.slice(-4),
          creationTime: isoSeconds(key.createdAt),
          lastUsedTime: used && isoSeconds(used),
          rotation: provisioning && rotationStep(scope, provisioning),
        }
      : provisioned
        ? old.accessKey
        : undefined,
    syncJob: provisioning?.job
      ? {
          id: provisioning.job.id,
          state: provisioning.job.status,
          lastSuccessTime: provisioning.job.lastSuccessfulExecutionAt,
          quarantineReason: provisioning.job.quarantine?.reason,
        }
      : provisioned && !provisioning
        ? old.syncJob
        : undefined,
    roleImportWaitingSince: !seen["role-delivery"]
      ? old.roleImportWaitingSince
      : waits
        ? (old.roleImportWaitingSince ?? isoSeconds(graph.now()))
        : undefined,
    inFlight: Object.keys(scope.once.notes).length > 0 ? { ...scope.once.notes } : undefined,
  };
}

function pins(wanted: SeenAssignments["wanted"]): Status["groups"] {
  const ids = new Map(wanted.flatMap(({ id, declared }) => (declared === undefined ? [] : [[declared, id]])));
  return ids.size > 0 ? [...ids].map(([displayName, id]) => ({ displayName, id })) : undefined;
}

function formerOf({ former = [] }: SeenRole): Status["formerRoles"] {
  const kept = former.filter(({ isKept, isOurs }) => isKept && isOurs);
  return kept.length > 0 ? kept.map(({ name, appRoleId }) => ({ name, appRoleId })) : undefined;
}

/** Requests for a rotation that were answered: the clouds' tags say that it was made for this value. */
export function handledRotations(scope: PersonaScope): Record<string, string> {
  const { seen, object } = scope;
  const handled = (annotation: string, tag: string | undefined) => {
    const value = object.metadata.annotations?.[annotation];
    return value && tag === requestMark(scope, annotation) ? { [requestName(annotation)]: value.slice(0, 253) } : {};
  };
  const { due, provider } = seen.certificate ?? {};
  const user = seen.provisioning?.user ?? seen["provisioning-user"]?.user;
  return {
    ...(due === false ? handled(ANNOTATIONS.rotateCertificate, provider?.tags[CERTIFICATE_ROTATED_FOR]) : {}),
    ...handled(ANNOTATIONS.rotateKey, user?.tags[KEY_ROTATED_FOR]),
  };
}
