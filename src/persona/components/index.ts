/** All components, in the order of the blog's chapters. */
import type { Component } from "../component.ts";
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

export const COMPONENTS = [
  federationPolicy,
  listingPolicy,
  application,
  certificate,
  claims,
  samlProvider,
  role,
  provisioningUser,
  provisioning,
  roleDelivery,
  assignments,
] as Component[];
