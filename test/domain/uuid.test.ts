import { expect, test } from "@jest/globals";
import { URL_NAMESPACE, uuidV5 } from "../../src/domain/uuid.ts";

const DNS_NAMESPACE = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

test.each([
  // Values of Python's uuid.uuid5.
  ["www.example.com", DNS_NAMESPACE, "2ed6657d-e927-568b-95e1-2665a8aea6a2"],
  ["https://signin.aws.amazon.com/saml", URL_NAMESPACE, "26c7748c-de4b-5274-b5f8-27f57813da0d"],
  ["", URL_NAMESPACE, "1b4db7eb-4057-5ddf-91e0-36dec72071f5"],
  ["Zürich", URL_NAMESPACE, "be523577-b853-52f7-a0ee-e5ffaccfb8fd"],
])("%j in %s", (name, namespace, expected) => {
  expect(uuidV5(name, namespace)).toBe(expected);
});
