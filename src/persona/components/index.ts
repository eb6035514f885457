/** All components, in the order of the blog's chapters. */
import type { Components } from "../../engine/component.ts";
import type { PersonaScope } from "../scope.ts";
import type { Seen } from "../seen.ts";
import { application } from "./application.ts";
import { assignments } from "./assignments.ts";
import { certificate } from "./certificate.ts";
import { claims } from "./claims.ts";
import { federationPolicy } from "./federation-policy.ts";
import { listingPolicy } from "./listing-policy.ts";
import { provisioning } from "./provisioning.ts";
import { provisioningUser } from "./provisioning-user.ts";
import { role } from "./role.ts";
import { roleDelivery } from "./role-delivery.ts";
import { samlProvider } from "./saml-provider.ts";

/** Leaving one out does not compile. */
export const COMPONENTS: Components<PersonaScope, Seen> = {
  "federation-policy": federationPolicy,
  "listing-policy": listingPolicy,
  application,
  certificate,
  claims,
  "saml-provider": samlProvider,
  role,
  "provisioning-user": provisioningUser,
  provisioning,
  "role-delivery": roleDelivery,
  assignments,
};
